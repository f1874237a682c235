"""`PracticeCard`: the student's whole loop on one card. Read, record, see, hear, repeat.

What is shown is decided in `scene`, what is done in `practice`; here messages of the browser become calls of
`practice`, and its answers messages:

    browser -> kernel   hello                     a card is on the screen; what was done so far?
                        take + sound              see `takes`; with {attempt, index}
                        score {attempt}           assess an attempt again
                        model {index}             let the model voice read
                        say {text}                let the model voice say a minimal pair
                        sound {attempt}           the recording of an earlier attempt
    kernel -> browser   state {attempts}
                        scored {…}                an attempt and its scene; "redrawn" where only the drawing is new
                        model {…} + sound, said {text} + sound, sound {attempt} + sound, or silent {message}
                        problem {message}         anything else that went wrong

A take is on disk before it is acknowledged, and acknowledged before it is assessed. Assessing and speaking happen in
threads of the card's own, so that neither holds up the notebook.
"""

from __future__ import annotations

import contextvars
import os
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anywidget
import traitlets

from ..params import PronunciationScoreParams
from ..quality import LONGEST_S
from ..results import Assessment
from ..service import SpeechService
from .assets import script, style
from .plain_words import in_plain_words
from .practice import LANGUAGE, Attempt, KeepsAttempts, Practice
from .scene import Json
from .takes import MAX_MESSAGE_BYTES, MAX_SECONDS, Inbox, Take

_LONGEST_PAIR = 60  # characters of a minimal pair


