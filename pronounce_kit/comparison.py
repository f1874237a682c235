"""How far two judges of pronunciation agree: the machine and a teacher, two services, a service and itself.

`agreement` gives for every pair of judges and every level (sentence, word, phoneme), each with a 95 % interval:

    pearson, spearman           do the two put readings in the same order? (1: yes, 0: unrelated)
    kappa                       Cohen's kappa with quadratic weights (Cohen 1968) between the five classes of
                                `KAPPA_EDGES`: agreement beyond chance in classes that hold the bands of the kit
    icc                         intraclass correlation for absolute agreement of single scores, ICC(A,1) of McGraw and
                                Wong 1996: as pearson, but a judge who is always 10 points milder loses by it
    mean_difference             first minus second, in points
    limit_low, limit_high       limits of agreement (Bland and Altman 1986): between them lie 95 % of the differences,
                                mean ± 1.96 standard deviations
    mean_absolute_difference    how far apart two scores of the same reading are, in points
    measurement_error           where a service is compared with itself: standard error of measurement, the within-
                                subject standard deviation √(Σd²/2n) (Bland and Altman 1996), in points

The intervals come from `RESAMPLES` bootstrap samples of whole students where there are `MIN_GROUPS` of them, else of
whole recordings: the words of one recording are not independent, nor are the recordings of one student. They are
approximate: in simulated classes of 12 to 30 students they held the true value 85 to 95 times of 100. From fewer than
`MIN_PAIRS` pairs, or fewer than `MIN_GROUPS` recordings, no figure is given, since any would mislead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from .errors import InputError
from .highlight import Markup, fragment, tag
from .pairs import SCHEMA, TEACHER, Tables, all_pairs

if TYPE_CHECKING:
    from .gradebook import Gradebook

Floats: TypeAlias = npt.NDArray[np.float64]

MIN_PAIRS = 20
MIN_GROUPS = 10
RESAMPLES = 1000
CONFIDENCE = 0.95
KAPPA_EDGES = (20.0, 40.0, 60.0, 80.0)
"""Where the five classes of kappa meet: 60 and 80 are the kit's own thresholds."""

STATISTICS = (
    "pearson",
    "spearman",
    "kappa",
    "icc",
    "mean_difference",
    "limit_low",
    "limit_high",
    "mean_absolute_difference",
    "measurement_error",
)

_LEVELS = ("sentence", "word", "phoneme")
_SEED = 1986  # the same data give the same intervals
_CHUNK = 500_000  # numbers in memory at a time


@dataclass(frozen=True)
class Agreement:
    """What `agreement` found; in a notebook it shows itself as sentences and a table.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per comparison: first, second, level, score, counts (pairs, recordings, students), each statistic of
        `agreement` with _low and _high (its 95 % interval), resampled (students or recordings) and note, which says why
        figures are missing. Missing figures are NaN.
    pairs : pandas.DataFrame
        The scores that were compared, one row a pair: first, second, level, score, student, recording, first_score and
        second_score (0-100).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> machine = np.linspace(20, 95, 40)
    >>> found = pk.agreement(pd.DataFrame({"first_score": machine, "second_score": machine + 5 * np.sin(range(40))}))
    >>> bool(found.frame["pearson_low"][0] > 0.9), bool(found.frame["limit_low"][0] > -10)
    (True, True)
    >>> len(found.findings()), len(found.pairs_of(found.frame.iloc[0]))
    (1, 40)
    >>> "<table" in found.table_html()
    True
    """

    frame: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)

    def __repr__(self) -> str:
        return f"<Agreement: {'; '.join(self.findings())}>"

    def findings(self) -> list[str]:
        """A sentence for each comparison.

        Returns
        -------
        list of str
            One that says what is missing where there is nothing to compare.
        """
        if self.frame.empty:
            return [NOTHING]
        return [_finding(row) for row in self.frame.to_dict("records")]

    def pairs_of(self, row: Mapping[Any, Any]) -> pd.DataFrame:
        """The pairs behind a row of `frame`.

        Parameters
        ----------
        row : mapping
            With first, second, level and score.

        Returns
        -------
        pandas.DataFrame
            With the columns of `pairs`.
        """
        keys = ["first", "second", "level", "score"]
        chosen: pd.DataFrame = self.pairs[(self.pairs[keys] == [row[key] for key in keys]).all(axis=1)]
        return chosen

    def _repr_html_(self) -> str:
        from .highlight import STYLE

        return tag("div", tag("style", STYLE), self.table_html(), class_="pk")

    def table_html(self) -> Markup:
        """The figures as a table, without the style sheet.

        Returns
        -------
        str
            HTML, escaped.
        """
        if self.frame.empty:
            return tag("p", NOTHING)
        columns = ("Compared", "Level", "Pairs", "Pearson", "Spearman", "Kappa", "Difference", "95% of differences")
        rows = (
            tag(
                "tr",
                tag("th", tag("bdi", judges_text(row)), scope="row"),
                tag("td", level_text(row)),
                tag("td", row["pairs"]),
                *(
                    [tag("td", row["note"], colspan=5)]
                    if row["note"] and np.isnan(row["mean_difference"])
                    else [tag("td", shown) for shown in _shown(row)]
                ),
            )
            for row in self.frame.to_dict("records")
        )
        head = tag("thead", tag("tr", *(tag("th", column, scope="col") for column in columns)))
        caption = "Agreement, with 95% intervals"
        table = tag("table", tag("caption", caption), head, tag("tbody", *rows))
        return fragment(
            # In a page it scrolls by itself on a phone, also by keyboard.
            tag("div", table, class_="pk-scroll", tabindex="0", role="region", aria_label=caption),
            tag("p", "Difference: first minus second, in points of 100."),
        )


