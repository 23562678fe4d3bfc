"""Circuits to Qiskit and back."""

import sys

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, gate, noise, w, x
from noclone.quantum.bridges.qiskit import from_qiskit, to_qiskit
from noclone.quantum.gates import CHANNELS, GATES
from noclone.quantum.openqasm import from_openqasm

FEATURES, WEIGHTS = np.random.default_rng(2).normal(size=3), np.random.default_rng(3).normal(size=4)


def random_circuit(seed):
    rng = np.random.default_rng(seed)
    qubits = int(rng.integers(3, 6))
    parts = [gate("rx", 0, angle=w[k] * x[k % 3]) for k in range(4)]  # every symbol occurs
    for name in rng.permutation(list(GATES)):
        wires = map(int, rng.permutation(qubits)[: GATES[name].wires])
        angle = None
        if GATES[name].generator is not None:
            angle = rng.normal() * x[int(rng.integers(3))] * x[1] - w[int(rng.integers(4))] + rng.normal()
        parts.append(gate(str(name), *wires, angle=angle))
    return Circuit(qubits, tuple(parts))


def state(circuit):
    return Engine(circuit, backend="reference").states(FEATURES[None], WEIGHTS)[0]


def qiskit_state(theirs):
    from qiskit.quantum_info import Statevector

    return Statevector(theirs).data.reshape((2,) * theirs.num_qubits).transpose().ravel()


@pytest.mark.parametrize("seed", range(10))
def test_qiskit_computes_the_same_state(seed):
    circuit = random_circuit(seed)
    np.testing.assert_allclose(
        qiskit_state(to_qiskit(circuit, FEATURES, WEIGHTS)), state(circuit), atol=1e-10
    )


@pytest.mark.parametrize("seed", range(10))
def test_a_circuit_with_open_symbols_comes_back(seed):
    circuit = random_circuit(seed)
    theirs = to_qiskit(circuit)
    data = [each for each in theirs.parameters if each.name.startswith("x")]
    back = from_qiskit(theirs, data)
    assert [(part.name, part.wires) for part in back.gates] == [
        (part.name, part.wires) for part in circuit.gates
    ]
    np.testing.assert_allclose(state(back), state(circuit), atol=1e-12)
    values = {each: FEATURES[each.index] for each in data}
    values |= {each: WEIGHTS[each.index] for each in theirs.parameters if each not in values}
    np.testing.assert_allclose(qiskit_state(theirs.assign_parameters(values)), state(circuit), atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_openqasm_from_qiskit_is_read(seed):
    from qiskit import qasm2, qasm3

    circuit = random_circuit(seed)
    theirs = to_qiskit(circuit, FEATURES, WEIGHTS)
    back = from_openqasm(qasm2.dumps(theirs))
    np.testing.assert_allclose(state(back), state(circuit), atol=1e-10)
    back = from_openqasm(qasm3.dumps(theirs))
    np.testing.assert_allclose(state(back), state(circuit), atol=1e-10)


def test_noise_is_the_same_channel():
    from qiskit.quantum_info import DensityMatrix

    circuit = Circuit(1, (gate("ry", 0, angle=0.7), *(noise(name, 0, 0.2) for name in CHANNELS)))
    density = DensityMatrix.from_label("0").evolve(to_qiskit(circuit)).data
    column = np.array([np.cos(0.35), np.sin(0.35)])
    want = np.outer(column, column).astype(complex)
    for channel in CHANNELS.values():
        want = sum(kraus @ want @ kraus.conj().T for kraus in channel(0.2))
    np.testing.assert_allclose(density, want, atol=1e-12)


def test_foreign_gates_are_decomposed_and_measurements_dropped():
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import QFTGate

    theirs = QuantumCircuit(3)
    theirs.ry(0.4, range(3))
    theirs.append(QFTGate(3), range(3))
    theirs.u(0.1, 0.2, 0.3, 1)
    theirs.barrier()
    want = qiskit_state(theirs)
    theirs.measure_all()
    found = Engine(from_qiskit(theirs), backend="reference").states(None)[0]
    assert abs(np.vdot(found, want)) == pytest.approx(1, abs=1e-12)


def polynomial(make):
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    theirs = QuantumCircuit(1)
    theirs.rx(make(Parameter("a"), Parameter("b")), 0)
    return from_qiskit(theirs).gates[0].angle


def test_polynomials_in_parameters_are_read():
    found = polynomial(lambda a, b: (2 * a - b / 4) * (a + 1) + 0.5)
    for values in ([0.3, -1.2], [2.0, 0.7]):
        a, b = values
        assert found.value(weights=values) == pytest.approx((2 * a - b / 4) * (a + 1) + 0.5, abs=1e-14)


def measured_midway():
    from qiskit import QuantumCircuit

    theirs = QuantumCircuit(1, 1)
    theirs.measure(0, 0)
    theirs.h(0)
    return from_qiskit(theirs)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: polynomial(lambda a, b: a.sin() + b), "polynomial of degree 2"),
        (lambda: polynomial(lambda a, b: 1 / a), "polynomial of degree 2"),
        (lambda: polynomial(lambda a, b: a**3), "polynomial of degree 2"),
        (measured_midway, "must be made of gates"),
        (lambda: to_qiskit(Circuit(1, (gate("rx", 0, angle=x[1]),)), [1.0]), r"shape \(2,\)"),
    ],
)
def test_what_cannot_cross_is_one_sentence(wrong, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        wrong()


def test_without_qiskit_one_sentence_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit", None)
    with pytest.raises(InvalidInput, match=r'pip install "noclone\[bridges\]"'):
        to_qiskit(Circuit(1))
