"""What a service wrote down of what was said: simple and detailed replies as one typed result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .results import Json, dicts_in, load_json, number, read_reply, seconds, status_name, text


@dataclass(frozen=True, slots=True)
class Alternative:
    """One reading of what was said, in four spellings.

    Attributes
    ----------
    display_text : str or None
        With capitals and punctuation, and profanity masked.
    lexical : str or None
        The words as they were said: "five pencils".
    itn : str or None
        The words as they are written: "5 pencils" (inverse text normalization).
    masked_itn : str or None
        The same with profanity masked.
    confidence : float or None
        How sure the service is of it, 0-1.

    Examples
    --------
    >>> found = service.recognize(service.synthesize("Five pencils."), format="detailed")
    >>> found.nbest[0].lexical, found.nbest[0].itn
    ('five pencils', '5 pencils')
    """

    display_text: str | None
    lexical: str | None
    itn: str | None
    masked_itn: str | None
    confidence: float | None


@dataclass(frozen=True, slots=True, repr=False)
class Recognition:
    """What was said in one recording; what the reply lacks is None.

    Comparing two recognitions leaves `raw` out.

    Attributes
    ----------
    status : str or None
        The service's RecognitionStatus ("Success", "NoMatch", "InitialSilenceTimeout", ...), None for an empty reply.
    display_text : str or None
        The text with capitals and punctuation.
    lexical, itn, masked_itn : str or None
        The spellings of `recognition.Alternative`; only the detailed format has them.
    confidence : float or None
        How sure the service is of the text, 0-1; only in the detailed format.
    nbest : tuple of Alternative
        All readings, likeliest first; empty in the simple format.
    offset_s : float or None
        Seconds from the recording's start to that of the speech.
    duration_s : float or None
        Length of the speech in seconds.
    raw : dict or list of dict
        The reply itself.

    Examples
    --------
    >>> found = service.recognize(service.synthesize("Good morning."), format="detailed")
    >>> found.display_text, found.lexical, len(found.nbest) > 1
    ('Good morning.', 'good morning', True)
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
        """Read a reply, simple or detailed.

        Parameters
        ----------
        obj : dict, list of dict, str or bytes
            The reply, or its JSON; a list is one long recording and becomes one text, without `nbest`.

        Returns
        -------
        Recognition
            With the reply as `raw`.

        Raises
        ------
        ReplyError
            For what is no reply.

        Examples
        --------
        >>> pk.Recognition.from_json('{"RecognitionStatus": "Success", "DisplayText": "Hello.", "Offset": 5000000}')
        <Recognition Success: 'Hello.'>
        """
        raw = load_json(obj)
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
