"""What an assessment costs: time of one core as a share of the recording's length, and where it goes.

python -m tests.benchmarks.engine
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

# One core is what is promised; numpy's threads would hide what it costs.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

SENTENCE = "The old man and his brother walked along the river to see the boats, and then they went home."
ROUNDS = 15


def measure() -> dict[str, Any]:
    """Seconds of processor time a second of audio, medians; peak memory of this process in MB."""
    from pronounce_kit import LocalSpeech, Recording
    from pronounce_kit.local.gop import goodness
    from pronounce_kit.local.miscue import Ears, find_miscues
    from pronounce_kit.pitch import track

    speech = LocalSpeech().load()
    recording = Recording.from_array(Recording.from_bytes(speech.synthesize(SENTENCE)).samples[: 5 * 16_000], 16_000)
    speech.assess(recording, SENTENCE)  # the first call makes the text's script

    model, analyzer = speech._analyzer.model, speech._analyzer
    heard, script = model.hear(recording.samples), analyzer.script(SENTENCE)
    ears = Ears.of(heard, script)
    counter = iter(range(1_000_000))
    costs = {
        "known text": _median(lambda: speech.assess(recording, SENTENCE)),
        "acoustic model alone": _median(lambda: model.hear(recording.samples)),
        "acoustic model, hama's own engine": _median(_by_hama(recording)),
        "goodness of pronunciation": _median(lambda: goodness(heard.posteriors, script.layout.phone)),
        "search for left out and added words": _median(lambda: find_miscues(ears, script)),
        "pitch": _median(lambda: track(recording.samples)),
        "new text": _median(lambda: speech.assess(recording, f"{SENTENCE[:-1]} {next(counter)}.")),
    }
    length = recording.duration_s
    result = {f"{name}, share of real time": seconds / length for name, seconds in costs.items()}
    around = costs["known text"] - costs["acoustic model alone"]
    result["around the acoustic model, share of the whole"] = around / costs["known text"]
    result["... were it run by hama's own engine"] = around / (around + costs["acoustic model, hama's own engine"])
    result["audio, s"] = length
    unit = 1 if sys.platform == "darwin" else 1024
    result["peak memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return result


def _by_hama(recording: Any) -> Callable[[], object]:
    import numpy as np
    from hama.asr import ASRModel

    session = ASRModel().session
    feeds = {"waveform": recording.samples[None], "waveform_lengths": np.array([len(recording.samples)])}
    return lambda: session.run(["log_probs", "out_lengths"], feeds)


def _median(call: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return statistics.median(times)


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:55s}{value:10.4f}")
