"""OpenQASM that noclone writes means to Qiskit what the circuit means to the engine."""

import time

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, gate, noise, w, x
from noclone.quantum.gates import GATES
from noclone.quantum.layers import strongly_entangling
from noclone.quantum.openqasm import from_openqasm, to_openqasm

FEATURES, WEIGHTS = np.random.default_rng(2).normal(size=3), np.random.default_rng(3).normal(size=4)


def random_circuit(seed):
    """All gates in random order on random wires, with random angles."""
    rng = np.random.default_rng(seed)
    qubits = int(rng.integers(3, 6))
    parts = []
    for name in rng.permutation(list(GATES)):
        wires = map(int, rng.permutation(qubits)[: GATES[name].wires])
        angle = None
        if GATES[name].generator is not None:
            angle = rng.normal() * x[int(rng.integers(3))] * x[1] - w[int(rng.integers(4))] + rng.normal()
        parts.append(gate(str(name), *wires, angle=angle))
    return Circuit(qubits, tuple(parts))


def as_qiskit_has_it(parsed, qubits):
    """The state that Qiskit computes, with wire 0 made the most significant bit."""
    from qiskit.quantum_info import Statevector

    return Statevector(parsed).data.reshape((2,) * qubits).transpose().ravel()


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("version", [2, 3])
def test_qiskit_reads_the_same_state(seed, version):
    from qiskit import qasm2, qasm3

    circuit = random_circuit(seed)
    text = to_openqasm(circuit, FEATURES, WEIGHTS, version)
    parsed = qasm2.loads(text, strict=True) if version == 2 else qasm3.loads(text)
    want = Engine(circuit, backend="reference").states(FEATURES[None], WEIGHTS)[0]
    np.testing.assert_allclose(as_qiskit_has_it(parsed, circuit.qubits), want, atol=1e-10)


