import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.model_selection import GridSearchCV, LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.amplitudes import amplitude_states
from noclone.models.nearest_neighbours import QuantumNearestNeighbours, swap_test_circuit
from noclone.quantum import Circuit, Engine, gate, x, z


def infidelity(a, b):
    return 1 - (a @ b) ** 2 / (a @ a) / (b @ b)


def classical(neighbours):
    return KNeighborsClassifier(neighbours, algorithm="brute", metric=infidelity)


@pytest.mark.parametrize("neighbours", [1, 3, 5, 11])
@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_amplitudes_equal_classical_neighbours_prediction_by_prediction(load, neighbours):
    data, labels = load(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(data))
    train, test = order[::2], order[1::2]
    ours = QuantumNearestNeighbours(neighbours, "amplitude").fit(data[train], labels[train])
    theirs = classical(neighbours).fit(data[train], labels[train])
    assert (ours.predict(data[test]) == theirs.predict(data[test])).all()
    fidelity, _ = ours.kneighbors(data[test])
    exact = cosine_similarity(data[test], data[train]) ** 2
    assert fidelity == pytest.approx(-np.sort(-exact, axis=1)[:, :neighbours], abs=1e-12)


def test_leave_one_out_on_iris_equals_classical_neighbours():
    data, labels = load_iris(return_X_y=True)
    ours = cross_val_predict(QuantumNearestNeighbours(5, "amplitude"), data, labels, cv=LeaveOneOut())
    theirs = cross_val_predict(classical(5), data, labels, cv=LeaveOneOut())
    assert (ours == theirs).all()
    assert (ours == labels).mean() == (theirs == labels).mean() > 0.95


@pytest.mark.parametrize("blocks", [2, 7, 40, 100])
def test_divide_and_conquer_finds_the_same_neighbours(blocks):
    data, labels = load_iris(return_X_y=True)
    whole, parts = (QuantumNearestNeighbours(5, "amplitude", blocks=b).fit(data, labels) for b in (1, blocks))
    for one, other in zip(whole.kneighbors(data), parts.kneighbors(data), strict=True):
        assert (one == other).all()


def test_ties_go_to_the_first_class():
    model = QuantumNearestNeighbours(2, "amplitude").fit([[1.0, 0.0], [2.0, 0.0]], ["b", "a"])
    assert model.predict_proba([[1.0, 1.0]]).tolist() == [[0.5, 0.5]]
    assert model.predict([[1.0, 1.0]]).tolist() == ["a"]


def test_swap_tests_converge_and_repeat():
    data, labels = load_iris(return_X_y=True)
    exact = QuantumNearestNeighbours(5).fit(data, labels).predict(data)
    wrong = []
    for shots in (10, 1_000, 1_000_000):
        model = QuantumNearestNeighbours(5, shots=shots, random_state=0).fit(data, labels)
        assert (model.predict(data) == model.predict(data)).all()
        wrong.append((model.predict(data) != exact).mean())
    assert wrong[0] > wrong[1] >= wrong[2]
    assert wrong[2] < 0.02


def test_the_swap_test_measures_the_fidelity():
    prepared = Circuit(2, (gate("ry", 0, angle=x[0]), gate("rx", 1, angle=x[1]), gate("cx", 0, 1)))
    circuit = swap_test_circuit(prepared)
    assert (circuit.qubits, circuit.n_features) == (5, 4)
    pairs = np.random.default_rng(0).uniform(-3, 3, (6, 4))
    states = Engine(prepared).states(pairs.reshape(-1, 2)).reshape(6, 2, 4)
    fidelity = np.abs(np.einsum("bk,bk->b", states[:, 0].conj(), states[:, 1])) ** 2
    ancilla = Engine(circuit, [z(0, 5)]).expectations(pairs)
    assert ancilla[:, 0] == pytest.approx(fidelity, abs=1e-12)


def test_example_circuits():
    assert QuantumNearestNeighbours(feature_map="amplitude").example_circuit(4).qubits == 5
    assert QuantumNearestNeighbours(feature_map="iqp").example_circuit(3).qubits == 7


def test_single_precision_finds_the_same_labels():
    data, labels = load_iris(return_X_y=True)
    double, single = (
        QuantumNearestNeighbours(11, precision=p).fit(data, labels).predict(data)
        for p in ("float64", "float32")
    )
    assert (double == single).mean() > 0.98


def test_parameters_are_searched_and_checked():
    data, labels = load_iris(return_X_y=True)
    space = {"n_neighbors": [1, 5], "feature_map": ["amplitude", "angle"]}
    assert GridSearchCV(QuantumNearestNeighbours(), space, cv=3).fit(data, labels).best_score_ > 0.9
    for wrong in ({"n_neighbors": 0}, {"blocks": 0}, {"shots": 0}):
        with pytest.raises(InvalidInput, match=f"{next(iter(wrong))} must be at least 1"):
            QuantumNearestNeighbours(**wrong).fit(data, labels)


def test_one_feature_as_an_amplitude_says_nothing():
    assert np.ptp(np.abs(amplitude_states([[1.0], [-3.0], [0.5]]))[:, 0]) == 0


@pytest.mark.parametrize(
    "model", [QuantumNearestNeighbours(), QuantumNearestNeighbours(feature_map="iqp", blocks=3)]
)
def test_scikit_learn_contract(model):
    check_estimator(model, on_skip=None)
