"""The parameters of a pronunciation assessment, as the Speech service reads them.

They travel as base64 of UTF-8 JSON, in the `Pronunciation-Assessment` header or in the query parameter
`pronunciationScoreParams`. Names and values here are the service's own.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from .errors import ParameterError

GradingSystem = Literal["FivePoint", "HundredMark"]
Granularity = Literal["Phoneme", "Word", "FullText"]
Dimension = Literal["Basic", "Comprehensive"]
PhonemeAlphabet = Literal["SAPI", "IPA"]

CHOICES: Mapping[str, tuple[str, ...]] = {
    "grading_system": ("FivePoint", "HundredMark"),
    "granularity": ("Phoneme", "Word", "FullText"),
    "dimension": ("Basic", "Comprehensive"),
    "phoneme_alphabet": ("SAPI", "IPA"),
}
"""Accepted values of each parameter that takes one of a few."""

JSON_NAMES: Mapping[str, str] = {
    "reference_text": "ReferenceText",
    "grading_system": "GradingSystem",
    "granularity": "Granularity",
    "dimension": "Dimension",
    "enable_miscue": "EnableMiscue",
    "enable_prosody_assessment": "EnableProsodyAssessment",
    "phoneme_alphabet": "PhonemeAlphabet",
    "nbest_phoneme_count": "NBestPhonemeCount",
    "scenario_id": "ScenarioId",
}
"""Our field name -> the service's JSON name."""

SERVICE_DEFAULTS: Mapping[str, object] = {
    "grading_system": "FivePoint",
    "granularity": "Phoneme",
    "dimension": "Basic",
    "enable_miscue": False,
    "enable_prosody_assessment": False,
    "phoneme_alphabet": "SAPI",
    "nbest_phoneme_count": 0,
    "scenario_id": None,
}
"""What the service assumes for a parameter that is not sent; ours differ where a classroom is better served."""

# The socket SDK writes the same names in camelCase, so names are compared without case.
_FIELD_OF_JSON_NAME = {json_name.casefold(): field for field, json_name in JSON_NAMES.items()}