NOTHING = (
    "There is nothing to compare yet: no teacher's marks, and no recording that was assessed twice. "
    "Mark attempts with Gradebook.override, or assess the same recordings with a second service."
)


def agreement(source: Gradebook | pd.DataFrame, *, author: str | None = None, **filters: Any) -> Agreement:
    """Compare every two judges of which the gradebook has scores of the same readings.

    From a gradebook these are compared: each service with the teachers' marks, services with each other and with
    themselves, on the same recordings. Each statistic has a 95 % interval from 1000 bootstrap samples of whole students
    where there are 10 of them, else of whole recordings: the words of one recording are not independent, nor are the
    recordings of one student. From fewer than 20 pairs, or fewer than 10 recordings, no figure is given, since any
    would mislead.

    - pearson, spearman: do the two put readings in the same order? 1: yes, 0: unrelated.
    - kappa: Cohen's, with quadratic weights, between the classes that meet at 20, 40, 60 and 80: agreement beyond
      chance.
    - icc: intraclass correlation for absolute agreement of single scores, ICC(A,1): as pearson, but a judge who is
      always 10 points milder loses by it.
    - mean_difference: first minus second, in points; limit_low and limit_high: between them lie 95 % of the
      differences, mean ± 1.96 standard deviations.
    - mean_absolute_difference: how far apart two scores of the same reading are, in points.
    - measurement_error: where a service is compared with itself, the within-subject standard deviation √(Σd²/2n), in
      points.

    Parameters
    ----------
    source : Gradebook or pandas.DataFrame
        A frame of pairs has the columns first_score and second_score (0-100) and, where known, first, second, level,
        score, student and recording.
    author : str, optional
        Compare with the marks of this teacher alone.
    **filters : optional
        The gradebook's: class_name, student, task, since, until.

    Returns
    -------
    comparison.Agreement
        Too few pairs give a note in place of figures, and nothing to compare an empty frame.

    Raises
    ------
    InputError
        For scores outside 0-100, frames without the columns, and filters for a frame.

    References
    ----------
    J. Cohen, "Weighted kappa", Psychological Bulletin 70 (1968). K. O. McGraw and S. P. Wong, "Forming inferences about
    some intraclass correlation coefficients", Psychological Methods 1 (1996). J. M. Bland and D. G. Altman,
    "Statistical methods for assessing agreement between two methods of clinical measurement", Lancet 327 (1986), and
    "Measurement error", BMJ 313 (1996).

    Examples
    --------
    >>> pk.agreement(gradebook).findings()
    ["There is nothing to compare yet: no teacher's marks, and no recording that was assessed twice. ..."]
    """
    if isinstance(source, pd.DataFrame):
        if author is not None or filters:
            raise InputError("A frame of pairs takes no filters. Filter the frame first, or give the gradebook.")
        pairs = given_pairs(source)
    else:
        pairs = all_pairs(Tables.of(source, **filters), author=author)
    return compared(pairs)


