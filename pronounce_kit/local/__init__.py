"""The embedded engine: speech is assessed, recognized and made on this machine, offline.

| module | does |
|---|---|
| runtime, conformer, acoustics | audio to posteriors over phones (hama's network in onnxruntime) |
| phones, lexicon, voice | names of phones; text to words and phones; the model voice (hibari) |
| gop, miscue | posteriors and phones to goodness of pronunciation; which words were said at all |
| analysis | a text to be read, and a recording held against it |
| features, network, scores, models | from there to scores |
| timing, reply, formats | when, in the service's JSON, in which sound format |
| recognizer, beam, language, listener, written, profanity | what was said, without a text |
| service | `LocalSpeech`, which brings them together |
| corpus, examples, training, export, sketch, evaluation | fitting the scoring models again |
| build_conformer, build_language, build_listener | making the recognizer's data again |
"""

import os

# From 1.29 on onnxruntime tells its makers of each process and model, and writes an identifier into the home folder,
# unless this is set before it is imported, by us or by hibari. Here nothing leaves the machine.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from .service import LocalSpeech

__all__ = ["LocalSpeech"]
