"""Words and sounds in colour: one reading, or a whole class.

    plot_words(a)                   the sentence as it was read
    plot_phonemes(a)                its sounds one by one, expected and heard
    plot_scores(a)                  the scores of the whole text

    plot_class_words(words)         students and words: mean scores and numbers of attempts
    plot_class_phonemes(phonemes)   students and sounds
    plot_hardest_words(words)       what is missed most, with intervals
    plot_hardest_phonemes(phonemes)
    plot_confusions(phonemes)       expected and heard sounds, also by first language
    plot_progress(utterances)       from attempt to attempt
    plot_distribution(utterances)   how many recordings scored how much
    plot_items(words)               how hard each word is, and whether it tells readers apart
    plot_timeline(utterances)       who practised when
    plot_agreement(agreement), plot_agreement_levels(agreement)     machine, teacher and services compared

    figure_png(ax)                  the picture as PNG bytes

`a` is an `Assessment` or its frame of words, phonemes or utterances; `words`, `phonemes` and `utterances` are the
frames of a gradebook, and the figures behind their charts come from `classroom`. Each function draws into `ax`, or
into a figure of its own that Jupyter shows where the returned `Axes` is the value of a cell (elsewhere:
`display(ax)`). Nothing here uses pyplot, so charts may be drawn in any thread. The colours are those of `highlight`.
"""

from __future__ import annotations

from .agreement import plot_agreement, plot_agreement_levels
from .confusions import plot_confusions
from .distribution import plot_distribution
from .figures import figure_png
from .heatmaps import plot_class_phonemes, plot_class_words
from .items import plot_items
from .phonemes import plot_phonemes
from .progress import plot_progress
from .ranking import plot_hardest_phonemes, plot_hardest_words
from .scores import plot_scores
from .timeline import plot_timeline
from .words import plot_words

__all__ = [
    "figure_png",
    "plot_agreement",
    "plot_agreement_levels",
    "plot_class_phonemes",
    "plot_class_words",
    "plot_confusions",
    "plot_distribution",
    "plot_hardest_phonemes",
    "plot_hardest_words",
    "plot_items",
    "plot_phonemes",
    "plot_progress",
    "plot_scores",
    "plot_timeline",
    "plot_words",
]
