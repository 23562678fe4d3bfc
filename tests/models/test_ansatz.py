import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.models.ansatz import ANSATZE, ansatz, measured, most_angles, parities
from noclone.quantum import Engine


@pytest.mark.parametrize("angles", [1, 2, 4, 10])
def test_reuploading_is_the_published_circuit_in_pennylane(angles):
    """RZ RY RZ of scaled data, then of weights, then CZ on even or odd pairs; the last upload adds both."""
    qml = pytest.importorskip("pennylane")
    layers, qubits = 3, -(-angles // 3)
    circuit = ansatz("reuploading", angles, layers)
    rng = np.random.default_rng(angles)
    weights, data = rng.random(circuit.n_weights), rng.uniform(-1.5, 1.5, (3, angles))
    scales, shifts = weights.reshape(layers + 1, 2, 3 * qubits).transpose(1, 0, 2)

    @qml.qnode(qml.device("default.qubit", wires=qubits))
    def published(sample):
        padded = np.concatenate([sample, np.zeros(3 * qubits - angles)]).reshape(qubits, 3)
        for layer in range(layers + 1):
            scale, shift = scales[layer].reshape(qubits, 3), shifts[layer].reshape(qubits, 3)
            for i in range(qubits):
                if layer < layers:
                    qml.Rot(*(padded[i] * scale[i]), wires=i)
                    qml.Rot(*shift[i], wires=i)
                else:
                    qml.Rot(*(padded[i] * scale[i] + shift[i]), wires=i)
            for i in range(layer % 2, qubits - 1, 2):
                if layer < layers:
                    qml.CZ([i, i + 1])
        return [qml.expval(qml.Z(i)) for i in range(qubits)]

    engine = Engine(circuit, parities(range(qubits), qubits, qubits))
    np.testing.assert_allclose(
        engine.expectations(data, weights), [published(row) for row in data], atol=1e-12
    )


@pytest.mark.parametrize("name", list(ANSATZE))
@pytest.mark.parametrize("angles", [1, 3, 7])
def test_every_ansatz_reads_all_angles_and_has_a_twin(name, angles):
    circuit, twin = ansatz(name, angles, 2, wires=2), ansatz(name, angles, 2, entangled=False, wires=2)
    assert circuit.n_features == twin.n_features == angles
    assert circuit.n_weights == twin.n_weights
    assert circuit.entangling > 0
    assert twin.entangling == 0
    assert circuit.qubits == twin.qubits <= max(angles, 2)
    assert angles <= most_angles(name, circuit.qubits)


@pytest.mark.parametrize("name", list(ANSATZE))
def test_every_weight_but_the_outer_phases_matters(name):
    circuit = ansatz(name, 3, 2, wires=3)
    engine = Engine(circuit, parities(range(circuit.qubits), circuit.qubits, 7))
    rng = np.random.default_rng(0)
    values, pullback = engine.vjp(rng.uniform(-1, 1, (6, 3)), rng.uniform(-3, 3, circuit.n_weights))
    by_weight, _ = pullback(rng.normal(size=values.shape))
    # phases of a basis state and before a measurement of Z do nothing: the first and last RZ of each wire
    assert (np.abs(by_weight) < 1e-12).sum() <= 3 * circuit.qubits


def test_what_is_read_depends_on_the_readout_only():
    circuit, twin = ansatz("reuploading", 9, 1), ansatz("reuploading", 9, 1, entangled=False)
    for readout, outputs, words in (
        ("few", 1, ["ZII"]),
        ("few", 3, ["ZII", "IZI", "IIZ"]),
        ("all", 1, ["ZII", "IZI", "IIZ"]),
        ("all", 5, ["ZII", "IZI", "IIZ", "ZZI", "ZIZ"]),
    ):
        found = measured(readout, circuit, range(3), outputs)
        assert [part.words[0][1] for part in found] == words
        assert measured(readout, twin, range(3), outputs) == found


def test_faults_are_named():
    with pytest.raises(InvalidInput, match="strongly-entangling"):
        ansatz("strong", 2, 1)
    with pytest.raises(InvalidInput, match="layers must be at least 1"):
        ansatz("reuploading", 2, 0)
