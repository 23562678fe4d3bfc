import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.protocols.four_states import BASES
from noclone.rates.three_state import phase_errors


@given(st.integers(0, 2**32 - 1))
def test_the_virtual_state_is_that_of_any_channel(seed):
    """Brute force: phase errors of the four-state protocol behind a random channel with loss."""
    rng = np.random.default_rng(seed)
    kraus = rng.normal(size=(3, 2, 2)) + 1j * rng.normal(size=(3, 2, 2))
    kraus /= np.sqrt(1.1 * np.linalg.norm(sum(k.conj().T @ k for k in kraus), 2))

    def prob(seen, sent):
        return sum(abs(seen.conj() @ k @ sent) ** 2 for k in kraus)

    plus, minus = BASES["x"]
    of_z = sum(prob(plus, state) for state in BASES["z"]) / 2
    errors = (prob(minus, plus) + prob(plus, minus)) / 2
    assert phase_errors(prob(minus, plus), prob(plus, plus), of_z) == pytest.approx(errors, abs=1e-12)
