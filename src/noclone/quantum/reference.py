"""State vectors gate by gate in NumPy: the plain form that the compiled kernels are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noclone.quantum.circuit import Circuit, Gate
from noclone.quantum.gates import GATES, PAULIS, unitary
from noclone.quantum.observables import Observable

Floats = NDArray[np.floating]
Complex = NDArray[np.complexfloating]


def _on(states: Complex, matrix: Complex, wires: tuple[int, ...]) -> Complex:
    """Apply a matrix, or one per sample, to wires of states of shape (B, 2, 2, ...)."""
    count = len(wires)
    front = np.moveaxis(states, [wire + 1 for wire in wires], range(1, count + 1))
    flat = front.reshape(len(states), 2**count, -1)
    out = (matrix @ flat).reshape(front.shape)
    return np.moveaxis(out, range(1, count + 1), [wire + 1 for wire in wires])


@dataclass(frozen=True)
class Reference:
    """One circuit with its observables; the methods take features (B, F) and weights (W,), all float64.

    Attributes
    ----------
    circuit : Circuit
    observables : tuple of Observable
    """

    circuit: Circuit
    observables: tuple[Observable, ...]

    def _matrix(self, part: Gate, features: Floats, weights: Floats) -> Complex:
        return unitary(part.name, 0.0 if part.angle is None else part.angle.value(features, weights))

    def states(self, features: Floats, weights: Floats) -> Complex:
        """Return the final states, shape (B, 2**qubits)."""
        qubits = self.circuit.qubits
        states = np.zeros((len(features),) + (2,) * qubits, complex)
        states.reshape(len(features), -1)[:, 0] = 1.0
        for part in self.circuit.gates:
            states = _on(states, self._matrix(part, features, weights), part.wires)
        return np.ascontiguousarray(states).reshape(len(features), -1)

    def _observed(self, states: Complex) -> list[Complex]:
        """Return each observable applied to the states."""
        shaped = states.reshape((len(states),) + (2,) * self.circuit.qubits)
        applied = []
        for observable in self.observables:
            total = np.zeros_like(shaped)
            for coefficient, word in observable.words:
                term = shaped
                for wire, letter in enumerate(word):
                    if letter != "I":
                        term = _on(term, PAULIS[letter], (wire,))
                total = total + coefficient * term
            applied.append(total.reshape(states.shape))
        return applied

    def values(self, states: Complex) -> Floats:
        """Return expectation values, shape (B, observables)."""
        found = [np.einsum("bk,bk->b", states.conj(), seen).real for seen in self._observed(states)]
        return np.stack(found, axis=1) if found else np.zeros((len(states), 0))

    def gradients(
        self, features: Floats, weights: Floats, states: Complex, cotangent: Floats
    ) -> tuple[Floats, Floats]:
        """Return gradients of ``sum(cotangent * values)`` by weights (W,) and by features (B, F).

        Adjoint method: T. Jones, J. Gacon, arXiv:2009.02823.
        """
        shape = (len(states),) + (2,) * self.circuit.qubits
        ket = states.reshape(shape)
        seen = np.stack(self._observed(states), axis=1)
        bra = np.einsum("bo,bok->bk", cotangent, seen).reshape(shape)
        by_weight, by_feature = np.zeros(len(weights)), np.zeros(features.shape)
        for part in reversed(self.circuit.gates):
            if part.angle is not None and (part.angle.of_data or part.angle.trainable):
                generator = GATES[part.name].generator
                assert generator is not None
                turned = _on(ket, generator, part.wires)
                slope = np.einsum(
                    "bk,bk->b", bra.reshape(len(bra), -1).conj(), turned.reshape(len(bra), -1)
                ).imag
                for name, index, change in part.angle.derivatives(features, weights):
                    if name == "w":
                        by_weight[index] += (slope * change).sum()
                    else:
                        by_feature[:, index] += slope * change
            matrix = self._matrix(part, features, weights)
            back = np.swapaxes(matrix.conj(), -1, -2)
            ket, bra = _on(ket, back, part.wires), _on(bra, back, part.wires)
        return by_weight, by_feature
