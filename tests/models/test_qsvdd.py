import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.qsvdd import QuantumSVDD

rng = np.random.default_rng(2)
NORMAL = rng.normal(size=(300, 4)) * [1.0, 2.0, 0.5, 1.0]
RING = NORMAL / np.linalg.norm(NORMAL / [1.0, 2.0, 0.5, 1.0], axis=1, keepdims=True) * 5


def test_scikit_learn_contract():
    results = check_estimator(QuantumSVDD(max_iter=50), on_skip=None, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


def test_samples_far_out_are_outliers():
    model = QuantumSVDD(bandwidth=0.5, random_state=0).fit(NORMAL)
    scores = np.concatenate([model.score_samples(NORMAL), model.score_samples(RING)])
    assert roc_auc_score(np.repeat([1, 0], 300), scores) > 0.9
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]


def test_amplitudes_see_directions():
    """The paper's encoding: rows near one direction are normal, whatever their length."""
    line = np.array([1.0, -2.0, 0.5, 1.0, 3.0])
    near = rng.uniform(1, 9, (200, 1)) * (line + 0.2 * rng.normal(size=(200, 5)))
    model = QuantumSVDD(encoding="amplitude", random_state=0).fit(near)
    others = rng.normal(size=(200, 5))
    scores = np.concatenate([model.score_samples(near), model.score_samples(others)])
    assert roc_auc_score(np.repeat([1, 0], 200), scores) > 0.9
    assert model.circuit_.qubits == 3


def test_score_loss_and_radius_agree():
    model = QuantumSVDD(readout="few", max_iter=1, learning_rate=1e-12, random_state=0).fit(NORMAL[:200])
    distance = -model.score_samples(NORMAL[:200])
    assert distance.mean() == pytest.approx(model.loss_curve_[0])
    assert (distance > -model.offset_).mean() == pytest.approx(0.1, abs=0.01)
    assert model.centre_.shape == (9,)
    values = model._values(model.encoder_.transform(NORMAL[:200]), model.observables_)
    assert values.mean(axis=0) == pytest.approx(model.centre_)  # the centre is the mean at the start
    assert [part.words[0][1] for part in model.observables_] == [
        "XIII", "YIII", "ZIII", "IIXI", "IIYI", "IIZI", "XIXI", "YIYI", "ZIZI",
    ]  # fmt: skip


@pytest.mark.parametrize("features", [1, 2, 3, 8])
def test_weights_grow_with_the_logarithm_of_the_wires(features):
    circuit = QuantumSVDD(layers=1).example_circuit(features)
    assert circuit.n_weights == 11 * max(int(np.ceil(np.log2(features))), 1)
    assert QuantumSVDD(entangled=False).example_circuit(features).entangling == 0


def test_all_wires_are_read_with_and_without_entanglement():
    for entangled in (True, False):
        model = QuantumSVDD(max_iter=1, entangled=entangled, random_state=0).fit(NORMAL)
        assert len(model.observables_) == 3 * 4 + 3
        base = NORMAL[:1]
        for feature in range(4):
            odd = base.copy()
            odd[:, feature] += 1
            assert abs(model.score_samples(odd) - model.score_samples(base)) > 1e-4


def test_shots_and_noise():
    drawn = QuantumSVDD(1, optimiser="spsa", shots=100, max_iter=40, random_state=0).fit(NORMAL)
    assert np.isfinite(drawn.score_samples(NORMAL)).all()
    noisy = QuantumSVDD(1, noise=("phase_flip", 0.02), max_iter=20, random_state=0).fit(NORMAL)
    assert noisy.loss_curve_[-1] < noisy.loss_curve_[0]


def test_faults_are_named():
    for parameter, value in (("encoding", "phase"), ("contamination", 0.0), ("layers", 0)):
        with pytest.raises(InvalidInput, match=parameter):
            QuantumSVDD(**{parameter: value}).fit(NORMAL)
