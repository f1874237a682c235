"""A folder in which each recording and the service's reply to it are kept, before anybody looks at either."""

from __future__ import annotations

import secrets
import warnings
from datetime import datetime, timezone
from pathlib import Path

from ..errors import AudioError
from ..recording import Recording
from ..storage import write_whole
from .auth import Secret, hide
from .transport import Reply
from .upload import LIVE_WAV_HEADER


class Kept:
    """The files of one recording: NAME.wav, and NAME.json (the reply) or NAME.error-STATUS.txt.

    A live recording grows in NAME.wav.part, which a program that dies leaves behind: a WAV file without sizes.
    Files appear complete or not at all; they are synced to disk.
    """

    def __init__(self, folder: Path, known: tuple[Secret, ...] = ()) -> None:
        time = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
        self._stem = folder / f"{time}-{secrets.token_hex(3)}"
        self._secrets = known

    @property
    def audio_path(self) -> Path:
        """Where the recording is, or will be."""
        return self._file(".wav")

    def audio(self, recording: Recording) -> None:
        """Write the recording; raises `AudioError` if that is impossible."""
        recording.save(self.audio_path)
        self._file(".wav.part").unlink(missing_ok=True)

    def finished(self, recording: Recording) -> None:
        """Write a recording that was sent while it was made. If that fails, its .part is left, and a warning given."""
        try:
            self.audio(recording)
        except AudioError as error:
            warnings.warn(str(error), stacklevel=2)

    def chunk(self, chunk: bytes) -> None:
        """Append to a recording that is being made."""
        part = self._file(".wav.part")
        try:
            with part.open("ab", buffering=0) as file:
                file.write(chunk if file.tell() else LIVE_WAV_HEADER + chunk)
        except OSError as error:
            raise AudioError(f"{part} cannot be written ({error.strerror}). Check the folder given as keep.") from None

    def reply(self, reply: Reply) -> None:
        """Write what the service sent. A full disk is a warning here: it shall not cost the result as well."""
        body, path = reply.body, self._file(".json")
        if reply.status != 200:
            path = self._file(f".error-{reply.status}.txt")
            body = hide(body.decode("utf-8", "replace"), self._secrets).encode()
        try:
            write_whole(path, body)
        except OSError as error:
            warnings.warn(f"The reply could not be kept in {path} ({error.strerror}).", stacklevel=2)

    def _file(self, suffix: str) -> Path:
        return self._stem.with_name(self._stem.name + suffix)