def compared(pairs: pd.DataFrame) -> Agreement:
    """The agreement of pairs that have all columns of `pairs.SCHEMA`."""
    check_range(pairs)
    groups = pairs.groupby(["first", "second", "level", "score"], sort=False)
    rows = [{**dict(zip(groups.keys, key, strict=True)), **_compared(group)} for key, group in groups]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    order = frame["level"].map({level: place for place, level in enumerate(_LEVELS)})
    frame = frame.assign(order=order).sort_values(["first", "second", "order"], kind="stable").drop(columns="order")
    return Agreement(frame.reset_index(drop=True), pairs)


_COLUMNS: dict[str, str] = {
    **dict.fromkeys(("first", "second", "level", "score"), "string"),
    **dict.fromkeys(("pairs", "recordings", "students"), "int64"),
    **{f"{name}{end}": "float64" for name in STATISTICS for end in ("", "_low", "_high")},
    **dict.fromkeys(("resampled", "note"), "string"),
}


def given_pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of pairs with all columns of `pairs.SCHEMA`; raises `InputError` without the two scores."""
    absent = [column for column in ("first_score", "second_score") if column not in frame]
    if absent:
        raise InputError(
            f"The frame has no column {' or '.join(absent)}. "
            "Give a Gradebook, or a frame with first_score and second_score, one row a pair."
        )
    known = frame.reindex(columns=list(SCHEMA)).reset_index(drop=True)
    try:
        known = known.astype(dict(SCHEMA))
    except (TypeError, ValueError) as error:
        raise InputError(f"The frame of pairs has something else than scores in it ({error}). Give numbers.") from None
    usual = {"first": "first", "second": "second", "level": "sentence", "score": "pron_score"}
    known = known.fillna(usual)
    # Without a name every pair is from a recording of its own.
    known["recording"] = known["recording"].fillna(known.index.to_series().astype("string"))
    pairs: pd.DataFrame = known.dropna(subset=["first_score", "second_score"]).reset_index(drop=True)
    return pairs


def check_range(pairs: pd.DataFrame) -> None:
    """Raise `InputError` where a score is not from 0 to 100."""
    for column in ("first_score", "second_score"):
        beyond = pairs.loc[~pairs[column].between(0, 100), column]
        if len(beyond):
            raise InputError(f"{column} holds {beyond.iloc[0]:g}. Scores are compared on the scale 0 to 100.")


# --- one comparison ---------------------------------------------------------------------------------------------


def _compared(pairs: pd.DataFrame) -> dict[str, Any]:
    x, y = pairs["first_score"].to_numpy(), pairs["second_score"].to_numpy()
    groups, unit = sampling_groups(pairs)
    counts = {
        "pairs": len(pairs),
        "recordings": pairs["recording"].nunique(),
        "students": pairs["student"].nunique(),
    }
    if note := too_few(counts["pairs"], counts["recordings"]):
        return {**counts, "note": note}
    measure = _measures(x, y, retest=pairs["first"].iloc[0] == pairs["second"].iloc[0])
    found = measure(np.ones((1, len(x))))[0]
    low, high = interval(np.concatenate([measure(weights) for weights in resamples(groups)]))
    row: dict[str, Any] = {**counts, "resampled": unit, "note": pd.NA}
    for place, name in enumerate(STATISTICS):
        row |= {name: found[place], f"{name}_low": low[place], f"{name}_high": high[place]}
    if np.isnan(found[STATISTICS.index("pearson")]):
        row["note"] = "One of the two gives everything the same score: there is no correlation to speak of."
    return row


def too_few(pairs: int, recordings: int) -> str | None:
    """Why there are too few pairs for a figure; None where there are enough."""
    if pairs >= MIN_PAIRS and recordings >= MIN_GROUPS:
        return None
    return (
        f"too few: {pairs} pair{'s' * (pairs != 1)} from {recordings} recording{'s' * (recordings != 1)}, "
        f"{MIN_PAIRS} from {MIN_GROUPS} are needed"
    )


def sampling_groups(pairs: pd.DataFrame) -> tuple[npt.NDArray[np.int64], str]:
    """The number of the group that each pair belongs to, and what the groups are: students or recordings."""
    enough_students = pairs["student"].notna().all() and pairs["student"].nunique() >= MIN_GROUPS
    unit = "student" if enough_students else "recording"
    return pd.factorize(pairs[unit])[0].astype(np.int64), f"{unit}s"


def resamples(groups: npt.NDArray[np.int64], count: int = RESAMPLES) -> Iterator[Floats]:
    """Bootstrap samples of whole groups, as how often each row is in each sample: some samples at a time."""
    random = np.random.default_rng(_SEED)
    total = int(groups.max()) + 1
    at_a_time = max(1, _CHUNK // len(groups))
    for done in range(0, count, at_a_time):
        size = min(at_a_time, count - done)
        drawn = random.integers(0, total, (size, total)) + total * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * total).reshape(size, total)
        yield times[:, groups].astype(np.float64)


def interval(samples: Floats) -> tuple[Floats, Floats]:
    """Percentile interval of each column; NaN for one that most samples do not define."""
    undefined = np.isnan(samples).mean(axis=0) > 0.5
    filled = np.where(undefined, 0.0, samples)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(filled, [tail, 1 - tail], axis=0)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)


def _measures(x: Floats, y: Floats, *, retest: bool) -> Callable[[Floats], Floats]:
    """A function from weights (samples x pairs) to the `STATISTICS` (samples x 9), each weight counting a pair.

    What does not depend on the weights is done once. Scores are centred first, so that sums of squares stay exact.
    """
    rank_x, rank_y = _ranker(x), _ranker(y)
    classes = len(KAPPA_EDGES) + 1
    cell = np.digitize(x, KAPPA_EDGES) * classes + np.digitize(y, KAPPA_EDGES)
    in_cell = (cell[:, None] == np.arange(classes**2)).astype(np.float64)
    difference, middle = x - y, (x + y) / 2
    x0, y0, middle0, difference0 = (values - values.mean() for values in (x, y, middle, difference))

    def measure(weights: Floats) -> Floats:
        n = weights.sum(axis=1)
        mean = weights @ difference / n
        of_differences, of_middles = _squares(difference0, weights), _squares(middle0, weights)
        spread = np.sqrt(of_differences / (n - 1))
        return np.column_stack(
            [
                _correlation(_squares(x0, weights), _squares(y0, weights), _products(x0, y0, weights), n),
                _rank_correlation(rank_x(weights), rank_y(weights), weights),
                _kappa((weights @ in_cell).reshape(-1, classes, classes)),
                _icc(2 * of_middles / (n - 1), n * mean**2 / 2, of_differences / 2 / (n - 1), n),
                mean,
                mean - 1.96 * spread,
                mean + 1.96 * spread,
                weights @ np.abs(difference) / n,
                np.sqrt(weights @ difference**2 / (2 * n)) if retest else np.full(len(n), np.nan),
            ]
        )

    return measure


def _squares(values: Floats, weights: Floats) -> Floats:
    return np.maximum(_products(values, values, weights), 0.0)  # rounding may leave less


def _products(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Sums of products of deviations from the mean, of each sample."""
    products: Floats = weights @ (x * y) - (weights @ x) * (weights @ y) / weights.sum(axis=1)
    return products