def test_qiskit_reads_inputs_as_parameters():
    from qiskit import qasm3

    circuit = random_circuit(7)
    parsed = qasm3.loads(to_openqasm(circuit))
    values = {f"x_{i}": FEATURES[i] for i in range(3)} | {f"w_{k}": WEIGHTS[k] for k in range(4)}
    bound = parsed.assign_parameters({each: values[each.name] for each in parsed.parameters})
    want = Engine(circuit, backend="reference").states(FEATURES[None], WEIGHTS)[0]
    np.testing.assert_allclose(as_qiskit_has_it(bound, circuit.qubits), want, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_is_read_back(seed):
    circuit = random_circuit(seed)
    assert from_openqasm(to_openqasm(circuit)) == circuit
    bound = to_openqasm(circuit, FEATURES, WEIGHTS, version=2)
    assert to_openqasm(from_openqasm(bound), version=2) == bound


def test_expressions_of_the_language_are_read():
    text = """OPENQASM 2.0; include "qelib1.inc"; // a comment with a gate { in it
    qreg data [2]; /* two
    lines */ barrier data; rx(-(pi/2 + 3)*2) data[0]; cx data[0],
    data[1];"""
    want = (gate("rx", 0, angle=-(np.pi / 2 + 3) * 2), gate("cx", 0, 1))
    assert from_openqasm(text) == Circuit(2, want)


def test_weights_alone_can_be_bound():
    text = to_openqasm(strongly_entangling(2, 1) + Circuit(2, (gate("rx", 1, angle=x[4]),)), weights=range(6))
    assert "input float[64] x_4;" in text
    assert "w_" not in text


HEAD = "OPENQASM 3.0; qubit[2] q; "


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: to_openqasm(Circuit(1, (noise("depolarise", 0, 0.1),))), "no noise channels"),
        (lambda: to_openqasm(Circuit(1), version=4), "must be 3 or 2"),
        (lambda: to_openqasm(Circuit(1, (gate("rx", 0, angle=w[2]),)), version=2), "w_2 is open"),
        (lambda: to_openqasm(Circuit(1, (gate("rx", 0, angle=w[2]),)), weights=[1.0]), r"shape \(3,\)"),
        (lambda: from_openqasm(HEAD + "measure q;"), "'measure q'"),
        (lambda: from_openqasm(HEAD + "qubit[2] r;"), "one register"),
        (lambda: from_openqasm(HEAD + "h r[0];"), "'h r"),
        (lambda: from_openqasm(HEAD + "ch q[0], q[1];"), "gate 'ch'"),
        (lambda: from_openqasm("gate mine a { h a; }" + HEAD + "mine q[0];"), "says 'gate mine a { h a; }'"),
        (lambda: from_openqasm(HEAD + "rx(sin(2)) q[0];"), r"sin\(2\)"),
        (lambda: from_openqasm(HEAD + "rx(1/0) q[0];"), "'1/0' must be divided by numbers"),
        (lambda: from_openqasm(HEAD + "rx(2 +) q[0];"), r"2 \+"),
        (lambda: from_openqasm(HEAD + "rx() q[0];"), "must be made of numbers"),
        (lambda: from_openqasm(HEAD + "rx(1/x_0) q[0];"), "'1/x_0' must be divided by numbers"),
        (lambda: from_openqasm(HEAD + "rx(True) q[0];"), "'True' must be made of numbers"),
        (lambda: from_openqasm(HEAD + "rx(٣a) q[0];"), "'٣a' must be made of numbers"),
        (lambda: from_openqasm(HEAD + "rx(2 x_0) q[0];"), "'2 x_0' must be made of numbers"),
        (lambda: from_openqasm(HEAD + "rx((1) q[0];"), r"'\(1' must be made of numbers"),
        (lambda: from_openqasm(HEAD + f"rx({'1' * 400}) q[0];"), "finite"),
        (lambda: from_openqasm(HEAD + "hq[0];"), "'hq"),
        (lambda: from_openqasm(HEAD + "h q[0]"), "must end each statement, but ends in 'h q"),
        (lambda: from_openqasm(f"qubit[{'9' * 5000}] q;"), "one register"),
        (lambda: from_openqasm("gate h a { x a; }" + HEAD + "h q[0];"), "says 'gate h a { x a; }'"),
        (lambda: from_openqasm(HEAD.encode()), "must be text, but is of type bytes"),
        (lambda: from_openqasm(None), "must be text, but is of type NoneType"),
        (lambda: from_openqasm("OPENQASM 3.0;"), "at least 1 qubit"),
    ],
)
def test_what_cannot_be_written_or_read_is_one_sentence(wrong, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        wrong()


def test_long_angles_are_read():
    many = " + ".join(f"{i + 1}*x_{i % 7}" for i in range(3000))
    sums = np.bincount(np.arange(3000) % 7, np.arange(1, 3001))
    want = sum(float(total) * x[i] for i, total in enumerate(sums))
    assert from_openqasm(HEAD + f"rx({many}) q[0];").gates[0].angle == want
    assert from_openqasm(HEAD + f"rx({'-' * 5001}pi) q[0];") == Circuit(2, (gate("rx", 0, angle=-np.pi),))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("/* " * 200_000, "must close its comments"),
        ("gate a " * 200_000, "must end each statement"),
        ("a" * 400_000 + ";", "one register"),
        (HEAD + "rx(" + "1)" * 100_000 + ";", "one register"),
        (HEAD + "rx(" + "(" * 100_000 + ") q[0];", "at most 50 brackets"),
        (
            HEAD + "rx(" + "*".join(["(" + "+".join(f"x_{i}" for i in range(2000)) + ")"] * 2) + ") q[0];",
            "fewer",
        ),
        (HEAD + "h q[0], " + "q[0], " * 50_000 + "!;", "one register"),
        (HEAD + "h" + " " * 400_000 + "!;", "one register"),
    ],
    ids=lambda text: text[:12],
)
def test_hostile_text_is_refused_in_linear_time(text, sentence):
    """What grows with the square of the length would take minutes here."""
    started = time.process_time()
    with pytest.raises(InvalidInput, match=sentence) as refusal:
        from_openqasm(text)
    assert time.process_time() - started < 2
    assert len(str(refusal.value)) < 300


def test_definitions_of_the_writer_are_accepted_in_any_layout():
    circuit = Circuit(2, (gate("ryy", 0, 1, angle=0.5),))
    text = to_openqasm(circuit).replace("{ ", "{\n    ").replace(", ", ",\n")
    assert from_openqasm(text) == circuit


def test_definitions_are_known_by_what_they_do_and_not_by_names():
    head = "OPENQASM 3.0; gate rzz(p) one,two { cx one,two; rz(p) %s; cx one,two; } qubit[2] q; "
    want = Circuit(2, (gate("rzz", 0, 1, angle=0.5),))
    assert from_openqasm(head % "two" + "rzz(0.5) q[0], q[1];") == want
    with pytest.raises(InvalidInput, match="must define gates only as"):
        from_openqasm(head % "one" + "rzz(0.5) q[0], q[1];")
    with pytest.raises(InvalidInput, match="must define gates only as"):
        from_openqasm("gate h a }" + HEAD)
