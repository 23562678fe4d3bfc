"""A small exact quantum engine: circuits as data, batched states, adjoint gradients."""

from noclone.quantum.angle import Angle, w, x
from noclone.quantum.circuit import Circuit, Gate, gate, noise
from noclone.quantum.engine import Engine
from noclone.quantum.observables import Observable, pauli, projector, z

__all__ = [
    "Angle",
    "Circuit",
    "Engine",
    "Gate",
    "Observable",
    "gate",
    "noise",
    "pauli",
    "projector",
    "w",
    "x",
    "z",
]
