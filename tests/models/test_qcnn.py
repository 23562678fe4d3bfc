import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.qcnn import QuantumConvolutionalClassifier


def test_scikit_learn_contract():
    results = check_estimator(QuantumConvolutionalClassifier(max_iter=50), on_skip=None, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


@pytest.mark.parametrize("qubits", range(2, 10))
def test_weights_grow_with_the_logarithm_of_the_wires(qubits):
    circuit = QuantumConvolutionalClassifier(max_qubits=16).example_circuit(qubits)
    levels = int(np.ceil(np.log2(qubits)))
    assert circuit.qubits == qubits
    assert circuit.n_weights == 13 * levels
    twin = QuantumConvolutionalClassifier(max_qubits=16, entangled=False).example_circuit(qubits)
    assert twin.entangling == 0


def test_a_bump_is_found_wherever_it_is():
    rng = np.random.default_rng(0)
    place = rng.integers(7, size=200)
    signals = 0.1 * rng.normal(size=(200, 8))
    y = rng.integers(2, size=200)
    signals[np.arange(200), place] += 1
    signals[np.arange(200), place + 1] += np.where(y, 1, -1)  # two neighbours alike, or opposite
    model = QuantumConvolutionalClassifier(learning_rate=0.1, random_state=1).fit(signals, y)
    assert model.score(signals, y) > 0.8
    assert model.observables_[0].words[0][1] == "ZIIIIIII"


def test_three_classes_are_read_from_two_wires():
    X, y = load_iris(return_X_y=True)
    model = QuantumConvolutionalClassifier(readout="few", random_state=0).fit(X, y)
    assert model.score(X, y) > 0.85
    assert [part.words[0][1] for part in model.observables_] == ["ZIII", "IIZI", "ZIZI"]


def test_faults_are_named():
    with pytest.raises(InvalidInput, match="layers"):
        QuantumConvolutionalClassifier(layers=0).example_circuit(4)