class PracticeCard(anywidget.AnyWidget):
    """Read sentences aloud and see which words and sounds went wrong; hear them, and try again.

    Parameters
    ----------
    texts : str or list of str
        A sentence, or several, each at most a minute of reading.
    service : SpeechService, optional
        By default that of `connect`, which loads while the student reads.
    gradebook : Gradebook, optional
        Where to enter every scored attempt; it needs a student.
    student, class_name, task : str, optional
        As whose, and as what, to enter them.
    folder : str or path
        Every take is written here before anything else happens to it, and the service's reply beside it.
    language : str
        Locale of the texts.
    params : PronunciationScoreParams, optional
        What to assess; the text in it is replaced. By default everything, prosody too.
    **traits : optional
        `max_seconds` (1 to 320) ends a take by itself, and `stop_after_silence_s` so many seconds after the student
        fell silent (0: never); all else is ipywidgets' own, such as `layout`.

    Attributes
    ----------
    texts : list of str
        The sentences.
    index : int
        The place of the one that is shown, from 0.
    folder : str
        Where takes go.
    max_seconds : float
        The longest take, in seconds.
    stop_after_silence_s : float
        Seconds of silence that end a take, 0 for never.

    Raises
    ------
    TextError
        For texts that cannot be read.
    InputError
        For a gradebook without a student.

    Examples
    --------
    >>> card = pk.widgets.PracticeCard(["I think so.", text], service, gradebook, student="Ada", class_name="5b")
    >>> card  # doctest: +SKIP
    >>> pk.words(card.assessments)["word"].tolist()  # nothing was read yet
    []
    >>> card.close()
    """

    _esm = script("card.js")
    _css = style("card.css")

    texts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    index = traitlets.Int(0).tag(sync=True)
    folder = traitlets.Unicode("recordings").tag(sync=True)
    max_seconds = traitlets.Float(LONGEST_S, min=1.0, max=MAX_SECONDS).tag(sync=True)
    stop_after_silence_s = traitlets.Float(0.0, min=0.0, max=60.0).tag(sync=True)

    _max_bytes = traitlets.Int(MAX_MESSAGE_BYTES).tag(sync=True)
    _key = traitlets.Unicode().tag(sync=True)
    _language = traitlets.Unicode(LANGUAGE).tag(sync=True)

    def __init__(
        self,
        texts: str | Sequence[str],
        service: SpeechService | None = None,
        gradebook: KeepsAttempts | None = None,
        *,
        student: str | None = None,
        class_name: str | None = None,
        task: str | None = None,
        folder: str | os.PathLike[str] = "recordings",
        language: str = LANGUAGE,
        params: PronunciationScoreParams | None = None,
        **traits: Any,
    ) -> None:
        self._practice = Practice(
            texts, service, gradebook, student=student, class_name=class_name, task=task,
            language=language, params=params,
        )  # fmt: skip
        super().__init__(
            texts=self._practice.texts,
            folder=os.fspath(folder),
            _key=secrets.token_hex(8),
            _language=language,
            **traits,
        )
        # Two threads: a take never waits for the model voice.
        self._scoring = ThreadPoolExecutor(1, "pronounce-kit-scoring")
        self._speaking = ThreadPoolExecutor(1, "pronounce-kit-speaking")
        self._inbox = Inbox(self, lambda: self.folder, self._on_take)
        self.on_msg(self._receive)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All takes so far, in the order they were made."""
        return tuple(self._practice.attempts)

    @property
    def assessments(self) -> list[Assessment]:
        """What was scored so far, for `pk.words(card.assessments)` and the charts."""
        return [attempt.assessment for attempt in self.attempts if attempt.assessment is not None]

    def close(self) -> None:
        """End the card; a take that is being scored is finished first."""
        for threads in (self._scoring, self._speaking):
            threads.shutdown(wait=False)
        super().close()

    # --- messages -------------------------------------------------------------------------------------------

    def _receive(self, _: object, content: Any, __: object) -> None:
        handlers: dict[str, Callable[[Json], None]] = {
            "hello": self._on_hello,
            "score": self._on_score,
            "model": lambda asked: self._later(self._speaking, self._speak, int(asked["index"])),
            "say": lambda asked: self._later(self._speaking, self._say, str(asked["text"])[:_LONGEST_PAIR]),
            "sound": self._on_sound,
        }
        handler = handlers.get(content.get("kind", "")) if isinstance(content, dict) else None
        if handler is not None:
            self._guarded(handler, content)

    def _guarded(self, work: Callable[..., None], *arguments: Any) -> None:
        """An exception in a callback or thread shows nowhere in a notebook: the card says it."""
        try:
            work(*arguments)
        except Exception as error:  # the outermost place of every message and thread
            self.send({"kind": "problem", "message": in_plain_words(error)})

    def _later(self, threads: ThreadPoolExecutor, work: Callable[..., None], *arguments: Any) -> None:
        # With the context of the message, which is what ipykernel answers to.
        threads.submit(contextvars.copy_context().run, self._guarded, work, *arguments)

    def _on_hello(self, _: Json) -> None:
        self.send({"kind": "state", "attempts": [self._practice.shown(attempt) for attempt in self.attempts]})
        self._later(self._speaking, self._warm, self.index)

    def _on_take(self, take: Take) -> None:
        attempt = self._practice.add(str(take.details["attempt"]), int(take.details["index"]), take)
        self._later(self._scoring, self._score, attempt)

    def _on_score(self, asked: Json) -> None:
        if attempt := self._practice.find(asked["attempt"]):
            self._later(self._scoring, self._score, attempt)

    def _on_sound(self, asked: Json) -> None:
        attempt = self._practice.find(asked["attempt"])
        if attempt is not None and attempt.recording is not None:
            self.send({"kind": "sound", "attempt": attempt.id}, buffers=[attempt.recording.to_wav()])

    # --- in threads -----------------------------------------------------------------------------------------

    def _score(self, attempt: Attempt) -> None:
        self.send({"kind": "scored", **self._practice.score(attempt)})

    def _warm(self, index: int) -> None:
        if self._practice.offline and not self._practice.has_model(index):
            self._speak(index)

    def _speak(self, index: int) -> None:
        was_there = self._practice.has_model(index)
        try:
            model = self._practice.model(index)
        except Exception as error:  # as in `_guarded`, in the place of the voice
            self.send({"kind": "silent", "asked": "model", "message": in_plain_words(error)})
            return
        self.send({"kind": "model", "index": index, **model.to_json()}, buffers=[model.wav])
        if not was_there:  # what was scored before gets the model's melody laid over its own
            for attempt in self.attempts:
                if attempt.index == index and attempt.assessment is not None:
                    self.send({"kind": "redrawn", **self._practice.shown(attempt)})

    def _say(self, text: str) -> None:
        try:
            self.send({"kind": "said", "text": text}, buffers=[self._practice.say(text)])
        except Exception as error:  # as in `_guarded`, in the place of the voice
            self.send({"kind": "silent", "asked": "say", "message": in_plain_words(error)})

    @traitlets.validate("index")
    def _valid_index(self, proposal: Any) -> int:
        return min(max(int(proposal["value"]), 0), max(len(self.texts) - 1, 0))

    @traitlets.observe("index")
    def _on_index(self, change: Any) -> None:
        if hasattr(self, "_speaking"):
            self._later(self._speaking, self._warm, int(change["new"]))
