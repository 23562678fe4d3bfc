"""What is measured at the end of a circuit: sums of Pauli words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Observable:
    """A real combination of Pauli words; made by `pauli`, `z` and `projector`, added and scaled.

    Attributes
    ----------
    words : tuple of (float, str)
        Coefficient and letters ``I``, ``X``, ``Y``, ``Z``, one per qubit, wire 0 first.

    Examples
    --------
    >>> (0.5 * pauli("XI") + z(1, 2)).words
    ((0.5, 'XI'), (1.0, 'IZ'))
    """

    words: tuple[tuple[float, str], ...]

    def __post_init__(self) -> None:
        lengths = {len(word) for _, word in self.words}
        known = all(word and set(word) <= set("IXYZ") for _, word in self.words)
        if len(lengths) != 1 or not known or not np.isfinite([value for value, _ in self.words]).all():
            raise InvalidInput(
                "observable",
                f"must be finite numbers of Pauli words of one length in I, X, Y, Z, but is {self.words}",
            )

    @property
    def qubits(self) -> int:
        """Number of qubits it is defined on."""
        return len(self.words[0][1])

    @property
    def diagonal(self) -> bool:
        """Whether it can be read from measurements in the computational basis alone."""
        return all(set(word) <= set("IZ") for _, word in self.words)

    def __add__(self, other: Observable) -> Observable:
        sums: dict[str, float] = {}
        for coefficient, word in self.words + other.words:
            sums[word] = sums.get(word, 0.0) + coefficient
        return Observable(tuple((value, word) for word, value in sums.items()))

    def __mul__(self, factor: float) -> Observable:
        return Observable(tuple((factor * value, word) for value, word in self.words))

    __rmul__ = __mul__

    def matrix(self) -> NDArray[np.complex128]:
        """Return the matrix of shape (2**qubits, 2**qubits); for tests and small systems."""
        from noclone.quantum.gates import PAULIS

        total = np.zeros((2**self.qubits,) * 2, complex)
        for coefficient, word in self.words:
            product = np.eye(1, dtype=complex)
            for letter in word:
                product = np.kron(product, PAULIS[letter])
            total += coefficient * product
        return total


def pauli(word: str, coefficient: float = 1.0) -> Observable:
    """Return one Pauli word as an observable, for instance ``pauli("ZIX")``."""
    return Observable(((float(coefficient), word),))


def z(wire: int, qubits: int) -> Observable:
    """Return Pauli Z of one wire."""
    _check_wire(wire, qubits)
    return pauli("I" * wire + "Z" + "I" * (qubits - 1 - wire))


def _check_wire(wire: int, qubits: int) -> None:
    if not 0 <= wire < qubits:
        raise InvalidInput("wire", f"must be between 0 and {qubits - 1}, but is {wire}")


def projector(wires: tuple[int, ...], qubits: int) -> Observable:
    """Return the projector on these wires being 0, whatever the others: the product of (1 + Z) / 2.

    Examples
    --------
    >>> projector((0,), 2).words
    ((0.5, 'II'), (0.5, 'ZI'))
    """
    for wire in wires:
        _check_wire(wire, qubits)
    words = [""]
    for wire in range(qubits):
        words = [word + letter for word in words for letter in ("IZ" if wire in wires else "I")]
    return Observable(tuple((0.5 ** len(wires), word) for word in words))
