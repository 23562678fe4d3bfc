import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.models.feature_maps import FEATURE_MAPS, feature_map
from noclone.models.fidelity_kernel import gram
from noclone.models.state_encoding import map_states

ANGLES = np.random.default_rng(1).uniform(-2, 2, (7, 3))


def kernel(name, repeats=1, entangled=True, angles=ANGLES):
    return gram(map_states(feature_map(name, angles.shape[1], repeats, entangled), angles))


def differences():
    return ANGLES[:, None] - ANGLES


@pytest.mark.parametrize("name", ["angle", "iqp"])
def test_one_repetition_without_entanglement_has_the_product_kernel(name):
    expected = np.cos(differences() / 2).prod(axis=2) ** 2
    assert kernel(name, entangled=False) == pytest.approx(expected, abs=1e-12)


def test_the_controlled_phases_after_one_repetition_of_angle_cancel():
    assert kernel("angle") == pytest.approx(kernel("angle", entangled=False), abs=1e-12)
    assert np.abs(kernel("angle", 2) - kernel("angle", 2, entangled=False)).max() > 0.01


def test_repetitions_of_angle_without_entanglement_are_bandwidth():
    expected = kernel("angle", entangled=False, angles=3 * ANGLES)
    assert kernel("angle", 3, entangled=False) == pytest.approx(expected, abs=1e-12)


def test_tilted_without_entanglement_on_the_bloch_sphere():
    # RX(pi/4) leaves y = -sin(pi/4); RY(x) turns the rest, cos(pi/4), by x
    expected = ((1 + 0.5 + 0.5 * np.cos(differences())) / 2).prod(axis=2)
    assert kernel("tilted", entangled=False) == pytest.approx(expected, abs=1e-12)


def test_iqp_matches_a_direct_matrix_calculation():
    bits = (np.arange(8)[:, None] >> np.arange(2, -1, -1)) & 1
    signs = 1 - 2 * bits
    hadamard = np.array([[(-1) ** bin(i & j).count("1") for j in range(8)] for i in range(8)]) / np.sqrt(8)
    states = []
    for row in ANGLES:
        pairs = sum(row[i] * row[j] * signs[:, i] * signs[:, j] for i in range(3) for j in range(i))
        phases = np.exp(-0.5j * (signs @ row + pairs))
        state = np.eye(8)[0]
        for _ in range(2):
            state = phases * (hadamard @ state)
        states.append(state)
    assert kernel("iqp", 2) == pytest.approx(gram(np.array(states)), abs=1e-12)


@pytest.mark.parametrize("name", FEATURE_MAPS)
def test_twins_differ_only_in_the_entangling_gates(name):
    full, twin = feature_map(name, 4, 2), feature_map(name, 4, 2, entangled=False)
    assert full.entangling > 0
    assert twin.entangling == 0
    assert twin.gates == tuple(part for part in full.gates if len(part.wires) == 1)
    assert full.n_features == twin.n_features == 4
    assert feature_map(name, 1).qubits == 1


def test_faults_are_named():
    with pytest.raises(InvalidInput, match="did you mean iqp"):
        feature_map("ipq", 2)
    with pytest.raises(InvalidInput, match="layers must be at least 1"):
        feature_map("iqp", 2, 0)