def _correlation(x_squares: Floats, y_squares: Floats, products: Floats, n: Floats) -> Floats:
    # What is left of equal scores by rounding is no variation.
    varies = (x_squares > 1e-8 * n) & (y_squares > 1e-8 * n)
    size = np.sqrt(np.where(varies, x_squares * y_squares, 1.0))
    return np.where(varies, np.clip(products / size, -1, 1), np.nan)


def _rank_correlation(x: Floats, y: Floats, weights: Floats) -> Floats:
    def products(a: Floats, b: Floats) -> Floats:
        found: Floats = (weights * a * b).sum(axis=1)
        return found

    return _correlation(products(x, x), products(y, y), products(x, y), weights.sum(axis=1))


def _ranker(values: Floats) -> Callable[[Floats], Floats]:
    """A function from weights to the ranks in each sample, ties in the middle, from -50 to 50 with mean 0."""
    order = np.argsort(values, kind="stable")
    distinct, place = np.unique(values, return_inverse=True)
    starts = np.searchsorted(values[order], distinct)

    def ranks(weights: Floats) -> Floats:
        count = np.add.reduceat(weights[:, order], starts, axis=1)
        middle = np.cumsum(count, axis=1) - count / 2
        scaled: Floats = (100 * middle / weights.sum(axis=1, keepdims=True) - 50)[:, place]
        return scaled

    return ranks


