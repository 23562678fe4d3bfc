import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.autoencoder import QuantumAutoencoder
from noclone.quantum import Engine

rng = np.random.default_rng(4)
LINE = rng.normal(size=(200, 1)) * [1.0, -1.0, 0.5, 2.0]
NOISE = LINE.std(axis=0) * rng.normal(size=(200, 4))


def test_scikit_learn_contract():
    results = check_estimator(QuantumAutoencoder(max_iter=50), on_skip=None, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


@pytest.mark.parametrize("encoding", ["angle", "amplitude"])
def test_samples_off_the_line_do_not_compress(encoding):
    model = QuantumAutoencoder(encoding=encoding, bandwidth=0.5, random_state=0).fit(LINE)
    normal, odd = model.score_samples(LINE), model.score_samples(NOISE)
    assert roc_auc_score(np.repeat([1, 0], 200), np.concatenate([normal, odd])) > 0.9
    assert model.loss_curve_[-1] < 0.1
    assert model.circuit_.qubits == (4 if encoding == "angle" else 2)


def test_the_score_is_the_probability_of_empty_trash():
    model = QuantumAutoencoder(2, max_iter=20, random_state=0).fit(LINE)
    states = Engine(model.circuit_).states(model.encoder_.transform(LINE), model.weights_)
    empty = (np.abs(states.reshape(200, 4, 4)) ** 2)[:, :, 0].sum(axis=1)
    assert model.score_samples(LINE) == pytest.approx(empty)
    assert model.loss_curve_[0] == pytest.approx(1 - _first_scores(model).mean())


def _first_scores(model):
    """The scores at the first weights, which the seed gives."""
    start = QuantumAutoencoder(2, max_iter=1, learning_rate=1e-12, random_state=0).fit(LINE)
    return start.score_samples(LINE)


def test_a_space_of_states_compresses_exactly():
    """Amplitudes in a 2-dimensional subspace of 4 fit into one qubit (J. Romero et al., 2017)."""
    axes = np.linalg.qr(rng.normal(size=(4, 2)))[0]
    rows = rng.normal(size=(100, 2)) @ axes.T
    model = QuantumAutoencoder(1, 4, "amplitude", optimiser="lbfgs", tol=0.0, max_iter=500, random_state=1)
    assert 1 - model.fit(rows).score_samples(rows).mean() < 1e-6


def test_the_threshold_keeps_its_promise():
    model = QuantumAutoencoder(contamination=0.25, max_iter=30, random_state=0).fit(NOISE)
    assert (model.predict(NOISE) == -1).mean() == pytest.approx(0.25, abs=0.01)
    np.testing.assert_allclose(model.decision_function(NOISE), model.score_samples(NOISE) - model.offset_)


def test_latent_features():
    model = QuantumAutoencoder(max_iter=100, random_state=0).fit(LINE)
    latent = model.transform(LINE)
    assert latent.shape == (200, 2)
    assert np.abs(latent).max() <= 1
    assert model.get_feature_names_out().tolist() == ["quantumautoencoder0", "quantumautoencoder1"]


def test_shots_noise_and_twin():
    drawn = QuantumAutoencoder(1, optimiser="spsa", shots=100, max_iter=60, random_state=0).fit(LINE)
    assert set(np.round(drawn.score_samples(LINE) * 100, 9) % 1) <= {0.0}
    noisy = QuantumAutoencoder(1, layers=1, noise=("depolarise", 0.05), max_iter=20, random_state=0).fit(LINE)
    assert noisy.score_samples(LINE).max() < 0.99


@pytest.mark.parametrize("latent_qubits", [None, 1, 3])
def test_the_twin_sees_every_feature(latent_qubits):
    normal = 0.3 * rng.normal(size=(200, 4))
    twin = QuantumAutoencoder(latent_qubits, entangled=False, random_state=0).fit(normal)
    assert twin.circuit_.entangling == 0
    for feature in range(4):
        odd = normal.copy()
        odd[:, feature] += np.ptp(normal[:, feature])  # half a turn
        assert (np.abs(twin.score_samples(odd) - twin.score_samples(normal)) > 1e-3).mean() > 0.9
        scores = np.concatenate([twin.score_samples(normal), twin.score_samples(odd)])
        assert roc_auc_score(np.repeat([1, 0], 200), scores) > 0.9
    states = Engine(twin.circuit_).states(twin.encoder_.transform(normal), twin.weights_)
    assert twin.score_samples(normal) == pytest.approx(np.abs(states[:, 0]) ** 2)


def test_faults_are_named():
    for parameter, value in (
        ("encoding", "phase"),
        ("contamination", 0.7),
        ("layers", 0),
        ("latent_qubits", 0),
    ):
        with pytest.raises(InvalidInput, match=parameter):
            QuantumAutoencoder(**{parameter: value}).fit(LINE)
