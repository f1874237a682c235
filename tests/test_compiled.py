"""Loops as machine code, and as Python where there is no numba."""

import subprocess
import sys

import numpy as np
import pytest

from pronounce_kit.compiled import compiled

# Everything that is compiled, on small inputs; prints the numbers.
PROGRAM = """
import sys
if {without}:
    sys.modules["numba"] = None
import numpy as np
from pronounce_kit.local.gop import goodness
from pronounce_kit.local.search import likeliest_way
from pronounce_kit.pitch import track

random = np.random.default_rng(0)
posteriors = random.dirichlet(np.full(40, 0.1), size=60) + 1e-5
posteriors /= posteriors.sum(1, keepdims=True)
phones = np.array([3, 7, 7, 20, 3])
found = goodness(posteriors, phones)
log_p = np.log(posteriors)
way = likeliest_way(
    log_p[:, phones], log_p[:, 39], log_p.max(1) - 0.1, word_of=np.array([0, 0, 1, 1, 2]),
    same=phones[1:] == phones[:-1], skip=np.full(3, 5.0), enter=4.0,
)
tone = track(np.sin(np.arange(8000) * 0.05).astype(np.float32) * 0.3)
print(*(array.tobytes().hex() for array in (way.phone, way.word, way.boundary)))
print(*np.round(np.concatenate([found.ratio.ravel(), found.occupancy.ravel(), tone.f0_hz, tone.voicing]), 9).tolist())
"""


def numbers(without: bool) -> list[str]:
    program = PROGRAM.format(without=without)
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.slow
def test_without_numba_the_same_numbers_come_out():
    pytest.importorskip("numba")
    compiled_numbers, plain_numbers = numbers(without=False), numbers(without=True)
    assert compiled_numbers[:3] == plain_numbers[:3]
    np.testing.assert_allclose(np.array(compiled_numbers[3:], float), np.array(plain_numbers[3:], float), atol=1e-6)


def test_where_nothing_may_be_written_it_is_compiled_each_time(tmp_path, monkeypatch):
    numba = pytest.importorskip("numba")
    real = numba.njit

    def njit(function, *, cache=False, **options):
        if cache:  # as numba does where neither the source's folder nor the user's cache may be written
            raise RuntimeError("cannot cache function: no locator available")
        return real(function, **options)

    monkeypatch.setattr(numba, "njit", njit)

    @compiled
    def total(values):
        out = 0.0
        for value in values:
            out += value
        return out

    assert total(np.arange(4.0)) == 6.0
