"""Which words of the text were said at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .acoustics import Floats
from .analysis import Script
from .gop import left_out_words

OMITTED_RATIO = -11.0
"""A word is omitted if the audio is this much likelier (natural log) without it than with it.

Chosen on the corpus: see the model card. An accented word is far likelier said than not, since its sounds are there.
"""


def said_words(posteriors: Floats, script: Script) -> NDArray[np.bool_]:
    """(W,) whether each word was said: the word that the audio speaks most against is left out, until none is.

    One at a time, because a word too many also pushes its neighbours out of place.
    """
    said = np.ones(script.layout.words, bool)
    while said.any():
        kept = said[script.layout.word]
        ratio = left_out_words(posteriors, script.layout.phone[kept], script.layout.word[kept])
        worst = int(ratio.argmin())
        if ratio[worst] > OMITTED_RATIO:
            break
        said[np.flatnonzero(said)[worst]] = False
    return said
