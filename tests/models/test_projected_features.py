import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.feature_maps import feature_map
from noclone.models.projected_features import (
    ProjectedFeatures,
    pauli_values,
    projected_kernel,
    sampled_pauli_values,
)
from noclone.models.state_encoding import map_states

ANGLES = np.random.default_rng(1).uniform(-1.5, 1.5, (6, 3))
CIRCUIT = feature_map("iqp", 3, 2)
STATES = map_states(CIRCUIT, ANGLES)


def reduced(state, wire):
    """Density matrix of one of three qubits, by its definition."""
    cube = state.reshape(2, 2, 2)
    moved = np.moveaxis(cube, wire, 0).reshape(2, 4)
    return moved @ moved.conj().T


def test_reduced_density_matrices():
    paulis = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]
    expected = [
        [np.trace(matrix @ reduced(state, wire)).real for wire in range(3) for matrix in paulis]
        for state in STATES
    ]
    assert pauli_values(STATES) == pytest.approx(np.array(expected), abs=1e-12)


def test_projected_kernel_by_its_definition():
    gamma = 0.7
    distance = [
        [sum(np.linalg.norm(reduced(a, k) - reduced(b, k)) ** 2 for k in range(3)) for b in STATES]
        for a in STATES
    ]
    values = pauli_values(STATES)
    assert projected_kernel(values, values, gamma) == pytest.approx(np.exp(-2 * gamma * np.array(distance)))


def test_shots_scatter_about_the_exact_values():
    shots = 500
    rng = np.random.default_rng(0)
    draws = np.stack([sampled_pauli_values(CIRCUIT, ANGLES, shots, rng) for _ in range(200)])
    exact = pauli_values(STATES)
    error = np.sqrt((1 - exact**2) / shots)
    assert (np.abs(draws.mean(axis=0) - exact) < 4.5 * error / np.sqrt(200)).all()
    assert draws.std(axis=0) / error == pytest.approx(np.ones_like(exact), abs=0.25)


def test_qubits_of_one_run_are_correlated():
    # ZZ of a Bell-like state: both qubits of a run agree, so their sampled Z must be equal
    from noclone.quantum import Circuit, gate

    bell = Circuit(2, (gate("h", 0), gate("cx", 0, 1)))
    values = sampled_pauli_values(bell, np.zeros((1, 0)), 50, np.random.default_rng(0))
    assert values[0, 2] == values[0, 5]


def test_entanglement_shrinks_single_qubits():
    data = np.random.default_rng(0).uniform(size=(50, 4))
    full = ProjectedFeatures(layers=3).fit_transform(data)
    twin = ProjectedFeatures(layers=3, entangled=False).fit_transform(data)
    lengths = (twin.reshape(50, 4, 3) ** 2).sum(axis=2)
    assert lengths == pytest.approx(1)
    assert (full.reshape(50, 4, 3) ** 2).sum(axis=2).mean() < 0.9


def test_names_shots_and_faults():
    data = np.random.default_rng(0).uniform(size=(5, 2))
    assert list(ProjectedFeatures().fit(data).get_feature_names_out()) == ["x0", "y0", "z0", "x1", "y1", "z1"]
    model = ProjectedFeatures(shots=10, random_state=0).fit(data)
    assert (model.transform(data) == model.transform(data)).all()
    with pytest.raises(InvalidInput, match="shots must be at least 1"):
        ProjectedFeatures(shots=0).fit(data)
    with pytest.raises(InvalidInput, match="feature_map must be a circuit"):
        ProjectedFeatures("amplitude").fit(data)


def test_in_a_pipeline():
    rng = np.random.default_rng(0)
    data = rng.uniform(-1, 1, (200, 2))
    labels = data[:, 0] * data[:, 1] > 0
    models = [
        make_pipeline(ProjectedFeatures(layers=2, entangled=e), LogisticRegression(C=100)).fit(data, labels)
        for e in (True, False)
    ]
    # single qubits know of the product of two features only where the qubits are entangled
    assert models[0].score(data, labels) > 0.8
    assert models[1].score(data, labels) < 0.65


@pytest.mark.parametrize("model", [ProjectedFeatures(), ProjectedFeatures("angle", entangled=False)])
def test_scikit_learn_contract(model):
    check_estimator(model, on_skip=None)
