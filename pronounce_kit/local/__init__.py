"""The embedded engine: pronunciation assessment and speech synthesis on this machine, offline.

acoustics   audio -> posteriors over phones (hama)
gop         posteriors and phones -> goodness of pronunciation
lexicon     text -> words and phones; voice: the model voice (hibari)
analysis    a text to be read, and a recording held against it
features, scores, models    from there to scores
reply       scores -> the service's JSON
service     LocalSpeech
corpus, examples, training, export, evaluation    fitting the models again
"""

from .service import LocalSpeech

__all__ = ["LocalSpeech"]
