"""A text to be read, and a recording held against it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..recording import Recording
from .acoustics import BLANK, AcousticModel, Floats, Heard
from .contour import Contour
from .features import Ints, Layout, View, phone_features
from .gop import DELETION, Gop, goodness
from .lexicon import DROPPED, LexicalWord, Lexicon, accepted_variants, symbols_of
from .network import Sounds
from .phones import INDEX
from .voice import SAMPLE_RATE as VOICE_RATE
from .voice import Voice

CACHED_SCRIPTS = 256
"""Texts whose analysis is kept; one takes about 50 kB."""


@dataclass(frozen=True, slots=True)
class Script:
    """A text to be read: its words, where their phones stand, and the model voice's reading of them.

    accepted: (N, 40) whether a phone, or in the last column none, is an accepted variant of the canonical one.
    contour: melody, loudness and times of the model voice's reading.
    """

    words: tuple[LexicalWord, ...]
    layout: Layout
    accepted: NDArray[np.bool_]
    voice: View
    contour: Contour

    def only(self, kept: NDArray[np.bool_]) -> Script:
        """The script without the words that are not kept, (W,); at least one is."""
        if kept.all():
            return self
        words = [word for word, keep in zip(self.words, kept, strict=True) if keep]
        phones = kept[self.layout.word]
        return Script(
            words=tuple(words),
            layout=Layout.of([word.phones for word in words]),
            accepted=self.accepted[phones],
            voice=self.voice.only(phones),
            contour=self.contour.only(phones),
        )


@dataclass(frozen=True, slots=True)
class Hearing:
    """A recording held against a script.

    said: (N,) the phone, canonical or accepted variant, that the learner is judged by; DELETION where none is as right.
    gop: against the canonical phones, from which `view` follows with accepted variants counted as right. frame_s:
    seconds a frame.
    """

    script: Script
    posteriors: Floats
    gop: Gop
    view: View
    said: Ints
    frame_s: float

    def sounds(self) -> Sounds:
        """The phones as the network looks at them."""
        layout, voice = self.script.layout, self.script.voice
        return Sounds(
            rows=phone_features(layout, self.view, voice),
            learner=self.view.states,
            voice=voice.states,
            phone=layout.phone,
            word=layout.word,
            text=np.zeros_like(layout.word),
        )


class Analyzer:
    """Makes scripts of texts (the last 256 are kept) and holds recordings against them. Safe to share by threads."""

    def __init__(
        self, model: AcousticModel, voice: Voice, own_words: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self.model = model
        self.voice = voice
        self._own_words = own_words
        self._lexicon: Lexicon | None = None
        self._scripts: OrderedDict[Hashable, Script] = OrderedDict()
        self._lock = threading.Lock()

    def script(self, text: str) -> Script:
        """The script of a text; raises `TextError` when it cannot be read aloud."""
        return self._kept(text, lambda: self.script_of_words(self.lexicon.words(text)))

    def script_of_part(self, words: tuple[LexicalWord, ...]) -> Script:
        """The script of some words of a text, kept as that of a text is."""
        return self._kept(words, lambda: self.script_of_words(words))

    def _kept(self, key: Hashable, make: Callable[[], Script]) -> Script:
        with self._lock:
            if key in self._scripts:
                self._scripts.move_to_end(key)
                return self._scripts[key]
        script = make()
        with self._lock:
            self._scripts[key] = script
            while len(self._scripts) > CACHED_SCRIPTS:
                self._scripts.popitem(last=False)
        return script

    @property
    def lexicon(self) -> Lexicon:
        """Text -> words and phones."""
        if self._lexicon is None:
            self._lexicon = Lexicon(self.voice.g2p, self._own_words)
        return self._lexicon

    def script_of_words(self, words: Sequence[LexicalWord], variants: bool = True) -> Script:
        """The script of words whose phones are known already; spoken once by the model voice."""
        layout = Layout.of([word.phones for word in words])
        accepted = np.zeros((len(layout.phone), BLANK + 1), bool)
        if variants:
            for i, phones in enumerate(variant for word in words for variant in accepted_variants(word)):
                accepted[i, [DELETION if phone == DROPPED else INDEX[phone] for phone in phones]] = True
        spoken = self.voice.say_misaki(symbols_of(words))
        samples = Recording.from_array(spoken, VOICE_RATE).samples
        heard = self.model.hear(samples)
        gop = goodness(heard.posteriors, layout.phone)
        if gop is None:  # a text of sounds that the voice leaves out, such as a lone "h"
            heard = heard.with_silence(3 * len(layout.phone))
            gop = goodness(heard.posteriors, layout.phone)
            assert gop is not None  # noqa: S101
        view, _ = _judge(gop, heard, layout.phone, accepted)
        contour = Contour.of(samples, view.peak, self.model.frame_s)
        return Script(tuple(words), layout, accepted, view, contour)

    def hear(self, samples: NDArray[np.float32], script: Script) -> Hearing | None:
        """Hold a recording (16 kHz mono) against a script; None when it is too short to hold the script's phones."""
        return self.hold(self.model.hear(samples), script)

    def hold(self, heard: Heard, script: Script) -> Hearing | None:
        """As `hear`, from what was heard."""
        gop = goodness(heard.posteriors, script.layout.phone)
        if gop is None:
            return None
        view, said = _judge(gop, heard, script.layout.phone, script.accepted)
        return Hearing(script, heard.posteriors, gop, view, said, self.model.frame_s)


def _judge(gop: Gop, heard: Heard, phones: Ints, accepted: NDArray[np.bool_]) -> tuple[View, Ints]:
    """The view in which each phone is its likeliest accepted variant, and those variants.

    Replacing phone i by variant v moves its log ratios by -ratio[i, v], exactly; that its neighbours' ratios move a
    little too is left out, which saves a second forward-backward pass.
    """
    n = np.arange(len(phones))
    among = np.where(accepted, gop.ratio, np.inf)
    among[n, phones] = 0.0
    said = among.argmin(1)
    ratio = gop.ratio - among[n, said][:, None]
    ratio[accepted] = np.inf
    ratio[n, phones] = np.inf
    view = View.of(replace(gop, ratio=ratio), heard, said)
    return view, said
