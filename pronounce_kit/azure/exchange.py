"""A request until it ends in a reply or an error: credentials, the retry policy, and one new token after a 401."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable

from ..errors import ServiceError
from .auth import Credential, Credentials, Secret
from .failures import failure_of
from .retry import RetryPolicy, Timing
from .transport import Reply, Request, Transport

CONNECTION_HEADER = "X-ConnectionId"
"""Header with a name of our own for each attempt, 32 hexadecimal digits, by which the service's support finds it."""


class Exchange:
    """Sends requests as often as the policy allows.

    name
        The service's region or address, for messages.
    secrets
        What must never show in an error.
    """

    def __init__(
        self, transport: Transport, policy: RetryPolicy, timing: Timing, name: str, secrets: Iterable[Secret]
    ) -> None:
        self._transport = transport
        self._policy = policy
        self._timing = timing
        self._name = name
        self._secrets = tuple(secrets)

    def call(
        self, request: Request, credentials: Credentials, on_reply: Callable[[Reply], None] | None = None
    ) -> Reply:
        """The reply with status 200; else the last attempt's `ServiceError`.

        on_reply
            Gets each reply, of any status, before anything else is done with it.
        """
        sent = failures = 0
        refused: Credential | None = None
        while True:
            sent += 1
            error, used = self._attempt(request, credentials, refused, on_reply)
            if isinstance(error, Reply):
                return error
            if error.status == 401 and used is not None and credentials.renewable and refused is None:
                refused = used  # the next attempt gets another token, and no second chance
                continue
            failures += 1
            if failures >= self._policy.attempts or not self._may_help(error):
                error.attempts = sent
                raise named(error)
            self._timing.sleep(self._policy.wait_s(failures, error.retry_after_s, self._timing.chance()))

    def once(self, request: Request, credentials: Credentials) -> Reply:
        """The reply with status 200 of a single attempt; else its error."""
        result, _ = self._attempt(request, credentials, None, None)
        if isinstance(result, Reply):
            return result
        raise result  # whoever asked for it names it

    def _attempt(
        self,
        request: Request,
        credentials: Credentials,
        refused: Credential | None,
        on_reply: Callable[[Reply], None] | None,
    ) -> tuple[Reply | ServiceError, Credential | None]:
        """What one attempt came to, and the credential that went with it, None if there was no sending."""
        used: Credential | None = None
        connection_id = uuid.uuid4().hex
        try:
            credential = credentials.credential(refused)
            used = credential
            reply = self._transport.send(request.headed({CONNECTION_HEADER: connection_id}), credential)
        except ServiceError as error:
            error.connection_id = error.connection_id or connection_id
            return error, used
        reply = reply.of(connection_id)
        if on_reply is not None:
            on_reply(reply)
        if reply.status == 200:
            return reply, used
        secrets = (*self._secrets, *(() if used is None else _parts(used.value)))
        return failure_of(reply, request.url, self._name, secrets, self._timing.now()), used

    def _may_help(self, error: ServiceError) -> bool:
        """Whether sending again may help. A reply with 200 that broke off is not asked for twice: it was paid for."""
        return error.retryable if error.status is None else error.status in self._policy.statuses


def named(error: ServiceError) -> ServiceError:
    """The error with what the service's support asks for, and how often it was tried, at the end of its message."""
    if CONNECTION_HEADER in str(error):  # one of a token, which was named when it was asked for
        return error
    known = [f"{error.attempts} attempts"] if error.attempts > 1 else []
    known += [f"{CONNECTION_HEADER} {error.connection_id}"] if error.connection_id else []
    if known:
        error.args = (f"{error} ({'; '.join(known)}.)", *error.args[1:])
    return error


def _parts(value: Secret) -> tuple[Secret, ...]:
    """A header's value, and the token in it."""
    return value, Secret(value.reveal().removeprefix("Bearer "))
