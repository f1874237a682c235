"""Every error that pronounce_kit raises on purpose.

    PronounceKitError
    ├── InputError                  what was given cannot be used; also a ValueError
    │   ├── ParameterError          an assessment parameter, language, voice or output format
    │   ├── TextError               a reference text that cannot be read aloud
    │   ├── AudioError              a recording that cannot be decoded, or is empty, too long, too large
    │   └── ReplyError              a reply that is not the Speech service's JSON
    ├── MissingDependencyError      an extra is not installed; also an ImportError
    ├── NotSupportedError           a service cannot do this
    ├── ServiceError                the Speech service, or the way to it, failed: status, request_id, service_message
    │   ├── AuthenticationError     the key, token, region or endpoint is wrong (401, 403)
    │   ├── QuotaError              too many requests at a time, or the quota is used up (429, 403)
    │   ├── BadRequestError         the service refuses the language, audio, text or address (other 3xx, 4xx)
    │   ├── ServiceUnavailableError the service is in trouble (5xx)
    │   ├── NetworkError            no connection, or it broke before the reply was whole
    │   │   └── ServiceTimeoutError     the reply did not come in time (408); also a TimeoutError
    │   └── GarbledReplyError       the reply is not what the Speech service sends; also a ReplyError
    ├── GradebookError              the gradebook's database cannot be opened, read or written
    └── UnsupportedPlatformError    this part does not run on this operating system

The message says what was wrong and, in its last sentence, what to do. `retryable` says whether the very same
call may succeed later without anyone changing anything.
"""

from __future__ import annotations


class PronounceKitError(Exception):
    """Base of all errors raised on purpose by this package."""

    retryable: bool = False


class InputError(PronounceKitError, ValueError):
    """What was given cannot be used; the message says why and what would do."""


class ParameterError(InputError):
    """An assessment parameter, language, voice or format has a value that does not exist."""


class TextError(InputError):
    """The reference text is empty or holds nothing that can be read aloud."""


class AudioError(InputError):
    """The recording cannot be decoded, or is empty, too long or too large."""


class ReplyError(InputError):
    """The object is not a reply of the Speech service."""


class MissingDependencyError(PronounceKitError, ImportError):
    """A package of an optional extra is not installed; the message names the command that installs it."""


class NotSupportedError(PronounceKitError):
    """A service cannot do this; the message says what can."""


class ServiceError(PronounceKitError):
    """The Speech service, or the way to it, failed.

    status
        HTTP status of the last reply, None if none arrived.
    request_id
        The service's name for the request, which its support asks for; None if it gave none.
    connection_id
        Our name for it, 32 hexadecimal digits (X-ConnectionId), which its support asks for too; None if none was sent.
    service_message
        The service's own words, None without any; never holds a key.
    retry_after_s
        Seconds after which the service asked to try again, None if it named no time.
    attempts
        How many times the request was sent.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        request_id: str | None = None,
        connection_id: str | None = None,
        service_message: str | None = None,
        retry_after_s: float | None = None,
        retryable: bool | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.request_id = request_id
        self.connection_id = connection_id
        self.service_message = service_message
        self.retry_after_s = retry_after_s
        self.attempts = attempts
        if retryable is not None:
            self.retryable = retryable


class AuthenticationError(ServiceError):
    """The key, token, region or endpoint is wrong."""


class QuotaError(ServiceError):
    """Too many requests at a time, or the quota is used up."""

    retryable = True


class BadRequestError(ServiceError):
    """The service refuses the language, the audio, the text or the address."""


class ServiceUnavailableError(ServiceError):
    """The service is in trouble."""

    retryable = True


class NetworkError(ServiceError):
    """There was no connection, or it broke before the reply was whole."""

    retryable = True


class ServiceTimeoutError(NetworkError, TimeoutError):
    """The reply did not come in time."""


class GarbledReplyError(ServiceError, ReplyError):
    """The reply is not what the Speech service sends."""


class GradebookError(PronounceKitError):
    """The gradebook's database cannot be opened, read or written; `retryable` where others only had it in use."""

    def __init__(self, message: str = "", *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class UnsupportedPlatformError(PronounceKitError):
    """A part of the kit does not run on this operating system."""
