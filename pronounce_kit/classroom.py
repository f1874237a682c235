"""What many readings say together: frames in, tidy frames with counts and intervals out.

    weakest_words(words)          which words the class gets wrong        weakest_phonemes(phonemes)
    student_words(words)          the same for each student               student_phonemes(phonemes)
    confusions(phonemes)          which sound was heard for which
    progress(utterances)          scores from attempt to attempt          class_progress, gains
    distribution(utterances)      how many scored how much
    items(words)                  how hard each word is, and whether it tells readers apart
    timeline(utterances)          who practised when

The frames are a gradebook's, or those of `frames` with a column `student`. Scores are 0-100. Only what was said and
scored counts as an attempt: a skipped word is in a column of its own and is no zero. Added words are no part of the
text and are left out. A word or sound is *missed* where it scores below 60, the service's own rule.

Few attempts say little, so every share and mean comes with its 95 % interval, and what is called weakest is ranked by
the end of the interval that is nearer to good: one unlucky attempt tops no list.

- Shares: `wilson`, for attempts that are not independent because the same students made them (`effective_trials`).
- Means: Student's t, with one spread estimated from all students together, as few have enough attempts of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from .errors import InputError
from .highlight import GOOD_FROM, MISPRONOUNCED_BELOW
from .typed import local_time

Floats: TypeAlias = npt.NDArray[np.float64]

CONFIDENCE = 0.95

NO_NAME = "(no name)"
"""Stands for the student of a reading that has none."""

NOT_GIVEN = "(not given)"
"""Stands for a missing first language, class or the like."""


# --- shares and their intervals ---------------------------------------------------------------------------------


def wilson(hits: npt.ArrayLike, trials: npt.ArrayLike, *, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """The interval of a share, from numbers of hits and trials.

    It holds for small numbers too: 1 of 1 is (0.21, 1.00), 14 of 20 (0.48, 0.85).

    Parameters
    ----------
    hits, trials : array_like, shape (n,)
        Counts, not necessarily whole.
    confidence : float
        0 to 1.

    Returns
    -------
    low, high : numpy.ndarray of float64, shape (n,)
        0-1; NaN without trials.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22 (1927).

    Examples
    --------
    >>> low, high = pk.classroom.wilson([1, 14], [1, 20])
    >>> low.round(2), high.round(2)
    (array([0.21, 0.48]), array([1.  , 0.85]))
    """
    hit, n = np.asarray(hits, np.float64), np.asarray(trials, np.float64)
    z2 = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hit / n
        middle = (share + z2 / (2 * n)) / (1 + z2 / n)
        half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    # Rounding must not put the share itself outside.
    return np.clip(np.minimum(middle - half, share), 0, 1), np.clip(np.maximum(middle + half, share), 0, 1)


def effective_trials(hits: npt.ArrayLike, trials: npt.ArrayLike, group: npt.ArrayLike) -> Floats:
    """How many independent trials those of each group are worth, given hits and trials of each student in it.

    Twenty attempts of one student tell less of a class than one attempt each of twenty. The variance of the share is
    estimated between students, and the trials are as many as give that variance when independent.

    Parameters
    ----------
    hits, trials : array_like, shape (students,)
        Counts of each student.
    group : array_like of int, shape (students,)
        Which group, from 0.

    Returns
    -------
    numpy.ndarray of float64, shape (groups,)
        At most the attempts, at least the students. Where that cannot be estimated (one student, or everybody alike),
        all attempts.

    References
    ----------
    E. L. Korn and B. I. Graubard, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24 (1998).

    Examples
    --------
    >>> pk.classroom.effective_trials([10, 0], [10, 10], [0, 0])  # one always right, one never
    array([2.])
    """
    hit, n, at = np.asarray(hits, np.float64), np.asarray(trials, np.float64), np.asarray(group, np.int64)
    total, students = np.bincount(at, n), np.bincount(at)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.bincount(at, hit) / total
        squares = np.bincount(at, (hit - share[at] * n) ** 2)
        variance = students / (students - 1) * squares / total**2
        worth = share * (1 - share) / variance
    return np.where(np.isfinite(worth), np.clip(worth, np.minimum(students, total), total), total)


def _shares(per_student: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Sums over students of their `attempts` and `hits`, and the share of hits with its interval.

    Columns: by, attempts, students, with_hits (students who have any), hits, share, low, high.
    """
    groups = per_student.assign(with_hits=per_student["hits"] > 0).groupby(list(by), sort=False, observed=True)
    sums = groups.agg(
        attempts=("attempts", "sum"), students=("hits", "size"), with_hits=("with_hits", "sum"), hits=("hits", "sum")
    )
    result = sums.astype("int64").reset_index()
    worth = effective_trials(per_student["hits"], per_student["attempts"], groups.ngroup())
    share = (result["hits"] / result["attempts"]).astype("float64")
    low, high = wilson(share * worth, worth)
    return _assigned(result, share=share, low=low, high=high)


