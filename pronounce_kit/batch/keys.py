"""What makes two items the same: the content of the audio, the text, the parameters, the service, and who read what.

The name and the date of a file do not matter, so a batch may be resumed after files were moved.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from ..params import PronunciationScoreParams
from ..recording import Recording
from ..service import SpeechService, merge_params, name_and_version
from .roster import Item


@dataclass(frozen=True, slots=True)
class Asked:
    """What a batch asks of which service, the same for all its items.

    params
        The parameters to assess with; their reference text gives way to that of each item. None for the kit's own.
    service, service_version
        Names of the service and of what it computes with, None where it does not tell.
    """

    params: PronunciationScoreParams | None
    language: str
    service: str
    service_version: str | None

    @classmethod
    def of(cls, service: SpeechService, params: PronunciationScoreParams | None, language: str) -> Asked:
        """What is asked of this service."""
        return cls(params, language, *name_and_version(service))

    def params_of(self, item: Item) -> PronunciationScoreParams:
        """The parameters with the item's text."""
        return merge_params(item.reference_text, self.params)

    def key(self, item: Item, audio: bytes | Recording) -> str:
        """Hex digest that names an item: two with the same key need be assessed, and stored, once."""
        content = {
            "audio": audio.sha256 if isinstance(audio, Recording) else hashlib.sha256(audio).hexdigest(),
            "params": self.params_of(item).to_dict(),
            "language": self.language,
            "service": [self.service, self.service_version],
            "student": [item.student, item.class_name],
            "task": item.task,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
