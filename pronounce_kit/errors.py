"""Every error that pronounce_kit raises on purpose.

    PronounceKitError
    ├── InputError                  what was given cannot be used; also a ValueError
    │   ├── ParameterError          an assessment parameter, language, voice or output format
    │   ├── TextError               a reference text that cannot be read aloud
    │   ├── AudioError              a recording that cannot be decoded, or is empty, too long, too large
    │   └── ReplyError              a reply that is not the Speech service's JSON
    ├── InternalError               a fault of pronounce_kit or of what is below it; what was given is not at fault
    ├── MissingDependencyError      a package is not installed or does not load; also an ImportError
    ├── NotSupportedError           a service cannot do this
    ├── ServiceError                the Speech service, or the way to it, failed: status, request_id, service_message
    │   ├── AuthenticationError     the key, token, region or endpoint is wrong (401, 403)
    │   ├── QuotaError              too many requests at a time, or the quota is used up (429, 403)
    │   ├── BadRequestError         the service refuses the language, audio, text or address (other 3xx, 4xx)
    │   ├── ServiceUnavailableError the service is in trouble (5xx)
    │   ├── NetworkError            no connection, or it broke before the reply was whole
    │   │   └── ServiceTimeoutError     the reply did not come in time (408); also a TimeoutError
    │   └── GarbledReplyError       the reply is not what the Speech service sends; also a ReplyError
    └── GradebookError              the gradebook's database cannot be opened, read or written

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


class InternalError(PronounceKitError):
    """A fault of pronounce_kit, of a package below it or of the machine; what was given is not at fault.

    Its `__cause__` is the exception behind it. `faults` makes it.

    Attributes
    ----------
    fault : str
        Kind and message of the exception behind it, in one line.
    versions : str
        What a report of it should name: versions of Python, of this package and of those concerned, and the system.

    """

    def __init__(self, message: str = "", *, fault: str = "", versions: str = "") -> None:
        super().__init__(message)
        self.fault = fault
        self.versions = versions


class MissingDependencyError(PronounceKitError, ImportError):
    """A package is not installed or cannot be loaded; the message names what installs it."""


class NotSupportedError(PronounceKitError):
    """A service cannot do this; the message says what can."""


class ServiceError(PronounceKitError):
    """The Speech service, or the way to it, failed.

    status
        HTTP status of the last reply, None if none arrived.
    request_id
        The service's name for the request, which its support asks for; None if it gave none.
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
        service_message: str | None = None,
        retry_after_s: float | None = None,
        retryable: bool | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.request_id = request_id
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
