import pickle

import joblib
import numpy as np
import pennylane as qml
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.perceptron import Perceptron
from noclone.models.quantum_gan import QuantumGAN, bin_marks, born, play


def variation(one, other):
    return 0.5 * np.abs(one - other).sum()


def log_normal(samples, seed=0):
    return np.random.default_rng(seed).lognormal(0, 0.5, size=(samples, 1))


def test_scikit_learn_checks():
    found = check_estimator(QuantumGAN(max_iter=100), on_fail=None, on_skip=None)
    assert [each for each in found if each["status"] not in ("passed", "skipped")] == []


def test_born_probabilities_and_gradient_are_those_of_pennylane():
    qubits, layers = 3, 2
    weights = np.random.default_rng(1).uniform(-np.pi, np.pi, 3 * qubits * layers)
    costs = np.random.default_rng(2).normal(size=2**qubits)

    @qml.qnode(qml.device("default.qubit", wires=qubits))
    def circuit(given):
        for wire in range(qubits):
            qml.Hadamard(wire)
        qml.StronglyEntanglingLayers(given.reshape(layers, qubits, 3), wires=range(qubits))
        return qml.probs(wires=range(qubits))

    shares, pullback = born(QuantumGAN(qubits, layers).example_circuit(1))(weights)
    free = torch.tensor(weights, requires_grad=True)
    theirs = circuit(free)
    (theirs @ torch.tensor(costs)).backward()
    np.testing.assert_allclose(shares, theirs.detach(), atol=1e-12)
    np.testing.assert_allclose(pullback(costs), free.grad, atol=1e-12)


def test_perceptron_has_the_values_and_gradients_of_torch():
    network = Perceptron((3, 5, 4, 2))
    random = np.random.default_rng(0)
    weights, features, slope = network.start(random), random.normal(size=(7, 3)), random.normal(size=(7, 2))
    free, data = torch.tensor(weights, requires_grad=True), torch.tensor(features, requires_grad=True)
    flow, place = data, 0
    for k, (below, above) in enumerate([(3, 5), (5, 4), (4, 2)]):
        matrix = free[place : place + below * above].reshape(below, above)
        flow = flow @ matrix + free[place + below * above : place + (below + 1) * above]
        flow = torch.tanh(flow) if k < 2 else flow
        place += (below + 1) * above
    (flow * torch.tensor(slope)).sum().backward()
    values, pullback = network.vjp(features, weights)
    by_weight, by_feature = pullback(slope, inputs=True)
    assert place == network.n_weights
    for ours, theirs in ((values, flow.detach()), (by_weight, free.grad), (by_feature, data.grad)):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"batch_size": 256}, {"precision": "float32"}])
def test_three_qubits_learn_a_log_normal_law(options):
    data = log_normal(1000)
    gan = QuantumGAN(max_qubits=3, random_state=0, **options).fit(data)
    shares = np.histogram(data, 8)[0] / 1000
    assert variation(gan.probabilities_, shares) < 0.06
    assert gan.loss_curve_[-1] == pytest.approx(2 * np.log(2), abs=0.02)


def test_without_entanglement_the_bits_are_independent():
    data = np.random.default_rng(0).choice([0.0, 3.0], size=(500, 1))  # both bits 0, or both 1
    options = {"max_qubits": 2, "bounds": (-0.5, 3.5), "random_state": 0}
    joint = QuantumGAN(**options).fit(data).probabilities_.reshape(2, 2)
    product = QuantumGAN(entangled=False, **options).fit(data).probabilities_.reshape(2, 2)
    assert variation(joint, np.eye(2) / 2) < 0.05
    np.testing.assert_allclose(product, np.outer(product.sum(axis=1), product.sum(axis=0)), atol=1e-12)
    assert variation(product, np.eye(2) / 2) > 0.25


def test_any_generator_may_play():
    shares = np.array([0.1, 0.2, 0.3, 0.4])

    def table(weights):
        found = np.exp(weights) / np.exp(weights).sum()
        return found, lambda by_share: found * (by_share - found @ by_share)

    marks = bin_marks(np.array([4]))
    weights, losses = play(table, np.zeros(4), shares, marks, np.random.RandomState(0))
    np.testing.assert_allclose(table(weights)[0], shares, atol=0.01)
    assert len(losses) == 500


def test_density_integrates_to_one_and_samples_follow_it():
    law = multivariate_normal([1.0, -2.0], [[1.0, 0.6], [0.6, 1.0]])
    gan = QuantumGAN(max_qubits=5, random_state=0).fit(law.rvs(2000, random_state=0))
    assert gan.bins_.tolist() == [8, 4]
    axes = [
        low + (np.arange(40) + 0.5) / 40 * (high - low) for low, high in zip(gan.low_, gan.high_, strict=True)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    volume = np.prod(gan.high_ - gan.low_)
    assert np.exp(gan.score_samples(grid)).mean() * volume == pytest.approx(1, abs=1e-9)
    drawn = gan.sample(20_000, random_state=1)
    shares = np.histogramdd(drawn, bins=gan.bins_, range=list(zip(gan.low_, gan.high_, strict=True)))[0]
    assert variation(shares.ravel() / 20_000, gan.probabilities_) < 0.02
    assert np.corrcoef(drawn.T)[0, 1] > 0.3


def test_outside_the_range_the_density_is_zero_and_constants_are_kept():
    data = np.column_stack([np.linspace(0, 1, 50), np.full(50, 7.0)])
    gan = QuantumGAN(max_qubits=2, max_iter=5, random_state=0).fit(data)
    assert np.all(gan.sample(10, random_state=0)[:, 1] == 7.0)
    scores = gan.score_samples([[0.5, 7.0], [1.5, 7.0], [0.5, 8.0]])
    assert np.isfinite(scores).tolist() == [True, False, False]


def test_more_features_than_qubits():
    data = np.random.default_rng(0).normal(size=(40, 6))
    gan = QuantumGAN(max_qubits=3, max_iter=2, random_state=0).fit(data)
    assert gan.bins_.tolist() == [2, 2, 2, 1, 1, 1]
    assert gan.sample(3).shape == (3, 6)


def test_same_seed_same_result_through_clone_pickle_joblib_and_pipeline(tmp_path):
    data = log_normal(200)
    gan = QuantumGAN(max_qubits=3, max_iter=20, batch_size=50, random_state=3).fit(data)
    again = clone(gan).fit(data)
    np.testing.assert_array_equal(gan.probabilities_, again.probabilities_)
    joblib.dump(gan, tmp_path / "gan")
    for copy in (pickle.loads(pickle.dumps(gan)), joblib.load(tmp_path / "gan")):
        np.testing.assert_array_equal(copy.score_samples(data), gan.score_samples(data))
    chain = make_pipeline(StandardScaler(), clone(gan)).fit(data)
    assert np.isfinite(chain.score(data))


def test_grid_search_over_layers():
    search = GridSearchCV(
        QuantumGAN(max_qubits=2, max_iter=20, bounds=(0, 10), random_state=0), {"layers": [1, 2]}, cv=3
    ).fit(log_normal(100))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_qubits": 11}, "max_qubits must be from 1 to 10, but is 11"),
        ({"layers": 0}, "layers must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"bounds": (1, 0)}, "bounds must be lower ends and upper ends"),
        ({"bounds": (0, 0.5)}, "X must lie within the bounds"),
    ],
)
def test_what_cannot_be_used_is_refused(options, message):
    with pytest.raises(InvalidInput, match=message):
        QuantumGAN(**options).fit(np.linspace(0, 1, 10)[:, None])
