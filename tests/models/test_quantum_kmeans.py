import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.fidelity_kernel import fidelities
from noclone.models.quantum_kmeans import QuantumKMeans, principal_state


def test_the_centre_has_the_largest_mean_fidelity():
    rng = np.random.default_rng(0)
    states = rng.normal(size=(20, 8)) + 1j * rng.normal(size=(20, 8))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    centre = principal_state(states)
    density = states.T @ states.conj() / 20
    best = fidelities(states, centre[None]).mean()
    assert best == pytest.approx(np.linalg.eigvalsh(density)[-1])
    others = rng.normal(size=(2000, 8)) + 1j * rng.normal(size=(2000, 8))
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    assert fidelities(states, others).mean(axis=0).max() < best


def test_directions_are_found_with_amplitudes():
    rng = np.random.default_rng(0)
    axes = np.array([[1.0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 1, -1]])
    truth = rng.integers(3, size=150)
    lengths = rng.uniform(0.5, 20, (150, 1)) * rng.choice([-1, 1], (150, 1))  # the sign does not count
    data = (axes[truth] + 0.1 * rng.normal(size=(150, 4))) * lengths
    model = QuantumKMeans(3, "amplitude", random_state=0).fit(data)
    assert adjusted_rand_score(truth, model.labels_) == 1
    assert (model.predict(data) == model.labels_).all()
    exact = 1 - fidelities(model.states_.states(data), model.centres_).max(axis=1)
    assert model.inertia_ == pytest.approx(exact.sum())


def test_no_pair_of_a_small_set_is_split_better():
    from itertools import product

    data = np.random.default_rng(3).uniform(size=(9, 2))
    model = QuantumKMeans(2, n_init=10, random_state=0).fit(data)
    states = model.states_.states(data)
    best = np.inf
    for split in product([0, 1], repeat=8):
        labels = np.array([0, *split])
        if labels.any():
            parts = [states[labels == k] for k in (0, 1)]
            best = min(best, sum((1 - fidelities(p, principal_state(p)[None])).sum() for p in parts))
    assert model.inertia_ == pytest.approx(best)


def test_iris():
    data, labels = load_iris(return_X_y=True)
    model = QuantumKMeans(3, random_state=0)
    found = model.fit_predict(data)
    assert adjusted_rand_score(labels, found) > 0.6
    assert (found == QuantumKMeans(3, random_state=0).fit_predict(data)).all()


def test_more_starts_never_do_worse_and_duplicates_are_no_trouble():
    data = np.random.default_rng(0).uniform(size=(60, 3))
    one, many = (QuantumKMeans(5, n_init=n, random_state=0).fit(data).inertia_ for n in (1, 8))
    assert many <= one
    model = QuantumKMeans(4, random_state=0).fit(np.repeat([[0.0, 1.0], [1.0, 0.0]], 5, axis=0))
    assert model.inertia_ == pytest.approx(0, abs=1e-9)


def test_more_clusters_than_samples_are_refused():
    with pytest.raises(InvalidInput, match="n_clusters must be from 1 to n_samples=2, but is 3"):
        QuantumKMeans(3).fit([[0.0], [1.0]])


@pytest.mark.parametrize("model", [QuantumKMeans(), QuantumKMeans(feature_map="iqp", entangled=False)])
def test_scikit_learn_contract(model):
    check_estimator(model, on_skip=None)
