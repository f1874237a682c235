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
    """Base of all errors raised on purpose by this package.

    Attributes
    ----------
    retryable : bool
        Whether the very same call may succeed later without anyone changing anything.

    Examples
    --------
    >>> try:
    ...     service.assess(b"no sound", text)
    ... except pk.PronounceKitError as error:
    ...     type(error).__name__, error.retryable
    ('AudioError', False)
    """

    retryable: bool = False


class InputError(PronounceKitError, ValueError):
    """What was given cannot be used; the message says why and what would do.

    Examples
    --------
    >>> pk.calibrate(gradebook, level="sound")
    Traceback (most recent call last):
    pronounce_kit.errors.InputError: There are no marks for 'sound'. Calibrate the level 'sentence' or 'word'.
    """


class ParameterError(InputError):
    """An assessment parameter, language, voice or format has a value that does not exist.

    Examples
    --------
    >>> pk.PronunciationScoreParams("Hello.", granularity="Sound")
    Traceback (most recent call last):
    pronounce_kit.errors.ParameterError: granularity is 'Sound'. Use 'Phoneme' or 'Word' or 'FullText'.
    """


class TextError(InputError):
    """The reference text is empty or holds nothing that can be read aloud.

    Examples
    --------
    >>> service.synthesize(" ")
    Traceback (most recent call last):
    pronounce_kit.errors.TextError: There is no text to speak. Give a sentence.
    """


class AudioError(InputError):
    """The recording cannot be decoded, or is empty, too long or too large.

    Examples
    --------
    >>> pk.Recording.from_file("gone.wav")
    Traceback (most recent call last):
    pronounce_kit.errors.AudioError: There is no file gone.wav. Check the path.
    """


class ReplyError(InputError):
    """The object is not a reply of the Speech service.

    Examples
    --------
    >>> pk.Assessment.from_json("Good morning.")
    Traceback (most recent call last):
    pronounce_kit.errors.ReplyError: ...
    """


class InternalError(PronounceKitError):
    """A fault of pronounce_kit, of a package below it or of the machine; what was given is not at fault.

    Its `__cause__` is the exception behind it. `faults` makes it.

    Attributes
    ----------
    fault : str
        Kind and message of the exception behind it, in one line.
    versions : str
        What a report of it should name: versions of Python, of this package and of those concerned, and the system.

    Examples
    --------
    >>> try:
    ...     assessment = service.assess("think.wav", text)
    ... except pk.InternalError as error:
    ...     print(error.fault, error.versions)
    """

    def __init__(self, message: str = "", *, fault: str = "", versions: str = "") -> None:
        super().__init__(message)
        self.fault = fault
        self.versions = versions


class MissingDependencyError(PronounceKitError, ImportError):
    """A package is not installed or cannot be loaded; the message names what installs it.

    Examples
    --------
    >>> issubclass(pk.MissingDependencyError, ImportError)
    True
    """


class NotSupportedError(PronounceKitError):
    """A service cannot do this; the message says what can.

    Examples
    --------
    >>> issubclass(pk.NotSupportedError, pk.PronounceKitError)
    True
    """


class ServiceError(PronounceKitError):
    """The Speech service, or the way to it, failed.

    Parameters
    ----------
    message : str
        What was wrong, and what to do.
    status : int, optional
        HTTP status of the last reply; None if none arrived.
    request_id : str, optional
        The service's name for the request, which its support asks for.
    service_message : str, optional
        The service's own words; never holds a key.
    retry_after_s : float, optional
        Seconds after which the service asked to try again.
    retryable : bool, optional
        Whether the very same call may succeed later; by default that of the class.
    attempts : int
        How many times the request was sent.

    Examples
    --------
    >>> from pronounce_kit.server import create_app, running
    >>> with running(create_app(service, key="ours")) as address, pk.AzureSpeech("another", endpoint=address) as client:
    ...     try:
    ...         client.assess(recording, text)
    ...     except pk.ServiceError as error:
    ...         type(error).__name__, error.status, error.retryable, error.attempts
    ('AuthenticationError', 401, False, 1)
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
    """The key, token, region or endpoint is wrong (401, 403).

    Examples
    --------
    >>> from pronounce_kit.server import create_app, running
    >>> with running(create_app(service, key="ours")) as address, pk.AzureSpeech("another", endpoint=address) as client:
    ...     client.voices()
    Traceback (most recent call last):
    pronounce_kit.errors.AuthenticationError: ...
    """


class QuotaError(ServiceError):
    """Too many requests at a time, or the quota is used up (429, 403).

    Examples
    --------
    >>> pk.QuotaError("Too many requests.", status=429, retry_after_s=2.0).retryable
    True
    """

    retryable = True


class BadRequestError(ServiceError):
    """The service refuses the language, the audio, the text or the address (other 3xx, 4xx).

    Examples
    --------
    >>> pk.BadRequestError("No such language.", status=400).retryable
    False
    """


class ServiceUnavailableError(ServiceError):
    """The service is in trouble (5xx).

    Examples
    --------
    >>> pk.ServiceUnavailableError("Down for maintenance.", status=503).retryable
    True
    """

    retryable = True


class NetworkError(ServiceError):
    """There was no connection, or it broke before the reply was whole.

    Examples
    --------
    >>> from pronounce_kit.azure import NO_RETRY
    >>> with pk.AzureSpeech(endpoint="http://127.0.0.1:1", retry=NO_RETRY) as client:  # nobody listens there
    ...     client.voices()
    Traceback (most recent call last):
    pronounce_kit.errors.NetworkError: ...
    """

    retryable = True


class ServiceTimeoutError(NetworkError, TimeoutError):
    """The reply did not come in time (408).

    Examples
    --------
    >>> issubclass(pk.ServiceTimeoutError, TimeoutError), pk.ServiceTimeoutError.retryable
    (True, True)
    """


class GarbledReplyError(ServiceError, ReplyError):
    """The reply is not what the Speech service sends.

    Examples
    --------
    >>> issubclass(pk.GarbledReplyError, pk.ServiceError), issubclass(pk.GarbledReplyError, pk.ReplyError)
    (True, True)
    """


class GradebookError(PronounceKitError):
    """The gradebook's database cannot be opened, read or written; `retryable` where others only had it in use.

    Examples
    --------
    >>> _ = open("notes.db", "w").write("no database, but some lines of text that somebody wrote down " * 20)
    >>> pk.Gradebook("notes.db")
    Traceback (most recent call last):
    pronounce_kit.errors.GradebookError: ...
    """

    def __init__(self, message: str = "", *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable
