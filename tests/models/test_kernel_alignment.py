import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import check_estimator

from noclone.models.feature_maps import feature_map
from noclone.models.fidelity_kernel import gram
from noclone.models.kernel_alignment import (
    TrainableKernelClassifier,
    balanced_subset,
    target_alignment,
    train_bandwidths,
)
from noclone.models.kernel_classifier import QuantumKernelClassifier
from noclone.models.state_encoding import map_states


def stripes(samples=120, noise_features=3):
    """Labels that alternate along the first feature; the others say nothing."""
    data = np.random.default_rng(0).uniform(size=(samples, 1 + noise_features))
    return data, np.floor(3 * data[:, 0]) % 2


def test_alignment_by_its_definition():
    rng = np.random.default_rng(0)
    matrix = gram(map_states(feature_map("iqp", 2), rng.uniform(-1, 1, (11, 2))))
    labels = rng.integers(2, size=11)
    centring = np.eye(11) - 1 / 11
    signs = 2.0 * labels - 1
    kernel = centring @ matrix @ centring
    target = centring @ np.outer(signs, signs) @ centring
    expected = (kernel * target).sum() / np.linalg.norm(kernel) / np.linalg.norm(target)
    assert target_alignment(matrix, labels) == pytest.approx(expected)
    assert target_alignment((labels[:, None] == labels) * 3.0, labels) == pytest.approx(1)
    assert target_alignment(np.ones((11, 11)), labels) == 0


def test_uncentred_alignment_of_pennylane_on_a_centred_kernel():
    import pennylane as qml

    rng = np.random.default_rng(1)
    rows = rng.normal(size=(10, 3))
    rows -= rows.mean(axis=0)
    labels = np.repeat([-1, 1], 5)  # balanced, so that the target is centred too
    theirs = qml.kernels.target_alignment(rows, labels, lambda a, b: a @ b, rescale_class_labels=False)
    assert target_alignment(rows @ rows.T, labels) == pytest.approx(float(theirs))


def test_training_finds_what_a_grid_finds():
    data, labels = stripes(60, 1)
    angles = 0.3 * np.pi * (data - 0.5)
    circuit = feature_map("iqp", 2)
    trained = train_bandwidths(circuit, angles, labels, 50)
    grid = np.geomspace(0.01, 10, 40)
    best = max(
        float(target_alignment(gram(map_states(circuit, angles * [a, b])), labels))
        for a in grid
        for b in grid
    )
    assert trained.alignments[1] > best - 1e-3
    assert trained.alignments[1] > trained.alignments[0] + 0.05
    scaled = gram(map_states(circuit, angles * trained.factors))
    assert trained.alignments[1] == pytest.approx(float(target_alignment(scaled, labels)))


def test_useless_features_are_turned_down_and_accuracy_follows():
    data, labels = stripes()
    trained = TrainableKernelClassifier(C=10.0, random_state=0)
    plain = QuantumKernelClassifier(C=10.0)
    ours, theirs = (cross_val_score(model, data, labels, cv=3).mean() for model in (trained, plain))
    assert ours > theirs + 0.1
    widths = trained.fit(data, labels).bandwidths_
    assert widths[1:].max() < widths[0] / 4


def test_balanced_subsets():
    labels = np.array([0] * 90 + [1] * 10 + [2] * 3)
    chosen = balanced_subset(labels, 24, np.random.RandomState(0))
    assert len(set(chosen)) == 24
    assert np.bincount(labels[chosen]).tolist() in ([11, 10, 3], [10, 10, 4])
    assert balanced_subset(labels, 1000, np.random.RandomState(0)).tolist() == list(range(103))


def test_scikit_learn_contract():
    check_estimator(TrainableKernelClassifier(), on_skip=None)