def _tally(scored: pd.DataFrame, by: Sequence[str], hit: pd.Series[bool]) -> pd.DataFrame:
    """`_shares` of the rows in which `hit` is true."""
    of_student = list(dict.fromkeys([*by, "student"]))
    counts = scored.assign(hit=hit).groupby(of_student, sort=False, observed=True)["hit"]
    return _shares(counts.agg(attempts="size", hits="sum").reset_index(), by)


def _missed(scored: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The shares of missed attempts, and the mean scores."""
    shares = _tally(scored, by, scored["accuracy_score"] < MISPRONOUNCED_BELOW).drop(columns="with_hits")
    means = scored.groupby(list(by), sort=False, observed=True)["accuracy_score"].mean().rename("mean_score")
    shares = shares.merge(means.reset_index(), on=list(by))
    return _assigned(shares.rename(columns={"hits": "missed", "share": "share_missed"}))


def _weakest_first(missed: pd.DataFrame) -> pd.DataFrame:
    return _sorted(missed, ["low", "mean_score"], [False, True])


# --- words and sounds -------------------------------------------------------------------------------------------


def weakest_words(words: pd.DataFrame) -> pd.DataFrame:
    """The words of the texts, that which is surest to be missed first.

    Parameters
    ----------
    words : pandas.DataFrame
        A gradebook's, or that of the function `words` with a column student.

    Returns
    -------
    pandas.DataFrame
        word, attempts, students, missed, share_missed (0-1) with its 95 % interval low, high; mean_score (0-100);
        skipped, the number of readings that left the word out, which are no attempts. "The" and "the" are one word.
        Sorted by low, then by mean_score. Words that nobody said are not listed.

    Raises
    ------
    InputError
        For another frame.

    Examples
    --------
    >>> pk.classroom.weakest_words(words)[["word", "attempts", "missed"]].head(2).values.tolist()
    [['think', 3, 1], ['thieves', 3, 1]]
    """
    spoken = _words_of_text(words)
    return _weakest_first(_missed_and_skipped(spoken, ["word"]))


def weakest_phonemes(phonemes: pd.DataFrame) -> pd.DataFrame:
    """The sounds, that which is surest to be missed first.

    Parameters
    ----------
    phonemes : pandas.DataFrame
        A gradebook's, or that of the function `phonemes` with a column student.

    Returns
    -------
    pandas.DataFrame
        phoneme, attempts, students, missed, share_missed (0-1) with its 95 % interval low, high; mean_score (0-100).
        Sounds of skipped words have no score and are no attempts.

    Raises
    ------
    InputError
        For another frame.

    Examples
    --------
    >>> pk.classroom.weakest_phonemes(phonemes)["phoneme"][0]
    'th'
    """
    return _weakest_first(_missed(_scored_phonemes(phonemes), ["phoneme"]))


def student_words(words: pd.DataFrame, *, by: str = "student") -> pd.DataFrame:
    """As `weakest_words` for each student, or for each value of another column.

    Parameters
    ----------
    words : pandas.DataFrame
        As in `weakest_words`.
    by : str
        The column, such as class_name.

    Returns
    -------
    pandas.DataFrame
        That column (student), then word, attempts, students, missed, share_missed (0-1), low, high, mean_score (0-100),
        skipped.

    Raises
    ------
    InputError
        For another frame.

    Examples
    --------
    >>> pk.classroom.student_words(words)[["student", "word", "missed"]].head(2).values.tolist()
    [['Ada', 'think', 1], ['Ada', 'thieves', 1]]
    """
    spoken = _words_of_text(words, by)
    return _weakest_first(_missed_and_skipped(spoken, [by, "word"]))


def student_phonemes(phonemes: pd.DataFrame, *, by: str = "student") -> pd.DataFrame:
    """As `weakest_phonemes` for each student, or for each value of another column.

    Parameters
    ----------
    phonemes : pandas.DataFrame
        As in `weakest_phonemes`.
    by : str
        The column, such as first_language.

    Returns
    -------
    pandas.DataFrame
        That column (student), then phoneme, attempts, students, missed, share_missed (0-1), low, high, mean_score
        (0-100).

    Raises
    ------
    InputError
        For another frame.

    Examples
    --------
    >>> pk.classroom.student_phonemes(phonemes, by="first_language")[["first_language", "phoneme"]].values.tolist()[0]
    ['German', 'th']
    """
    return _weakest_first(_missed(_scored_phonemes(phonemes, by), [by, "phoneme"]))


def _missed_and_skipped(spoken: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    skipped = spoken.loc[spoken["skipped"]].groupby(by, sort=False, observed=True).size().rename("skipped")
    missed = _missed(spoken.dropna(subset="accuracy_score"), by).merge(skipped.reset_index(), on=by, how="left")
    return _assigned(missed, skipped=missed["skipped"].fillna(0).astype("int64"))


def confusions(phonemes: pd.DataFrame, *, by_first_language: bool = False) -> pd.DataFrame:
    """Which sound was heard where which was expected, the surest confusion first.

    The rows where heard is expected are those said right: a sound with a good score (80 and more) counts as the
    expected one, whatever candidate came first. Sounds without a candidate are left out.

    Parameters
    ----------
    phonemes : pandas.DataFrame
        A gradebook's, or that of the function `phonemes`, assessed with an nbest_phoneme_count of 1 or more.
    by_first_language : bool
        For each first_language (a column of the frame; missing ones are "(not given)").

    Returns
    -------
    pandas.DataFrame
        (first_language,) expected, heard, count, attempts (of the expected sound), students (who said the one for the
        other), share (count of attempts, 0-1) with its 95 % interval low, high.

    Raises
    ------
    InputError
        For another frame.

    Examples
    --------
    >>> heard = pk.classroom.confusions(phonemes)
    >>> heard.loc[heard["heard"] != heard["expected"], ["expected", "heard", "students"]].values.tolist()[0]
    ['th', 's', 1]
    """
    extra = ["first_language"] if by_first_language else []
    known = _scored_phonemes(phonemes, *(extra or ["student"]), "heard")
    good = known["accuracy_score"] >= GOOD_FROM
    known = known.assign(expected=known["phoneme"], heard=known["heard"].where(~good, known["phoneme"]))
    known = known.dropna(subset="heard")
    by = [*extra, "expected"]
    attempts = known.groupby([*by, "student"], sort=False).size().rename("attempts").reset_index()
    hits = known.groupby([*by, "heard", "student"], sort=False).size().rename("hits").reset_index()
    pairs = hits[[*by, "heard"]].drop_duplicates()
    # Students who said a sound, but never the other for it, count for the share of that confusion too.
    everybody = pairs.merge(attempts, on=by).merge(hits, on=[*by, "heard", "student"], how="left")
    shares = _shares(everybody.fillna({"hits": 0}), [*by, "heard"])
    shares = shares.drop(columns="students").rename(columns={"hits": "count", "with_hits": "students"})
    columns = [*by, "heard", "count", "attempts", "students", "share", "low", "high"]
    return _sorted(shares[columns], ["low", "count"], [False, False])


# --- attempts ---------------------------------------------------------------------------------------------------


def progress(utterances: pd.DataFrame, *, score: str = "pron_score") -> pd.DataFrame:
    """Each student's mean score at each attempt.

    Not all tasks are equally hard, nor read equally often, so each is moved to begin at the student's mean first score:
    what rises or falls is the student, not the choice of tasks. The interval is Student's t; the spread is that of all
    scores about their students' means, the same for everyone, for a student alone has too few. Without two recordings
    of any one student nothing is known of the spread, and the interval is 0 to 100.

    Parameters
    ----------
    utterances : pandas.DataFrame
        A gradebook's, or that of the function `utterances` with a column student.
    score : str
        Which of its scores: pron_score, accuracy_score, fluency_score, completeness_score, prosody_score (each 0-100).

    Returns
    -------
    pandas.DataFrame
        student, attempt (at the same task, from 1; where nobody read anything twice, the number of the recording, in
        order of time), recordings, mean_score (0-100, over tasks) with its 95 % interval low, high.

    Raises
    ------
    InputError
        For another frame.

    Examples
    --------
    >>> pk.classroom.progress(utterances)[["student", "attempt", "recordings"]].values.tolist()
    [['Ada', 1, 2], ['Ada', 2, 2], ['Ben', 1, 2]]
    """
    scored = _scored_utterances(utterances, score)
    scored["attempt"] = _attempts(scored)
    from_one_start = scored.assign(score=_from_one_start(scored))
    means = from_one_start.groupby(["student", "attempt"], sort=False, observed=True)["score"]
    result = means.agg(recordings="size", mean_score="mean").reset_index()
    result["mean_score"] = result["mean_score"].clip(0, 100)
    low, high = _means_interval(result["mean_score"], result["recordings"], scored["score"], scored["student"])
    result = _assigned(result, low=np.clip(low, 0, 100), high=np.clip(high, 0, 100))
    return _sorted(result, ["student", "attempt"], [True, True])


def class_progress(utterances: pd.DataFrame, *, score: str = "pron_score") -> pd.DataFrame:
    """The mean of the students' means at each attempt.

    Parameters
    ----------
    utterances : pandas.DataFrame
        As in `progress`.
    score : str
        As in `progress` (0-100).

    Returns
    -------
    pandas.DataFrame
        attempt, students, mean_score (0-100) with its 95 % interval low, high: Student's t over the students; with one
        student it is 0 to 100.

    Raises
    ------
    InputError
        For another frame.

    Examples
    --------
    >>> pk.classroom.class_progress(utterances)[["attempt", "students"]].values.tolist()
    [[1, 2], [2, 1]]
    """
    of_student = progress(utterances, score=score)
    means = of_student.groupby("attempt")["mean_score"].agg(students="size", mean_score="mean", spread="std")
    result: pd.DataFrame = means.reset_index()
    half = _t_quantile(result["students"] - 1) * result.pop("spread") / np.sqrt(result["students"])
    known = half.notna()
    return _assigned(
        result,
        low=(result["mean_score"] - half).clip(0, 100).where(known, 0.0).astype("float64"),
        high=(result["mean_score"] + half).clip(0, 100).where(known, 100.0).astype("float64"),
    )


def gains(utterances: pd.DataFrame, *, score: str = "pron_score") -> pd.DataFrame:
    """What each student gained from the first to the last attempt at the same texts, the surest change first.

    Parameters
    ----------
    utterances : pandas.DataFrame
        As in `progress`.
    score : str
        As in `progress` (0-100).

    Returns
    -------
    pandas.DataFrame
        student, tasks (texts of tasks, read twice or more), first_score and last_score (0-100, means over these), gain
        (points) and its 95 % interval low, high: Student's t over the texts' gains, with the spread of all students'
        together, -100 to 100 where no student repeated two texts. sure tells whether the change is more than what
        chance gives one of so many students: its interval at the level of Bonferroni, 95 % for all students at once,
        leaves 0 out.

    Raises
    ------
    InputError
        For another frame.

    Examples
    --------
    >>> gained = pk.classroom.gains(utterances)
    >>> gained["student"].tolist(), bool(gained["gain"][0] > 0), bool(gained["sure"][0])
    (['Ada'], True, False)
    """
    scored = _scored_utterances(utterances, score)
    tasks = _task_names(scored)
    scored = scored.assign(task=tasks, attempt=_attempts(scored)).dropna(subset="task")
    ordered = scored.sort_values("attempt", kind="stable").groupby(["student", "task"], sort=False, observed=True)
    pairs = ordered["score"].agg(["size", "first", "last"]).reset_index()
    pairs = pairs.loc[pairs["size"] > 1].assign(gain=pairs["last"] - pairs["first"])
    result = pairs.groupby("student", sort=False, observed=True).agg(
        tasks=("gain", "size"), first_score=("first", "mean"), last_score=("last", "mean"), gain=("gain", "mean")
    )
    result = result.reset_index()
    of_all = (pairs["gain"], pairs["student"])
    low, high = _means_interval(result["gain"], result["tasks"], *of_all)
    at_once = 1 - (1 - CONFIDENCE) / max(1, len(result))
    sure_low, sure_high = _means_interval(result["gain"], result["tasks"], *of_all, confidence=at_once)
    margin = np.maximum(sure_low, -sure_high)
    result = _assigned(result, low=np.clip(low, -100, 100), high=np.clip(high, -100, 100), sure=margin > 0)
    ranked = _sorted(_assigned(result, margin=margin, size=result["gain"].abs()), ["margin", "size"], [False, False])
    del ranked["margin"], ranked["size"]
    return ranked


def distribution(utterances: pd.DataFrame, *, score: str = "pron_score", width: int = 5) -> pd.DataFrame:
    """How many recordings have how much.

    Parameters
    ----------
    utterances : pandas.DataFrame
        A gradebook's, or that of the function `utterances`.
    score : str
        As in `progress` (0-100).
    width : int
        That of a class of scores, in points; divides 100.

    Returns
    -------
    pandas.DataFrame
        from_score, to_score (0-100; not included, but for 100), recordings. The last row counts those without a score;
        its ends are NaN.

    Raises
    ------
    InputError
        For another frame.

    Examples
    --------
    >>> counts = pk.classroom.distribution(utterances, width=20)
    >>> counts["to_score"].tolist(), sum(counts["recordings"].tolist())
    ([20.0, 40.0, 60.0, 80.0, 100.0, nan], 6)
    """
    values = _column(utterances, score, "utterances")
    edges = np.arange(0, 101, width)
    counts, _ = np.histogram(values[~np.isnan(values)], edges)
    result: pd.DataFrame = pd.DataFrame(
        {
            "from_score": np.r_[edges[:-1], np.nan],
            "to_score": np.r_[edges[1:], np.nan],
            "recordings": np.r_[counts, np.isnan(values).sum()],
        }
    )
    return result


def timeline(utterances: pd.DataFrame, *, score: str = "pron_score", every: str | None = None) -> pd.DataFrame:
    """Who recorded how much when.

    Parameters
    ----------
    utterances : pandas.DataFrame
        A gradebook's, or that of the function `utterances` with columns student and recorded_at.
    score : str
        As in `progress` (0-100).
    every : {"D", "W", "MS"}, optional
        Day, week from Monday, or month; by itself days up to 7 weeks, then weeks up to a year and a half, then months.
        A day is one where this computer is.

    Returns
    -------
    pandas.DataFrame
        student, period (its first day), recordings, scored, mean_score (0-100, NaN without any). Its attrs have
        `every`. Recordings without a time are left out.

    Raises
    ------
    InputError
        For another frame.

    Examples
    --------
    >>> pk.classroom.timeline(utterances, every="MS")[["student", "recordings"]].values.tolist()
    [['Ada', 4], ['Ben', 2]]
    """
    _require(utterances, "utterances", "student", "recorded_at", score)
    times = pd.to_datetime(utterances["recorded_at"], utc=_is_text(utterances["recorded_at"]), errors="coerce")
    if times.dt.tz is not None:
        local = [pd.NaT if pd.isna(time) else local_time(time.to_pydatetime(warn=False)) for time in times]
        times = pd.to_datetime(pd.Series([time.replace(tzinfo=None) for time in local], times.index))
    frame = pd.DataFrame(
        {"student": student_names(utterances), "time": times, "score": _column(utterances, score, "utterances")}
    ).dropna(subset="time")
    if every is None:
        days = (frame["time"].max() - frame["time"].min()).days if len(frame) else 0
        every = "D" if days <= 49 else "W" if days <= 550 else "MS"
    day = frame["time"].dt.normalize()
    if every == "W":
        day -= pd.to_timedelta(day.dt.day_of_week, unit="D")
    elif every == "MS":
        day -= pd.to_timedelta(day.dt.day - 1, unit="D")
    frame = frame.assign(period=day)
    scores = frame.groupby(["student", "period"], observed=True)["score"]
    result = scores.agg(recordings="size", scored="count", mean_score="mean").reset_index()
    result = _sorted(result, ["period", "student"], [True, True])
    result.attrs["every"] = every
    return result


def _attempts(scored: pd.DataFrame) -> pd.Series[int]:
    """The number of the attempt at its task; where nothing was read twice, that of the student's recording."""
    ordered = scored.assign(task=_task_names(scored).fillna(""))
    if "recorded_at" in scored:
        ordered = ordered.sort_values("recorded_at", kind="stable")
    number: pd.Series[int] = ordered.groupby(["student", "task"], sort=False).cumcount() + 1
    if "attempt_number" in scored:
        # The frame may have been filtered since the gradebook counted.
        number = pd.to_numeric(scored["attempt_number"]).fillna(number).astype("int64")
    if (number > 1).any():
        return number
    running: pd.Series[int] = ordered.groupby("student", sort=False).cumcount() + 1
    return running


def _from_one_start(scored: pd.DataFrame) -> pd.Series[float]:
    """Scores by which every task of a student begins at the mean of the student's first scores."""
    read = scored.assign(task=_task_names(scored).fillna(""))
    if not read.duplicated(["student", "task"]).any():
        return scored["score"]
    ordered = read.sort_values("attempt", kind="stable")
    firsts = ordered.groupby(["student", "task"], sort=False)["score"].transform("first")
    starts = ordered.drop_duplicates(["student", "task"]).groupby("student", sort=False)["score"].mean()
    moved: pd.Series[float] = read["score"] - firsts + read["student"].map(starts)
    return moved


def _task_names(frame: pd.DataFrame) -> pd.Series[Any]:
    """What was read: the task with its text, as a task may have several; NA where neither is known."""
    texts = _labels(frame, "reference_text", pd.NA)
    tasks = _labels(frame, "task", pd.NA)
    names: pd.Series[Any] = (tasks.fillna("") + "\0" + texts.fillna("")).where(tasks.notna() | texts.notna())
    return names


def _means_interval(
    means: pd.Series[float],
    counts: pd.Series[int],
    values: pd.Series[float],
    of: pd.Series[Any],
    *,
    confidence: float = CONFIDENCE,
) -> tuple[Floats, Floats]:
    """Student's t interval of means of `counts` values each, with the spread of `values` about the means `of` each."""
    about = values - values.groupby(of).transform("mean")
    freedom = len(values) - of.nunique()
    if freedom < 1:
        return np.full(len(means), -np.inf), np.full(len(means), np.inf)
    spread = math.sqrt(float((about**2).sum()) / freedom)
    half = _t_quantile(freedom, confidence) * spread / np.sqrt(counts.to_numpy(np.float64))
    return (means - half).to_numpy(np.float64), (means + half).to_numpy(np.float64)


def _t_quantile(freedom: npt.ArrayLike, confidence: float = CONFIDENCE) -> Any:
    """Half the width of an interval in Student's t, in standard errors; NaN with less than one degree of freedom.

    With t = sqrt(degrees) tan(angle), the share of the distribution within t of its middle is an integral of
    cos(angle) ** (degrees - 1): smooth, and rising ever more slowly, so that Newton's steps from below all fall short.
    """
    degrees = np.asarray(freedom, np.float64)
    degrees = np.where(degrees >= 1, degrees, np.nan)[..., None]
    of_all = np.exp(_log_gamma((degrees + 1) / 2) - _log_gamma(degrees / 2)) / math.sqrt(math.pi)
    angle = np.arctan(NormalDist().inv_cdf(0.5 + confidence / 2) / np.sqrt(degrees))
    places, weights = np.polynomial.legendre.leggauss(40)
    for _ in range(12):
        inside = np.cos(angle * (places + 1) / 2) ** (degrees - 1)
        share = of_all * angle * (inside @ weights)[..., None]
        angle = angle + (confidence - share) / (2 * of_all * np.cos(angle) ** (degrees - 1))
    return np.sqrt(degrees[..., 0]) * np.tan(angle[..., 0])


_log_gamma = np.vectorize(math.lgamma, otypes=[np.float64])


# --- items ------------------------------------------------------------------------------------------------------


def items(words: pd.DataFrame) -> pd.DataFrame:
    """Each word of each task as an item of a test: how hard it is, and whether it tells good readers from poor ones.

    The discrimination is the corrected item-total correlation: that of the students' shares right on the item with how
    they do on all their other items, each compared with the mean of that item, as not everybody reads all. A word that
    good readers miss and poor ones do not has a negative one. Its interval is Fisher's z, so it is -1 to 1 with three
    students.

    Parameters
    ----------
    words : pandas.DataFrame
        A gradebook's, or that of the function `words` with a column student.

    Returns
    -------
    pandas.DataFrame
        task (NA where there is none: then a word is one item wherever it stands), position (of the word in the text,
        from 0; NA likewise), word, attempts, students, share_right (0-1; 60 points and more) with its 95 % interval
        low, high; discrimination (-1 to 1; NaN with fewer than three students, or where they are all alike) with
        discrimination_low, discrimination_high. The hardest come first.

    Raises
    ------
    InputError
        For another frame.

    References
    ----------
    F. M. Lord and M. R. Novick, "Statistical theories of mental test scores" (1968).

    Examples
    --------
    >>> pk.classroom.items(words)[["task", "position", "word"]].head(2).values.tolist()
    [['Week 1', 1, 'think'], ['Week 2', 1, 'thieves']]
    """
    spoken = _words_of_text(words).dropna(subset="accuracy_score")
    spoken = spoken.assign(right=spoken["accuracy_score"] >= MISPRONOUNCED_BELOW)
    by = ["task", "position", "word"]
    result = _tally(spoken, by, spoken["right"]).rename(columns={"share": "share_right"})
    shares = spoken.groupby(["student", *by], sort=False, observed=True)["right"].mean().unstack("student")  # noqa: PD010 - no aggregation left to do
    r, students = _rest_correlation(shares.to_numpy(np.float64))
    of_item = pd.DataFrame({"discrimination": r, "both": students}, index=shares.index).reset_index()
    result = result.merge(of_item, on=by, how="left")
    with np.errstate(divide="ignore"):
        z = np.arctanh(result["discrimination"].clip(-0.999999, 0.999999))
        half = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) / np.sqrt((result.pop("both") - 3).clip(lower=0))
    result = _assigned(
        result.drop(columns=["hits", "with_hits"]),
        task=result["task"].where(result["task"] != "", pd.NA),
        position=result["position"].astype("Int64").where(result["position"] >= 0),
        discrimination_low=np.tanh(z - half),
        discrimination_high=np.tanh(z + half),
    )
    return _sorted(result, ["high", "share_right"], [True, True])


