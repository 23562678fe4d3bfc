import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from noclone.models.amplitudes import amplitude_qubits, amplitude_states
from noclone.models.encoding import AngleEncoder
from noclone.models.feature_maps import feature_map
from noclone.models.fidelity_kernel import fidelities
from noclone.models.state_encoding import StateEncoder, map_states


@given(st.integers(1, 20), st.integers(0, 2**31))
def test_fidelity_of_amplitudes_is_the_squared_cosine(features, seed):
    data = np.random.default_rng(seed).normal(size=(5, features)) * 10.0 ** np.arange(-2, 3)[:, None]
    found = fidelities(amplitude_states(data), amplitude_states(data))
    assert found == pytest.approx(cosine_similarity(data) ** 2, abs=1e-12)


def test_amplitudes_are_normalised_whatever_their_size():
    states = amplitude_states([[0.0, 0.0, 0.0], [1e300, 1e300, 0.0], [1e-300, 0.0, 0.0]])
    assert (np.abs(states) ** 2).sum(axis=1) == pytest.approx(1)
    assert states[0, 0] == 1
    assert [amplitude_qubits(n) for n in (1, 2, 3, 4, 5, 256, 257)] == [1, 1, 2, 2, 3, 8, 9]


def test_feature_maps_read_encoded_angles():
    data = np.random.default_rng(0).normal(size=(9, 5))
    encoder = StateEncoder("tilted", layers=2, bandwidth=0.5, max_qubits=3).fit(data)
    angles = AngleEncoder(3, 0.5).fit(data).transform(data)
    assert (encoder.states(data) == map_states(feature_map("tilted", 3, 2), angles)).all()
    assert encoder.circuit_ == encoder.circuit_for(5)


def test_single_precision_agrees():
    data = np.random.default_rng(0).normal(size=(9, 5))
    double, single = (StateEncoder(precision=p).fit(data).states(data) for p in ("float64", "float32"))
    assert np.abs(double - single).max() < 1e-5
