"""What a service wrote down of what was said: simple and detailed replies as one typed result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .results import Json, dicts_in, number, read_reply, seconds, status_name, text
from .unwrapping import unwrap


@dataclass(frozen=True, slots=True)
class Alternative:
    """One reading of what was said, in four spellings, and how sure the service is of it (0-1).

    `lexical` has the words as they were said ("five pencils"), `itn` as they are written ("5 pencils"), `masked_itn`
    with profanity masked, `display_text` with capitals and punctuation too.
    """

    display_text: str | None
    lexical: str | None
    itn: str | None
    masked_itn: str | None
    confidence: float | None


@dataclass(frozen=True, slots=True, repr=False)
class Recognition:
    """What was said in one recording. Times are seconds; what the reply lacks is None.

    status
        The service's RecognitionStatus ("Success", "NoMatch", "InitialSilenceTimeout", ...), None for an empty reply.
    display_text
        The text with capitals and punctuation. The further spellings are those of `Alternative`; only the detailed
        format has them.
    nbest
        All readings, likeliest first; empty in the simple format.
    raw
        The reply itself. Comparing two recognitions leaves it out.
    """

    status: str | None
    display_text: str | None
    lexical: str | None
    itn: str | None
    masked_itn: str | None
    confidence: float | None
    nbest: tuple[Alternative, ...]
    offset_s: float | None
    duration_s: float | None
    raw: Any = field(compare=False)

    @classmethod
    def from_json(cls, obj: object) -> Recognition:
        """Read a reply, simple or detailed: a dict, a list of dicts (one long recording), or their JSON.

        Also what the reply is wrapped in, as `Assessment.from_json`. A list becomes one text; it has no `nbest`. Raises
        `ReplyError` for what is no reply.
        """
        raw = unwrap(obj)
        top, _ = read_reply(raw)
        best = _alternative(top)
        if isinstance(raw, list) and len(raw) > 1:
            pieces = [_alternative(read_reply(piece)[0]) for piece in raw]
            joined = {
                name: " ".join(filter(None, (getattr(piece, name) for piece in pieces))) or None for name in _SPELLINGS
            }
            best = Alternative(display_text=best.display_text, confidence=best.confidence, **joined)
        reply = raw[0] if isinstance(raw, list) and len(raw) == 1 else raw
        candidates = dicts_in(reply.get("NBest")) if isinstance(reply, dict) else []
        return cls(
            status=status_name(top.get("RecognitionStatus")),
            display_text=best.display_text,
            lexical=best.lexical,
            itn=best.itn,
            masked_itn=best.masked_itn,
            confidence=best.confidence,
            nbest=tuple(map(_alternative, candidates)),
            offset_s=seconds(top.get("Offset")),
            duration_s=seconds(top.get("Duration")),
            raw=raw,
        )

    def __repr__(self) -> str:
        return f"<Recognition {self.status or 'without status'}: {self.display_text!r}>"


_SPELLINGS = ("lexical", "itn", "masked_itn")


def _alternative(candidate: Json) -> Alternative:
    return Alternative(
        display_text=text(candidate.get("DisplayText")) or text(candidate.get("Display")),
        lexical=text(candidate.get("Lexical")),
        itn=text(candidate.get("ITN")),
        masked_itn=text(candidate.get("MaskedITN")),
        confidence=number(candidate.get("Confidence")),
    )
