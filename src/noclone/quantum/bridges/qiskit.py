"""Circuits to and from Qiskit; wire i is Qiskit's qubit i, its i-th bit from the right."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from noclone.core.errors import InvalidInput
from noclone.core.extras import need
from noclone.quantum.angle import DEGREE, Angle, w, x
from noclone.quantum.binding import bind, substituted
from noclone.quantum.circuit import Circuit, gate
from noclone.quantum.gates import CHANNELS, GATES

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def to_qiskit(
    circuit: Circuit, features: ArrayLike | None = None, weights: ArrayLike | None = None
) -> QuantumCircuit:
    """Return a circuit as Qiskit's; noise channels become Kraus instructions.

    Parameters
    ----------
    circuit : Circuit
    features, weights : array_like, shape (n,), optional
        Numbers to use. Symbols left open become elements of the parameter vectors ``x`` and ``w``.

    Raises
    ------
    InvalidInput
        Too few features or weights, or Qiskit not installed.

    Examples
    --------
    >>> theirs = to_qiskit(Circuit(2, (gate("ry", 0, angle=2 * x[0]), gate("cx", 0, 1))))
    >>> theirs.count_ops()["cx"], str(theirs.parameters[0])
    (1, 'x[0]')
    """
    qiskit = need("qiskit")
    from qiskit.circuit import ParameterVector
    from qiskit.quantum_info import Kraus

    circuit = bind(circuit, features, weights)
    data = ParameterVector("x", circuit.n_features)
    trained = ParameterVector("w", circuit.n_weights)
    theirs = qiskit.QuantumCircuit(circuit.qubits)
    for part in circuit.gates:
        if part.strength is not None:
            theirs.append(Kraus(CHANNELS[part.name](part.strength)), part.wires)
        else:
            angle = (
                ()
                if part.angle is None
                else (substituted(part.angle, data.__getitem__, trained.__getitem__),)
            )
            getattr(theirs, part.name)(*angle, *part.wires)
    return theirs


def from_qiskit(theirs: QuantumCircuit, features: Sequence[Any] = ()) -> Circuit:
    """Return Qiskit's circuit as ours.

    Gates that are not in `noclone.quantum.gates.GATES` are decomposed by Qiskit's transpiler, up to a global
    phase. Barriers and final measurements are dropped.

    Parameters
    ----------
    theirs : qiskit.QuantumCircuit
    features : sequence of qiskit.circuit.Parameter
        Those that stand for data, in the order of ``x[i]``. All others become weights, in the order of
        ``theirs.parameters``. Angles must be polynomials in them.

    Raises
    ------
    InvalidInput
        Measurements, resets or branches within the circuit, or an angle that is no such polynomial.

    Examples
    --------
    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import Parameter
    >>> theirs = QuantumCircuit(1)
    >>> _ = theirs.rx(2 * Parameter("a") + 1, 0)
    >>> print(from_qiskit(theirs).gates[0].angle)
    1 + 2*w[0]
    """
    qiskit = need("qiskit")
    from qiskit.transpiler.exceptions import TranspilerError

    symbols = {each: x[i] for i, each in enumerate(features)}
    trained = (each for each in theirs.parameters if each not in symbols)
    symbols |= {each: w[k] for k, each in enumerate(trained)}
    foreign = set(theirs.count_ops()) - {*GATES, "barrier"}
    if "measure" in foreign:
        theirs = theirs.remove_final_measurements(inplace=False)
    if foreign - {"measure"}:  # only then, because the transpiler may reorder gates on different wires
        try:
            theirs = qiskit.transpile(theirs, basis_gates=list(GATES), optimization_level=0)
        except TranspilerError as error:
            raise InvalidInput("circuit", f"must be made of gates, but Qiskit says: {error}") from None
    parts = []
    for step in theirs.data:
        if step.operation.name == "barrier":
            continue
        if step.operation.name not in GATES:
            raise InvalidInput("circuit", f"must be made of gates, but has a {step.operation.name!r}")
        wires = (theirs.find_bit(qubit).index for qubit in step.qubits)
        angle = _angle(step.operation.params[0], symbols) if step.operation.params else None
        parts.append(gate(step.operation.name, *wires, angle=angle))
    return Circuit(theirs.num_qubits, tuple(parts))


def _angle(expression: Any, symbols: dict[Any, Angle]) -> Angle:
    """Return a polynomial by its Taylor series around zero, one parameter after the other."""
    open_symbols = getattr(expression, "parameters", None)
    if not open_symbols:
        return Angle.of(float(expression))
    parameter = min(open_symbols, key=lambda each: each.name)
    total, power = Angle(), Angle.of(1.0)
    slope = expression
    for order in range(DEGREE + 1):
        try:
            at_zero = slope.bind({parameter: 0.0}) if hasattr(slope, "bind") else slope
        except ZeroDivisionError:
            break
        total += _angle(at_zero, symbols) * power * (1 / factorial(order))
        slope = slope.gradient(parameter) if hasattr(slope, "gradient") else 0.0
        if slope == 0:
            return total
        if order < DEGREE:
            power *= symbols[parameter]
    raise InvalidInput(
        "angle", f"must be a polynomial of degree {DEGREE} at most in each parameter, but is {expression}"
    )
