"""Words and sounds in colour.

    plot_words(a)       the sentence as it was read
    plot_phonemes(a)    its sounds one by one, expected and heard
    plot_scores(a)      the scores of the whole text
    figure_png(ax)      the picture as PNG bytes

`a` is an `Assessment` or its frame of words, phonemes or utterances. Each function draws into `ax`, or into a
figure of its own that Jupyter shows where the returned `Axes` is the value of a cell (elsewhere: `display(ax)`).
Nothing here uses pyplot, so charts may be drawn in any thread. The colours are those of `highlight`.
"""

from __future__ import annotations

from .figures import figure_png
from .phonemes import plot_phonemes
from .scores import plot_scores
from .words import plot_words

__all__ = ["figure_png", "plot_phonemes", "plot_scores", "plot_words"]
