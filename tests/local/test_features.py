"""What the scoring models look at."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit.local.features import states_of_phones


@given(st.integers(1, 6), st.integers(1, 30), st.integers(0, 10_000))
def test_a_phones_states_are_the_mean_where_it_is_likely_and_the_mean_up_to_its_neighbours(phones, frames, seed):
    random = np.random.default_rng(seed)
    states = random.normal(size=(frames, 3)).astype(np.float32)
    occupancy = random.random((frames, phones))
    peak = np.sort(random.integers(0, frames, phones))
    found = states_of_phones(states, occupancy, peak)
    for i in range(phones):
        sharp = (states * occupancy[:, [i]]).sum(0) / occupancy[:, i].sum()
        begin = (peak[i - 1] + peak[i] + 1) // 2 if i else max(peak[0] - 4, 0)
        end = (peak[i] + peak[i + 1] + 1) // 2 if i + 1 < phones else peak[i] + 6
        first = min(max(begin, peak[i] - 6), frames - 1)
        last = max(min(max(end, first + 1), peak[i] + 7, frames), first + 1)
        np.testing.assert_allclose(found[i], np.concatenate([sharp, states[first:last].mean(0)]), atol=1e-5)
