"""The pace for a service."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit import AzureSpeech, ParameterError
from pronounce_kit.batch import Limiter
from pronounce_kit.batch.limiter import limiter_of
from tests.batch.tiny import Tiny


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_burst_of_less_than_a_request_is_refused():
    with pytest.raises(ParameterError, match="burst"):
        Limiter(10, burst=0.5)


def test_without_a_limit_every_request_may_go():
    limiter = Limiter()
    assert not any(limiter.take() for _ in range(1000))
    assert not limiter.is_limiting


@given(
    rate=st.floats(0.1, 100),
    burst=st.integers(1, 10),
    idle=st.lists(st.floats(0, 3), max_size=60),
)
def test_no_window_of_time_sees_more_requests_than_the_rate_and_one_burst(rate, burst, idle):
    clock = Clock()
    limiter = Limiter(rate, burst=burst, clock=clock)
    sent = []
    for pause in idle:
        clock.now_s += pause
        while not limiter.take():
            sent.append(clock.now_s)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            allowed = burst + (sent[last] - sent[first]) * rate
            assert last - first + 1 <= allowed + 1e-6


@given(rate=st.floats(0.1, 100), count=st.integers(1, 50))
def test_who_comes_back_when_told_to_loses_no_time(rate, count):
    clock = Clock()
    limiter = Limiter(rate, clock=clock)
    start = clock.now_s
    for _ in range(count):
        while wait := limiter.take():
            clock.now_s += wait
    assert clock.now_s - start == pytest.approx((count - 1) / rate, rel=1e-6, abs=1e-6)


def test_no_more_requests_are_under_way_than_allowed():
    limiter = Limiter(concurrent=2)
    assert [limiter.take() == 0 for _ in range(3)] == [True, True, False]
    limiter.release()
    assert limiter.take() == 0


def test_all_wait_while_the_service_asks_for_patience():
    clock = Clock()
    limiter = Limiter(clock=clock)
    limiter.pause(7)
    limiter.pause(3)  # does not shorten it
    assert limiter.take() == pytest.approx(7)
    clock.now_s += 7
    assert limiter.take() == 0


@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan, True])
def test_a_limit_that_is_none_is_refused(value):
    with pytest.raises(ParameterError, match="requests_per_second"):
        Limiter(requests_per_second=value)


def test_batches_with_one_cloud_client_share_a_limiter_and_the_engine_has_none():
    cloud, other = AzureSpeech(key="k" * 32, region="westeurope"), AzureSpeech(key="k" * 32, region="westeurope")
    assert limiter_of(cloud, is_cloud=True) is limiter_of(cloud, is_cloud=True)
    assert limiter_of(cloud, is_cloud=True) is not limiter_of(other, is_cloud=True)
    assert limiter_of(cloud, is_cloud=True).is_limiting
    assert not limiter_of(Tiny(), is_cloud=False).is_limiting
