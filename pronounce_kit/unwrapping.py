"""From whatever people have of a reply to the reply itself: JSON text, wrappers, results of an SDK, other spellings.

The service's reply is seldom what gets saved or pasted. Speech Studio's download puts it under `json`, the SDKs put it
as text into a property bag or a private member, applications nest it once more and turn its keys into camelCase.
`WRAPPERS` lists the keys that a reply is found under; what has none of them, or holds two different replies, is left as
it is, so that its reader can refuse it and name its keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from .errors import ReplyError

Json: TypeAlias = dict[str, Any]

LAYERS = 12
"""Wrappers, lists and JSON in strings that are looked into, one in another; real ones have four at most."""

NESTED = "PronunciationAssessment"
"""Key of the object that has the scores in the nested shape."""

# Key of a wrapper, without case and underscores -> its rank. Where several keys lead to a reply, the lowest rank
# counts: a whole reply knows more than its best candidate, and both are surer than a name that anything may have.
WRAPPERS: Mapping[str, int] = {
    **dict.fromkeys(
        (
            *("json", "jsonresult", "resultjson", "rawjson", "detailedjson", "jsonstring"),
            *("privjson", "speechserviceresponsejsonresult"),
        ),
        0,
    ),
    **dict.fromkeys(("privpronjson", "detailresult", "privdetailresult"), 1),
    **dict.fromkeys(
        (
            *("result", "results", "privresult", "recognitionresult", "speechrecognitionresult", "rawresult"),
            *("pronunciationresult", "pronunciationassessmentresult", "assessmentresult", "assessment", "analysis"),
            *("properties", "privproperties", "reply", "replies", "rawreply", "response", "rawresponse", "raw"),
            *("data", "body", "payload", "azure", "azureresult", "azureresponse"),
        ),
        2,
    ),
}

# Attributes under which a result object of the Python SDK has its reply.
_ATTRIBUTES = ("json", "properties")

# Keys that only a reply has, by how much of one they prove.
_PROOF: Mapping[str, int] = {
    **dict.fromkeys(("NBest", "Words"), 3),
    "RecognitionStatus": 2,
    **dict.fromkeys(("DisplayText", "PronScore", "AccuracyScore", NESTED), 1),
}
# Keys that prove one in the service's own spelling alone: {"display": "block"} is something else.
_WEAK = frozenset({"Display", "Lexical", "Offset", "Duration", "SNR"})

REPLY_KEYS = frozenset(_PROOF) | _WEAK
"""Keys of which a reply has at least one."""

_KNOWN = frozenset(
    {
        *REPLY_KEYS,
        *("Id", "Channel", "ReferenceText", "Confidence", "ITN", "MaskedITN"),
        *("FluencyScore", "CompletenessScore", "ProsodyScore", "Word", "ErrorType", "Syllables", "Phonemes"),
        *("Syllable", "Grapheme", "Phoneme", "NBestPhonemes", "Score", "Feedback", "Prosody", "Break", "ErrorTypes"),
        *("UnexpectedBreak", "MissingBreak", "BreakLength", "Intonation", "Monotone"),
        *("WordPitchSlopeConfidence", "SyllablePitchDeltaConfidence"),
    }
)


def _bare(key: object) -> str:
    """A key without case and underscores; of an enum its name, as property bags have them."""
    name = key if isinstance(key, str) else getattr(key, "name", "")
    return name.replace("_", "").lower() if isinstance(name, str) else ""


_SPELLING = {_bare(key): key for key in _KNOWN}


def load_json(obj: object) -> object:
    """Parse JSON given as str or bytes; any other object is returned as it is.

    Forgives a byte order mark, UTF-16 (as PowerShell writes) and the trailing commas of the service's own
    documentation, whose samples people paste in. Raises `ReplyError` for what is not JSON.
    """
    if not isinstance(obj, (str, bytes, bytearray)):
        return obj
    try:
        return _parsed(obj)
    except ValueError:
        start = shorten(repr(obj[:300]))
        raise ReplyError(f"The reply is not JSON: {start}. Give the body that the service sent, unchanged.") from None


def _parsed(text: str | bytes | bytearray) -> object:
    """See `load_json`; raises `ValueError`."""
    try:
        source = text if isinstance(text, str) else text.decode(json.detect_encoding(text))
        source = source.removeprefix("\ufeff")
        try:
            return json.loads(source)
        except ValueError:
            return json.loads(_TRAILING_COMMA.sub(r"\1", source))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


# Strings are matched first and kept, so that a comma inside one is left alone; one without an end runs to that of the
# text, or every quotation mark in it would be looked at as the beginning of another.
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*(?:"|\\?\Z))|,(?=\s*[}\]])', re.DOTALL)


def unwrap(obj: object) -> object:
    """The reply, or list of replies, that an object is or holds, with the service's spelling of its keys.

    Parameters
    ----------
    obj
        A reply; a list of replies; JSON text of either, also as a string within JSON; a result object of the Python
        SDK; or an object that has one of these under a key of `WRAPPERS`, up to `LAYERS` deep. Scores beside such a
        key are passed over: the reply counts.

    Returns
    -------
    object
        The very object where it is a reply already; a copy where keys had to be spelled anew; what was given, read
        from its JSON, where there is no reply in it.

    Raises
    ------
    ReplyError
        For text that is not JSON, and where there are two different replies under keys of equal rank.

    """
    if _is_plain(obj):
        return obj
    value = load_json(obj)
    for _ in range(LAYERS):
        if not isinstance(value, str):
            break
        value = load_json(value)
    found = _Search().reply_in(value, LAYERS)
    return value if found is None else found


def shorten(shown: str, limit: int = 300) -> str:
    """The beginning of a text, for a message."""
    return shown if len(shown) <= limit else f"{shown[:limit]}…"


def _is_plain(obj: object) -> bool:
    """Whether an object is, at a glance, a reply as the service writes it: most are, and there are many."""
    if type(obj) is not dict or not obj.keys() <= _KNOWN:
        return False
    best = _first(obj.get("NBest"))
    word = _first(best.get("Words")) if type(best) is dict and best.keys() <= _KNOWN else None
    return type(word) is dict and word.keys() <= _KNOWN and NESTED not in word


class _Search:
    """Looks for the reply in a value, at every object once, however often it is referred to."""

    def __init__(self) -> None:
        # The objects are kept with what was found in them, or their ids could be given to others.
        self._seen: dict[int, tuple[object, Any]] = {}

    def reply_in(self, value: object, layers: int) -> Any:
        """The reply, or list of replies, that is or is in a value; None where there is none."""
        if layers == 0 or value is None:
            return None
        if id(value) not in self._seen:
            self._seen[id(value)] = value, None  # what leads back to itself holds nothing
            self._seen[id(value)] = value, self._looked_at(value, layers)
        return self._seen[id(value)][1]

    def _looked_at(self, value: object, layers: int) -> Any:
        if isinstance(value, (str, bytes, bytearray)):
            try:
                inside = _parsed(value)
            except ValueError:  # most texts beside a reply are plain ones
                return None
            return self.reply_in(inside, layers - 1)
        if isinstance(value, list):
            return self._in_list(value, layers)
        if isinstance(value, Mapping):
            return self._in_mapping(value, layers)
        for name in _ATTRIBUTES:
            inside = getattr(value, name, None)
            if isinstance(inside, (str, bytes, Mapping)) and (found := self.reply_in(inside, layers - 1)) is not None:
                return found
        return None

    def _in_list(self, values: list[Any], layers: int) -> list[Any] | None:
        """The list with a reply in the place of each element that holds one; None where none does."""
        replies: list[Any] = []
        found_any = changed = False
        for value in values:
            found = self.reply_in(value, layers - 1)
            found_any |= found is not None
            changed |= found is not None and found is not value
            replies += found if isinstance(found, list) else [value if found is None else found]
        return None if not found_any else replies if changed else values

    def _in_mapping(self, value: Mapping[Any, Any], layers: int) -> Any:
        proof = _proof(value)
        if proof < 3:
            beneath = self._beneath(value, layers)
            if beneath is not None and _proof_of(beneath) > proof:
                return beneath
        return _spelled(value) if proof else None

    def _beneath(self, value: Mapping[Any, Any], layers: int) -> Any:
        """The reply under a key of a wrapper. Raises `ReplyError` for two that differ."""
        found: dict[int, list[tuple[object, Any]]] = {}
        for key, inside in _members(value):
            rank = WRAPPERS.get(_bare(key))
            if rank is not None and (reply := self.reply_in(inside, layers - 1)) is not None:
                found.setdefault(rank, []).append((key, reply))
        if not found:
            return None
        (first, reply), *others = found[min(found)]
        for key, other in others:
            if other != reply:
                raise ReplyError(
                    f"The object holds two different replies, under {_name(first)} and {_name(key)}. Give one of them."
                )
        return reply


def _members(value: Mapping[Any, Any]) -> Iterator[tuple[object, Any]]:
    """Keys and values; of a property bag of the JavaScript SDK, which keeps them in two lists, those in the lists."""
    yield from value.items()
    keys, values = value.get("privKeys"), value.get("privValues")
    if isinstance(keys, list) and isinstance(values, list):
        yield from zip(keys, values, strict=False)


def _name(key: object) -> str:
    return repr(getattr(key, "name", key))


def _proof(value: Mapping[Any, Any]) -> int:
    """How surely a mapping is a reply: 0 not at all, 3 with words or candidates."""
    proof = 0
    for key, inside in value.items():
        own = _SPELLING.get(_bare(key), "")
        of_key = _PROOF.get(own, 0)
        if of_key == 3 and not _are_parts(inside, own, is_exact=own == key):
            of_key = 1 if own == key else 0
        proof = max(proof, of_key, 1 if key in _WEAK else 0)
    return proof


def _are_parts(value: object, key: str, *, is_exact: bool) -> bool:
    """Whether a value is the list of candidates or words that its key promises: others too write "words"."""
    if not isinstance(value, list):
        return False
    if not value or not isinstance(value[0], Mapping):
        return is_exact and not value
    keys = {_SPELLING.get(_bare(name)) for name in value[0]} - {None}
    return bool(keys) if key == "NBest" or is_exact else bool(keys & {"AccuracyScore", "ErrorType", NESTED})


def _proof_of(found: Any) -> int:
    items = found if isinstance(found, list) else [found]
    return max((_proof(item) for item in items if isinstance(item, Mapping)), default=0)


# --- spelling ---------------------------------------------------------------------------------------------------


def _spelled(reply: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The reply with the service's own keys; itself where it has them, which its first word tells."""
    best = _first(_under(reply, "NBest"))
    word = _first(_under(best, "Words") or _under(reply, "Words"))
    looked_at = (reply, best, word, _under(best, NESTED), _under(word, NESTED))
    if not any(_is_misspelled(key) for part in looked_at if isinstance(part, Mapping) for key in part):
        return reply
    spelled: Mapping[Any, Any] = _respelled(reply, LAYERS + 8)
    return spelled


def _is_misspelled(key: object) -> bool:
    return key not in _KNOWN and _bare(key) in _SPELLING


def _under(obj: object, key: str) -> object:
    """The value under a key in any spelling."""
    if not isinstance(obj, Mapping):
        return None
    if key in obj:
        return obj[key]
    return next((value for name, value in obj.items() if _SPELLING.get(_bare(name)) == key), None)


def _first(items: object) -> object:
    return items[0] if isinstance(items, list) and items else None


def _respelled(value: Any, layers: int) -> Any:
    """A copy with the service's keys; a key that is there in its own spelling too gives way to that."""
    if layers == 0:
        return value
    if isinstance(value, list):
        return [_respelled(item, layers - 1) for item in value]
    if not isinstance(value, Mapping):
        return value
    spelled = {}
    for key, item in value.items():
        own = key if key in _KNOWN else _SPELLING.get(_bare(key), key)
        if own == key or own not in value:
            spelled[own] = _respelled(item, layers - 1)
    return spelled