def _rest_correlation(shares: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Of a table items x students (NaN where not read): each item's correlation with the rest, and of how many."""
    read = ~np.isnan(shares)
    means = np.where(read, shares, 0).sum(1) / np.maximum(read.sum(1), 1)
    above = np.where(read, shares - means[:, None], 0)
    others = read.sum(0) - read
    both = read & (others > 0)
    rest = np.where(both, (above.sum(0) - above) / np.maximum(others, 1), 0)
    count = both.sum(1)

    def centred(values: Floats) -> Floats:
        middle = np.where(both, values, 0).sum(1) / np.maximum(count, 1)
        return np.where(both, values - middle[:, None], 0)

    x, y = centred(above), centred(rest)
    size = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    known = (count >= 3) & (size > 1e-9)
    return np.where(known, (x * y).sum(1) / np.where(known, size, 1), np.nan), count


# --- reading frames ---------------------------------------------------------------------------------------------


def student_names(frame: pd.DataFrame) -> pd.Series[str]:
    """Whose reading each row is: the name, with the class where several classes have a student of that name.

    Parameters
    ----------
    frame : pandas.DataFrame
        With a column student, and class_name where known.

    Returns
    -------
    pandas.Series of str
        "(no name)" where there is none, or no such column.

    Examples
    --------
    >>> import pandas as pd
    >>> pk.classroom.student_names(pd.DataFrame({"student": ["Ada", "Ada"], "class_name": ["5a", "5b"]})).tolist()
    ['Ada (5a)', 'Ada (5b)']
    """
    names: pd.Series[Any] = _labels(frame, "student", NO_NAME)
    if "class_name" in frame:
        classes = _labels(frame, "class_name", "")
        whole = names + " (" + classes + ")"
        shared = classes.groupby(names).transform("nunique") > 1
        names = whole.where(shared & (classes != ""), names)
    return names


def _labels(frame: pd.DataFrame, column: str, missing: object) -> pd.Series[Any]:
    if column not in frame:
        nothing: pd.Series[Any] = pd.Series(missing, frame.index, dtype=object)
        return nothing
    return _texts(frame[column], missing)


def _texts(column: pd.Series[Any], missing: object = pd.NA) -> pd.Series[Any]:
    """Text as plain objects: columns of text come in three kinds, and pandas does not join all of them."""
    texts: pd.Series[Any] = column.astype(object).where(column.notna(), missing)
    return texts


def _words_of_text(words: pd.DataFrame, by: str = "student") -> pd.DataFrame:
    """The words that were to be read, as student, task, position, word, accuracy_score (NaN if skipped), skipped.

    Readings of which every word was skipped are left out: nothing was heard, which tells nothing of their words.
    """
    _require(words, "words", "word", "accuracy_score", by)
    error = _labels(words, "error_type", "")
    if "utterance_id" in words:
        unheard = (error == "Omission").groupby(words["utterance_id"], dropna=False).transform("all")
        words, error = words.loc[~unheard], error.loc[~unheard]
    of_text = words.loc[(error != "Insertion") & words["word"].notna()]
    skipped = error.loc[of_text.index] == "Omission"
    task = _labels(of_text, "task", "")
    place = of_text.groupby("utterance_id").cumcount() if "utterance_id" in of_text else 0
    frame = pd.DataFrame(
        {
            "student": student_names(of_text),
            "task": task,
            "position": np.where(task == "", -1, place),
            "word": _spelled_alike(of_text["word"].astype(str)),
            "accuracy_score": of_text["accuracy_score"].astype("float64").where(~skipped),
            "skipped": skipped.astype(bool),
        }
    )
    return frame if by in frame else _assigned(frame, **{by: _labels(of_text, by, NOT_GIVEN)})


def _spelled_alike(words: pd.Series[str]) -> pd.Series[str]:
    """Without signs around them, and in one spelling: "The" and "the," are both "the", but "Monday" stays."""
    spelled = {word: word.strip(_SIGNS) or word for word in words.unique()}
    seen: dict[str, str] = {}
    for word in spelled.values():
        low = word.casefold()
        seen[low] = word if seen.get(low, word) == word else low
    alike: pd.Series[Any] = words.map({word: seen[bare.casefold()] for word, bare in spelled.items()}).astype(object)
    return alike


_SIGNS = ' \t\n.,;:!?"“”„«»‹›()[]{}…–—¿¡。，、！？؟،'


def _scored_phonemes(phonemes: pd.DataFrame, by: str = "student", *more: str) -> pd.DataFrame:
    """The sounds that have a name and a score, as student, phoneme, accuracy_score and the columns asked for."""
    _require(phonemes, "phonemes", "phoneme", "accuracy_score", by, *more)
    of_text = phonemes.loc[_labels(phonemes, "error_type", "") != "Insertion"]
    frame = pd.DataFrame(
        {
            "student": student_names(of_text),
            "phoneme": _texts(of_text["phoneme"]),
            "accuracy_score": of_text["accuracy_score"].astype("float64"),
            **{column: _texts(of_text[column]) for column in more},
        }
    )
    if by not in frame:
        frame[by] = _labels(of_text, by, NOT_GIVEN)
    named: pd.DataFrame = frame.dropna(subset=["phoneme", "accuracy_score"])
    return named


def _scored_utterances(utterances: pd.DataFrame, score: str) -> pd.DataFrame:
    _require(utterances, "utterances", "student", score)
    kept = [c for c in ("attempt_number", "recorded_at", "task", "reference_text") if c in utterances]
    values = _column(utterances, score, "utterances")
    scored: pd.DataFrame = (
        utterances[kept].assign(student=student_names(utterances), score=values).dropna(subset="score")
    )
    return scored


def _column(frame: pd.DataFrame, name: str, table: str) -> Floats:
    _require(frame, table, name)
    return frame[name].to_numpy(np.float64, na_value=np.nan)


def _is_text(column: pd.Series[Any]) -> bool:
    return not pd.api.types.is_datetime64_any_dtype(column)


def _require(frame: object, table: str, *columns: str) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"This takes a DataFrame of {table}, not an object of type {type(frame).__name__}. "
            f"Give a gradebook's {table}(), or pronounce_kit.{table}(assessments)."
        )
    # Without the column, all readings are one student's who has no name.
    absent = [column for column in columns if column not in frame and column != "student"]
    if absent:
        raise InputError(
            f"The frame has no column {' or '.join(dict.fromkeys(absent))}. "
            f"Give a gradebook's {table}(), or pronounce_kit.{table}(assessments) with the column added."
        )


def _sorted(frame: pd.DataFrame, by: list[str], ascending: list[bool]) -> pd.DataFrame:
    """The rows in this order, numbered anew, and text as text again."""
    ordered = frame.sort_values(by, ascending=ascending, kind="stable").reset_index(drop=True)
    texts = {name: "string" for name, dtype in ordered.dtypes.items() if pd.api.types.is_object_dtype(dtype)}
    result: pd.DataFrame = ordered.astype(texts)
    return result


def _assigned(frame: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    """`DataFrame.assign`, whose result type checkers do not know."""
    result: pd.DataFrame = frame.assign(**columns)
    return result