def _kappa(tables: Floats) -> Floats:
    """Cohen's kappa with quadratic weights, from square tables of counts."""
    places = np.arange(tables.shape[1])
    disagreement = (places[:, None] - places) ** 2
    rows, columns, n = tables.sum(axis=2), tables.sum(axis=1), tables.sum(axis=(1, 2))
    expected = np.einsum("sr,sc,rc->s", rows, columns, disagreement) / n
    observed = (disagreement * tables).sum(axis=(1, 2))
    return np.where(expected > 0, 1 - observed / np.where(expected > 0, expected, 1), np.nan)


def _icc(between: Floats, judges: Floats, error: Floats, n: Floats) -> Floats:
    """ICC(A,1) of two judges (McGraw and Wong 1996), from the mean squares of a two-way analysis of variance."""
    whole = between + error + 2 / n * (judges - error)
    varies = whole > 1e-8
    return np.where(varies, (between - error) / np.where(varies, whole, 1), np.nan)


# --- in words ---------------------------------------------------------------------------------------------------

_SCORE_NAMES = {
    "pron_score": "overall",
    "accuracy_score": "accuracy",
    "fluency_score": "fluency",
    "completeness_score": "completeness",
    "prosody_score": "prosody",
}


def judges_text(row: Mapping[Any, Any]) -> str:
    """Who is compared, from a row of `Agreement.frame`: "local with the teacher"."""
    if row["first"] == row["second"]:
        return f"{row['first']} with itself"
    return f"{row['first']} with {'the teacher' if row['second'] == TEACHER else row['second']}"


def level_text(row: Mapping[Any, Any]) -> str:
    """What is compared, from a row of `Agreement.frame`: "sentence, overall"."""
    name = _SCORE_NAMES.get(row["score"], row["score"])
    return f"{row['level']}, {name}" if row["level"] == "sentence" else str(row["level"])


def _finding(row: Mapping[Any, Any]) -> str:
    about = f"{judges_text(row)}, {level_text(row)}"
    if np.isnan(row["mean_difference"]):
        return f"{about}: {row['note']}"
    order = "" if np.isnan(row["pearson"]) else f"r = {_correlation_text(row, 'pearson')}, "
    apart = f"{_difference(row)} points apart on average"
    error = "" if np.isnan(row["measurement_error"]) else f", measurement error {row['measurement_error']:.1f} points"
    return f"{about}: {order}{apart}{error} (n = {row['pairs']})"


def _shown(row: Mapping[Any, Any]) -> list[str]:
    return [
        *(_correlation_text(row, name) for name in ("pearson", "spearman", "kappa")),
        _difference(row),
        f"{signed(row['limit_low'])} to {signed(row['limit_high'])}",
    ]


def _correlation_text(row: Mapping[Any, Any], name: str) -> str:
    return "–" if np.isnan(row[name]) else f"{row[name]:.2f} ({row[f'{name}_low']:.2f} to {row[f'{name}_high']:.2f})"


def _difference(row: Mapping[Any, Any]) -> str:
    mean, low, high = (signed(row[f"mean_difference{end}"]) for end in ("", "_low", "_high"))
    return f"{mean} ({low} to {high})"


def signed(value: float, decimals: int = 1) -> str:
    """A difference for people: "+4.2", "−3.0"."""
    return f"{value:+.{decimals}f}".replace("-", "−")
