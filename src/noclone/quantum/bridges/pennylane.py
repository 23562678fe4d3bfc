"""Circuits to and from PennyLane; wire i is PennyLane's wire i."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.extras import need
from noclone.quantum.angle import Angle, w
from noclone.quantum.binding import substituted
from noclone.quantum.circuit import Circuit, Gate, gate, noise
from noclone.quantum.gates import GATES

Floats = NDArray[np.float64]

_OPERATIONS = {
    "x": "PauliX", "y": "PauliY", "z": "PauliZ", "h": "Hadamard", "s": "S", "t": "T", "sx": "SX",
    "sdg": "Adjoint(S)", "tdg": "Adjoint(T)", "cx": "CNOT", "cy": "CY", "cz": "CZ", "swap": "SWAP",
    "ccx": "Toffoli", "cswap": "CSWAP", "rx": "RX", "ry": "RY", "rz": "RZ", "p": "PhaseShift",
    "rxx": "IsingXX", "ryy": "IsingYY", "rzz": "IsingZZ", "crx": "CRX", "cry": "CRY", "crz": "CRZ",
    "cp": "ControlledPhaseShift", "depolarise": "DepolarizingChannel", "bit_flip": "BitFlip",
    "phase_flip": "PhaseFlip", "amplitude_damping": "AmplitudeDamping", "phase_damping": "PhaseDamping",
}  # fmt: skip
_NAMES = {theirs: ours for ours, theirs in _OPERATIONS.items()}


def to_pennylane(circuit: Circuit) -> Callable[[Any, Any], None]:
    """Return a quantum function that applies the circuit.

    It takes features, shape (F,) or (B, F), and weights, shape (W,), as arrays or tensors of any interface
    that PennyLane differentiates; None where the circuit reads none. Measurements are the caller's.

    Examples
    --------
    >>> import pennylane as qml
    >>> from noclone.quantum import x
    >>> apply = to_pennylane(Circuit(1, (gate("ry", 0, angle=x[0] + w[0]),)))
    >>> @qml.qnode(qml.device("default.qubit"))
    ... def model(features, weights):
    ...     apply(features, weights)
    ...     return qml.expval(qml.Z(0))
    >>> model(np.array([[0.0], [np.pi]]), np.array([0.0])).round(12).tolist()
    [1.0, -1.0]
    """
    qml = need("pennylane")

    def operation(part: Gate) -> Callable[..., Any]:
        name = _OPERATIONS[part.name]
        if part.name.endswith("dg"):
            return lambda wires: qml.adjoint(getattr(qml, name[-2])(wires=wires))
        return getattr(qml, name)  # type: ignore[no-any-return]

    steps = [(operation(part), part) for part in circuit.gates]

    def apply(features: Any = None, weights: Any = None) -> None:
        for make, part in steps:
            if part.strength is not None:
                make(part.strength, wires=part.wires)
            elif part.angle is not None:
                make(
                    substituted(part.angle, lambda i: features[..., i], lambda k: weights[k]),
                    wires=part.wires,
                )
            else:
                make(wires=part.wires)

    return apply


def from_pennylane(
    function: Callable[..., Any], *arguments: Any, wires: Sequence[Any] | None = None
) -> tuple[Circuit, Floats]:
    """Return the circuit that a quantum function or QNode applies to these arguments, and its weights.

    Angles that PennyLane would train (``requires_grad``) become weights ``w[k]``, in the order of the gates;
    all others stay numbers. Operations that are not ours, templates among them, are decomposed by PennyLane.
    Measurements are dropped.

    Parameters
    ----------
    function : callable
    *arguments
        What it is called with.
    wires : sequence, optional
        PennyLane's labels in the order of our wires; sorted by default.

    Returns
    -------
    Circuit, ndarray of shape (W,)
        The weights' present values.

    Raises
    ------
    InvalidInput
        An operation that PennyLane cannot decompose into ours, a batch of angles, or a wire not in `wires`.

    Examples
    --------
    >>> import pennylane as qml
    >>> angles = qml.numpy.array([0.1, 0.2, 0.3], requires_grad=True)
    >>> circuit, weights = from_pennylane(lambda a: qml.Rot(*a, wires=0), angles)
    >>> [part.name for part in circuit.gates], weights.tolist()
    (['rz', 'ry', 'rz'], [0.1, 0.2, 0.3])
    """
    qml = need("pennylane")
    inner = function.func if isinstance(function, qml.QNode) else function
    tape = qml.tape.make_qscript(inner)(*arguments)
    (simple,), _ = qml.transforms.decompose(tape, gate_set=set(_NAMES))
    order = {label: i for i, label in enumerate(sorted(tape.wires) if wires is None else wires)}
    parts: list[Gate] = []
    weights: list[float] = []
    for step in simple.operations:
        name = _NAMES.get(step.name)
        if name is None:
            raise InvalidInput("circuit", f"must be made of noclone's gates, but applies {step.name}")
        if not {*step.wires} <= {*order}:
            raise InvalidInput("wires", f"must hold every wire, but lack one of {step.wires.tolist()}")
        places = [order[label] for label in step.wires]
        if any(np.ndim(each) for each in step.parameters):
            raise InvalidInput("circuit", f"must have one number per angle, but {step.name} has a batch")
        if name not in GATES:
            parts.append(noise(name, places[0], float(step.parameters[0])))
            continue
        angle: Angle | None = None
        if step.parameters:
            value = step.parameters[0]
            angle = w[len(weights)] if qml.math.requires_grad(value) else Angle.of(float(value))
            weights += [float(value)] * angle.trainable
        parts.append(gate(name, *places, angle=angle))
    return Circuit(len(order), tuple(parts)), np.array(weights)
