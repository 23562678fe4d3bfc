import numpy as np
import pytest

from noclone.models.feature_maps import feature_map
from noclone.models.fidelity_kernel import fidelities, gram, sampled_gram
from noclone.models.state_encoding import map_states


def test_golden_kernel():
    # the same from PennyLane 0.45 and qiskit-machine-learning 0.9 (FidelityStatevectorKernel)
    angles = np.random.default_rng(0).uniform(-1, 1, (500, 8))
    matrix = gram(map_states(feature_map("iqp", 8, 2), angles))
    assert matrix[0, 1] == pytest.approx(0.32118070, abs=5e-9)
    assert matrix.sum() == pytest.approx(63242.121, abs=5e-4)
    assert (matrix == matrix.T).all()
    assert (matrix.diagonal() == 1).all()


def test_fidelities_against_pennylane():
    import pennylane as qml

    rng = np.random.default_rng(2)
    x, y = rng.uniform(-1, 1, (2, 3))

    @qml.qnode(qml.device("default.qubit", wires=3))
    def overlap():
        qml.IQPEmbedding(x, wires=range(3), n_repeats=2)
        qml.adjoint(qml.IQPEmbedding)(y, wires=range(3), n_repeats=2)
        return qml.probs(wires=range(3))

    circuit = feature_map("iqp", 3, 2)
    ours = fidelities(map_states(circuit, x[None]), map_states(circuit, y[None]))
    assert ours[0, 0] == pytest.approx(float(overlap()[0]), abs=1e-12)


def test_sampled_gram_has_binomial_entries():
    rng = np.random.default_rng(3)
    exact = gram(map_states(feature_map("iqp", 2), rng.uniform(-1, 1, (60, 2))))
    shots = 400
    found = sampled_gram(exact, shots, rng)
    assert (found == found.T).all()
    assert (found.diagonal() == 1).all()
    upper = np.triu_indices(60, 1)
    chosen = exact[upper] * (1 - exact[upper]) > 0.02
    scores = (found - exact)[upper][chosen] / np.sqrt(exact[upper] * (1 - exact[upper]) / shots)[chosen]
    count = len(scores)
    assert abs(scores.mean()) < 4 / np.sqrt(count)
    assert abs(scores.var() - 1) < 4 * np.sqrt(2.5 / count)
    assert found[upper] * shots == pytest.approx(np.round(found[upper] * shots), abs=1e-9)