@dataclass(frozen=True, slots=True)
class PronunciationScoreParams:
    """What to assess, and how to report it.

    Parameters
    ----------
    reference_text : str
        The text that the learner reads; "" asks for an unscripted assessment.
    grading_system : {"HundredMark", "FivePoint"}
        Scale of the scores: 0-100, or 0-5.
    granularity : {"Phoneme", "Word", "FullText"}
        How deep the scores go: text, words and phonemes; text and words; text only.
    dimension : {"Comprehensive", "Basic"}
        Accuracy, fluency, completeness and error types; or accuracy only.
    enable_miscue : bool
        Compare the words said with the reference text and mark omissions and insertions.
    enable_prosody_assessment : bool
        Report a prosody score, and breaks and monotone speech on words.
    phoneme_alphabet : {"SAPI", "IPA"}
        Names of phonemes in the reply.
    nbest_phoneme_count : int
        How many candidate sounds to report for each phoneme, likeliest first; 0 for none.
    scenario_id : str, optional
        GUID of a customized point system.

    Raises
    ------
    ParameterError
        For a value that does not exist; the message names those that do.

    Examples
    --------
    >>> params = pk.PronunciationScoreParams("Good morning.", nbest_phoneme_count=5)
    >>> params.to_dict()["NBestPhonemeCount"]
    5
    >>> service.assess(recording, params=pk.PronunciationScoreParams(text, granularity="Word")).words[1].phonemes
    ()
    """

    reference_text: str
    grading_system: GradingSystem = "HundredMark"
    granularity: Granularity = "Phoneme"
    dimension: Dimension = "Comprehensive"
    enable_miscue: bool = True
    enable_prosody_assessment: bool = False
    phoneme_alphabet: PhonemeAlphabet = "SAPI"
    nbest_phoneme_count: int = 0
    scenario_id: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.reference_text, str):
            raise ParameterError(
                f"reference_text must be a string, not {type(self.reference_text).__name__}. "
                'Give the text to be read, or "" for unscripted speech.'
            )
        try:
            self.reference_text.encode()
        except UnicodeEncodeError:
            raise ParameterError(
                "reference_text holds half of a surrogate pair, which no UTF-8 text can. "
                "Decode the text again from its source."
            ) from None
        for field, accepted in CHOICES.items():
            value = getattr(self, field)
            if value not in accepted:
                raise ParameterError(f"{field} is {value!r}. Use {' or '.join(map(repr, accepted))}.")
        for field in ("enable_miscue", "enable_prosody_assessment"):
            if not isinstance(getattr(self, field), bool):
                raise ParameterError(f"{field} is {getattr(self, field)!r}. Use True or False.")
        count = self.nbest_phoneme_count
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ParameterError(f"nbest_phoneme_count is {count!r}. Use a whole number, 0 or more.")
        if self.scenario_id is not None:
            try:
                uuid.UUID(self.scenario_id)
            except (ValueError, AttributeError, TypeError):
                raise ParameterError(
                    f"scenario_id is {self.scenario_id!r}. Use a GUID such as "
                    "'b2f3c1de-0000-4000-8000-1234567890ab', or None."
                ) from None

    def to_dict(self) -> dict[str, object]:
        """The parameters under the service's JSON names.

        Returns
        -------
        dict of str to object
            "ReferenceText", "GradingSystem" and so on; a scenario that is not set is left out.
        """
        values = {json_name: getattr(self, field) for field, json_name in JSON_NAMES.items()}
        if self.scenario_id is None:
            del values["ScenarioId"]
        return values

    def to_json(self) -> str:
        """The JSON text that the service reads.

        Returns
        -------
        str
            Text outside ASCII stands as itself, in UTF-8 when encoded.

        Examples
        --------
        >>> pk.PronunciationScoreParams("Grüße").to_json()
        '{"ReferenceText": "Grüße", "GradingSystem": "HundredMark", ...}'
        """
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_base64(self) -> str:
        """Base64 of the UTF-8 JSON: the value of the header or query parameter.

        Returns
        -------
        str
            In the standard alphabet, with padding.

        Examples
        --------
        >>> params = pk.PronunciationScoreParams("Good morning.")
        >>> pk.PronunciationScoreParams.from_base64(params.to_base64()) == params
        True
        """
        return base64.b64encode(self.to_json().encode()).decode("ascii")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PronunciationScoreParams:
        """Read parameters as the service does: its defaults for absent ones, "True" for True, unknown ones ignored.

        Parameters
        ----------
        values : mapping of str to object
            By the service's JSON names, which match without case (the socket SDK writes camelCase).

        Returns
        -------
        PronunciationScoreParams
            With the service's defaults, which are not the constructor's: FivePoint, Basic, no miscues.

        Raises
        ------
        ParameterError
            For a value that does not exist, and without a ReferenceText.

        Examples
        --------
        >>> pk.PronunciationScoreParams.from_dict({"referenceText": "Good morning."}).grading_system
        'FivePoint'
        """
        fields: dict[str, Any] = dict(SERVICE_DEFAULTS)
        for name, value in values.items():
            field = _FIELD_OF_JSON_NAME.get(name.casefold())
            if field is not None:
                fields[field] = _from_wire(field, value)
        if "reference_text" not in fields:
            raise ParameterError('ReferenceText is missing. Give the text to be read, or "" for unscripted speech.')
        return cls(**fields)

    @classmethod
    def from_json(cls, text: str | bytes) -> PronunciationScoreParams:
        """Read the parameters' JSON text; defaults as in `from_dict`.

        Parameters
        ----------
        text : str or bytes
            A JSON object, in UTF-8 where it is bytes.

        Returns
        -------
        PronunciationScoreParams
            As of `from_dict`.

        Raises
        ------
        ParameterError
            For what is no JSON object, and as in `from_dict`.

        Examples
        --------
        >>> pk.PronunciationScoreParams.from_json('{"ReferenceText": "", "EnableMiscue": "True"}').enable_miscue
        True
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise ParameterError("The assessment parameters are not JSON. Send a JSON object in UTF-8.") from None
        if not isinstance(values, dict):
            raise ParameterError(f"The assessment parameters are a JSON {type(values).__name__}. Send a JSON object.")
        return cls.from_dict(cast("dict[str, Any]", values))

    @classmethod
    def from_base64(cls, encoded: str) -> PronunciationScoreParams:
        """Read the value of the header or query parameter; defaults as in `from_dict`.

        Parameters
        ----------
        encoded : str
            Base64 of the UTF-8 JSON, also in the URL-safe alphabet, without padding, and with the spaces that a query
            parser makes of "+".

        Returns
        -------
        PronunciationScoreParams
            As of `from_dict`.

        Raises
        ------
        ParameterError
            For what is no base64, and as in `from_json`.

        Examples
        --------
        >>> pk.PronunciationScoreParams.from_base64("eyJSZWZlcmVuY2VUZXh0IjogIkhpIn0").reference_text
        'Hi'
        """
        text = encoded.strip().replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise ParameterError(
                "The assessment parameters are not base64. Encode the UTF-8 JSON with standard base64."
            ) from None
        return cls.from_json(data)


def _from_wire(field: str, value: Any) -> Any:
    """Undo the two loose spellings met on the wire: booleans and counts as strings."""
    if not isinstance(value, str):
        return value
    if field.startswith("enable_"):
        return {"true": True, "false": False}.get(value.casefold(), value)
    if field == "nbest_phoneme_count":
        return int(value) if value.isdecimal() and len(value) <= 6 else value
    if field == "scenario_id":
        return value or None
    return value
