"""From the machine's score to the mark this teacher would give.

`calibrate` learns, from sentences or words that a teacher marked, a map that never falls: of two readings, the one
with the higher machine score never gets the lower mark. Isotonic regression (pool adjacent violators) gives its
knots, each the mean of `MARKS_PER_KNOT` marks or more; between knots it is a straight line, and beyond the outermost
ones it shifts scores as far as these do.

What it gains is measured on marks it has not seen: folds of whole students, or of whole recordings where there are
too few students. It refuses to learn from fewer than `MIN_MARKS` marks.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from .comparison import MIN_GROUPS, Floats, check_range, given_pairs, interval, resamples, sampling_groups
from .errors import InputError
from .highlight import STYLE, counted, tag
from .pairs import TEACHER, Tables, teacher_pairs
from .storage import write_whole

if TYPE_CHECKING:
    from .gradebook import Gradebook

MIN_MARKS = 50
MARKS_PER_KNOT = 5
FOLDS = 5

_SCORE_OF = {"sentence": "pron_score", "word": "accuracy_score"}
_FORMAT = "pronounce_kit calibration 1"

_Given = TypeVar("_Given", pd.DataFrame, pd.Series, npt.NDArray[np.float64], float)


@dataclass(frozen=True)
class Calibration:
    """A map from the machine's score to a teacher's mark, both 0-100; made by `calibrate`.

    The errors are those on unseen marks, in points. In a notebook it says what it gains.

    Attributes
    ----------
    machine_knots, mark_knots : tuple of float
        The map's corners, both rising, 0-100.
    level : {"sentence", "word"}
        What was marked.
    score : str
        The column that it reads, a score of 0-100.
    service : str
        Whose scores it was learnt from.
    marks, groups : int
        How many there were to learn from, and how many students or recordings they are of.
    folds_of : {"students", "recordings"}
        What a fold keeps together.
    mae_before, mae_after : float
        Mean absolute error of the machine's score, and of the calibrated one.
    rmse_before, rmse_after : float
        Root mean square error, likewise.
    mae_gain, mae_gain_low, mae_gain_high : float
        `mae_before` minus `mae_after`, with its 95 % interval.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> machine = np.linspace(20, 95, 100)
    >>> pairs = pd.DataFrame({"first_score": machine, "second_score": machine * 0.8 + 3 * np.sin(range(100))})
    >>> calibration = pk.calibrate(pairs)
    >>> calibration.helps, bool(40 < calibration.apply(55.0) < 48)
    (True, True)
    >>> print(calibration.finding())
    on marks not seen before, ...: a gain of +... points (+... to +...) (100 marks, folds of recordings)
    >>> path = calibration.save("marks.json")
    >>> type(calibration).load(path) == calibration
    True
    """

    machine_knots: tuple[float, ...]
    mark_knots: tuple[float, ...]
    level: str
    score: str
    service: str
    marks: int
    groups: int
    folds_of: str
    mae_before: float
    mae_after: float
    rmse_before: float
    rmse_after: float
    mae_gain: float
    mae_gain_low: float
    mae_gain_high: float

    @property
    def helps(self) -> bool:
        """Whether the gain on unseen marks is above 0 with 95 % confidence."""
        return self.mae_gain_low > 0

    def apply(self, scores: _Given, *, column: str = "calibrated_score") -> _Given:
        """The calibrated scores.

        Parameters
        ----------
        scores : float, numpy.ndarray, pandas.Series or pandas.DataFrame
            0-100; missing ones stay missing. A frame is copied, and its machine's score stays as it is.
        column : str
            What a frame's new column is called.

        Returns
        -------
        as `scores`
            0-100; a frame has the new column.

        Raises
        ------
        InputError
            For scores outside 0-100, for a frame without the score, or with the column already, and for one with
            another service's scores.
        """
        if isinstance(scores, pd.DataFrame):
            return self._added(scores, column)
        values = _numbers(scores)
        mapped = _mapped(np.array(self.machine_knots), np.array(self.mark_knots), values)
        if isinstance(scores, pd.Series):
            return pd.Series(mapped, index=scores.index, name=column)
        return mapped if np.ndim(values) else float(mapped)  # type: ignore[return-value]  # as it was given

    def _added(self, frame: pd.DataFrame, column: str) -> pd.DataFrame:
        if column in frame:
            raise InputError(f"The frame has a column {column} already. Drop it, or give another name with column=.")
        if self.score not in frame:
            raise InputError(
                f"This calibration is for the {self.score} of a {self.level}, and the frame has no such column. "
                f"Give the frame of Gradebook.{'words' if self.level == 'word' else 'attempts'}."
            )
        if "service" in frame:
            others = sorted({str(name) for name in frame["service"].dropna()} - {self.service})
            if others:
                raise InputError(
                    f"The frame has scores of {', '.join(others)}, and this calibration was learnt from those of "
                    f"{self.service}. Apply it to the rows of {self.service} only."
                )
        added: pd.DataFrame = frame.assign(**{column: self.apply(frame[self.score])})
        return added

    def __repr__(self) -> str:
        return f"<Calibration: {self.finding()}>"

    def finding(self) -> str:
        """What it gains, in a sentence.

        Returns
        -------
        str
            Without a full stop; it says so where it is not shown to help.
        """
        gain = f"{self.mae_gain:+.1f} points ({self.mae_gain_low:+.1f} to {self.mae_gain_high:+.1f})"
        verdict = "" if self.helps else "; not shown to help, the machine's own score will do"
        return (
            f"on marks not seen before, the {self.level} score of {self.service} is {self.mae_before:.1f} points from "
            f"the teacher's mark, calibrated {self.mae_after:.1f}: a gain of {gain}{verdict} "
            f"({self.marks} marks, folds of {self.folds_of})"
        )

    def _repr_html_(self) -> str:
        shown = self.finding()
        return tag("div", tag("style", STYLE), tag("p", shown[:1].upper() + shown[1:] + "."), class_="pk")

    # --- keeping ------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as JSON; the file is whole or not there.

        Parameters
        ----------
        path : str or path
            The file.

        Returns
        -------
        pathlib.Path
            The path.
        """
        content = {"format": _FORMAT, **asdict(self)}
        return write_whole(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Calibration:
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or path
            The file.

        Returns
        -------
        Calibration
            Equal to the one that was saved.

        Raises
        ------
        InputError
            For a file that is not there, damaged, or not a calibration.
        """
        try:
            content = json.loads(Path(path).read_bytes())
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}). Check the path.") from None
        except ValueError:
            content = None
        if not isinstance(content, dict) or content.pop("format", None) != _FORMAT:
            raise InputError(f"{path} is not a calibration. Give a file that Calibration.save wrote.")
        try:
            machine, marks = (tuple(map(float, content.pop(name))) for name in ("machine_knots", "mark_knots"))
            read = {"float": float, "int": int, "str": str}
            known = {
                field.name: read[str(field.type)](content[field.name])
                for field in fields(cls)
                if str(field.type) in read
            }
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} is a damaged calibration ({error}). Save it again.") from None
        if not (machine and len(machine) == len(marks) and _rises(machine, strictly=True) and _rises(marks)):
            raise InputError(f"{path} is a damaged calibration: its knots do not rise from 0 to 100. Save it again.")
        return cls(machine, marks, **known)


def calibrate(
    source: Gradebook | pd.DataFrame,
    *,
    level: str = "sentence",
    author: str | None = None,
    service: str | None = None,
    **filters: Any,
) -> Calibration:
    """Learn a map from the machine's score to a teacher's marks, and measure what it gains on unseen ones.

    The map never falls: of two readings, the one with the higher machine score never gets the lower mark. Isotonic
    regression (pool adjacent violators) gives its knots, each the mean of 5 marks or more; between knots it is a
    straight line. What it gains is measured in 5 folds of whole students, or of whole recordings where there are too
    few students.

    Parameters
    ----------
    source : Gradebook or pandas.DataFrame
        A frame of pairs has the columns first_score (the machine's) and second_score (the mark), 0-100, and where known
        first, second, level, score, student and recording.
    level : {"sentence", "word"}
        Learn from marks of whole readings (pron_score), or of words (accuracy_score).
    author : str, optional
        Learn from the marks of this teacher alone.
    service : str, optional
        Whose scores, where several services scored what was marked.
    **filters : optional
        The gradebook's: class_name, student, task, since, until.

    Returns
    -------
    calibration.Calibration
        Whether it helps is in `helps`.

    Raises
    ------
    InputError
        Where there are fewer than 50 marks or 10 recordings, for marks of several services unless one is named, and for
        scores that do not vary.

    References
    ----------
    R. E. Barlow, D. J. Bartholomew, J. M. Bremner and H. D. Brunk, "Statistical inference under order restrictions"
    (1972).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> machine = np.linspace(20, 95, 100)
    >>> pairs = pd.DataFrame({"first_score": machine, "second_score": machine * 0.8 + 3 * np.sin(range(100))})
    >>> pk.calibrate(pairs)
    <Calibration: on marks not seen before, ...>
    """
    if level not in _SCORE_OF:
        raise InputError(f"There are no marks for {level!r}. Calibrate the level 'sentence' or 'word'.")
    if isinstance(source, pd.DataFrame):
        if author is not None or filters:
            raise InputError("A frame of pairs takes no filters. Filter the frame first, or give the gradebook.")
        pairs = given_pairs(source)
        if "second" in source:
            pairs = pairs[pairs["second"] == TEACHER]
        if "level" in source:
            pairs = pairs[pairs["level"] == level]
    else:
        pairs = teacher_pairs(Tables.of(source, **filters), author=author)
        pairs = pairs[pairs["level"] == level]
    pairs, service = _of_service(pairs, service)
    check_range(pairs)
    groups, folds_of = sampling_groups(pairs)
    _check_enough(pairs, level)
    x, y = pairs["first_score"].to_numpy(), pairs["second_score"].to_numpy()
    machine, marks = _fit(x, y)

    unseen = _cross_validated(x, y, groups)
    before, after = np.abs(x - y), np.abs(unseen - y)
    gains = [weights @ (before - after) / weights.sum(axis=1) for weights in resamples(groups)]
    low, high = interval(np.concatenate(gains)[:, None])
    return Calibration(
        tuple(machine.tolist()),
        tuple(marks.tolist()),
        level=level,
        score=_SCORE_OF[level],
        service=service,
        marks=len(x),
        groups=int(groups.max()) + 1,
        folds_of=folds_of,
        mae_before=float(before.mean()),
        mae_after=float(after.mean()),
        rmse_before=math.sqrt(float((before**2).mean())),
        rmse_after=math.sqrt(float((after**2).mean())),
        mae_gain=float((before - after).mean()),
        mae_gain_low=float(low[0]),
        mae_gain_high=float(high[0]),
    )


# --- what is given ----------------------------------------------------------------------------------------------


def _of_service(pairs: pd.DataFrame, service: str | None) -> tuple[pd.DataFrame, str]:
    services = sorted(map(str, pairs["first"].unique()))
    if service is None and len(services) > 1:
        raise InputError(
            f"The marks are of readings that {', '.join(services)} scored, each on a scale of its own. "
            "Name one with service=."
        )
    if service is not None and service not in services:
        known = f"There are marks for scores of {', '.join(services)}" if services else "There are no marks"
        raise InputError(f"No marked reading was scored by {service!r}. {known}.")
    chosen = service if service is not None else (services or [""])[0]
    return pairs[pairs["first"] == chosen], chosen


def _check_enough(pairs: pd.DataFrame, level: str) -> None:
    recordings = pairs["recording"].nunique()
    if len(pairs) < MIN_MARKS or recordings < MIN_GROUPS:
        lacking = MIN_GROUPS - recordings
        others = f", of at least {counted(lacking, 'other recording')}," if lacking > 0 else ""
        raise InputError(
            f"There {'is' if len(pairs) == 1 else 'are'} {counted(len(pairs), 'mark')} of a {level}, from "
            f"{counted(recordings, 'recording')}; {MIN_MARKS} from {MIN_GROUPS} recordings are needed. From fewer, a "
            f"map follows the chance of single marks, and {FOLDS} folds are too small to show whether it helps. Mark "
            f"{max(MIN_MARKS - len(pairs), lacking)} more{others} with Gradebook.override."
        )
    if pairs["first_score"].nunique() < 3 or pairs["second_score"].nunique() < 2:
        raise InputError(
            "The marked readings have hardly any scores that differ, so there is no map to learn. "
            "Mark weak, middling and good readings alike."
        )


def _numbers(scores: object) -> Floats:
    if isinstance(scores, pd.Series):
        values: Floats = pd.to_numeric(scores).to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = np.asarray(scores, dtype=np.float64)
    beyond = values[(values < 0) | (values > 100)]
    if beyond.size:
        raise InputError(f"{beyond.flat[0]:g} is not a score from 0 to 100.")
    return values


# --- the map ----------------------------------------------------------------------------------------------------


def _fit(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The knots of the map: machine's scores, which rise, and marks, which never fall."""
    order = np.argsort(x, kind="stable")
    starts = _starts(x[order])
    size = np.diff([*starts, len(x)]).astype(np.float64)
    machine, marks = (np.add.reduceat(values[order], starts) / size for values in (x, y))
    return machine, isotonic(marks, size)


def _starts(ordered: Floats) -> list[int]:
    """Where groups of `MARKS_PER_KNOT` scores or more begin; equal scores are in one group."""
    starts = [0]
    for place in range(1, len(ordered)):
        if place - starts[-1] >= MARKS_PER_KNOT and ordered[place] > ordered[place - 1]:
            starts.append(place)
    if len(starts) > 1 and len(ordered) - starts[-1] < MARKS_PER_KNOT:
        starts.pop()
    return starts


def isotonic(values: Floats, weights: Floats) -> Floats:
    """The nearest values, by weighted least squares, that never fall: neighbours that do are pooled to their mean."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many values
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean, total, count = value, weight, 1
        while pools and pools[-1][0] >= mean:
            before, its_weight, its_count = pools.pop()
            mean = (before * its_weight + mean * total) / (its_weight + total)
            total, count = total + its_weight, count + its_count
        pools.append((mean, total, count))
    return np.repeat([mean for mean, _, _ in pools], [count for _, _, count in pools])


def _mapped(machine: Floats, marks: Floats, scores: Floats) -> Floats:
    inside = np.interp(scores, machine, marks)
    beyond = scores - np.clip(scores, machine[0], machine[-1])
    return np.clip(inside + beyond, 0.0, 100.0)


def _cross_validated(x: Floats, y: Floats, groups: npt.NDArray[np.int64]) -> Floats:
    """For every score, what a map that has not seen its group makes of it."""
    total = int(groups.max()) + 1
    fold_of = np.random.default_rng(0).permutation(total)[groups] % FOLDS
    unseen = np.empty_like(x)
    for fold in range(FOLDS):
        held_out = fold_of == fold
        unseen[held_out] = _mapped(*_fit(x[~held_out], y[~held_out]), x[held_out])
    return unseen


def _rises(values: tuple[float, ...], *, strictly: bool = False) -> bool:
    steps = np.diff(values)
    inside = all(0 <= value <= 100 for value in values)
    return inside and bool(np.all(steps > 0 if strictly else steps >= 0))
