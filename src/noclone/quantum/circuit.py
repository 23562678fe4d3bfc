"""Circuits as data: which gates act on which wires, with which angles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import unknown_text
from noclone.quantum.angle import Angle
from noclone.quantum.gates import CHANNELS, GATES


@dataclass(frozen=True)
class Gate:
    """One gate or noise channel of a circuit; `gate` and `noise` are the short ways to write one.

    Attributes
    ----------
    name : str
        A key of `gates.GATES` or of `gates.CHANNELS`.
    wires : tuple of int
        Controls first.
    angle : Angle or None
        None where the gate has none.
    strength : float or None
        Of a noise channel, between 0 and 1; None for gates.
    """

    name: str
    wires: tuple[int, ...]
    angle: Angle | None = None
    strength: float | None = None

    def __post_init__(self) -> None:
        kinds = GATES if self.strength is None else CHANNELS
        what = f"{'gate' if self.strength is None else 'noise'} {self.name!r}"
        if self.name not in kinds:
            raise InvalidInput(what, unknown_text(self.name, list(kinds)))
        kind = GATES.get(self.name)
        count = 1 if kind is None else kind.wires
        whole = all(isinstance(wire, (int, np.integer)) and wire >= 0 for wire in self.wires)
        if not whole or len(self.wires) != count or len(set(self.wires)) != count:
            raise InvalidInput(what, f"must have {count} distinct wires from 0 up, but has {self.wires}")
        if kind is not None and (self.angle is None) != (kind.generator is None):
            need = "no angle" if kind.generator is None else "an angle"
            raise InvalidInput(what, f"must have {need}, but its angle is {self.angle}")
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise InvalidInput(what, f"must have a strength between 0 and 1, but has {self.strength}")

    @property
    def noisy(self) -> bool:
        """Whether this is a noise channel and not a gate."""
        return self.strength is not None


def gate(name: str, *wires: int, angle: Angle | float | None = None) -> Gate:
    """Return a gate.

    Parameters
    ----------
    name : str
        ``"h"``, ``"cx"``, ``"ry"``, …: the keys of `noclone.quantum.gates.GATES`.
    *wires : int
        Controls first.
    angle : Angle or float, optional
        In radians; for the gates that have one, a number or built from ``x[i]`` and ``w[k]``.

    Raises
    ------
    InvalidInput
        Unknown gate, wrong number of wires, a wire twice, or an angle missing or too many.

    Examples
    --------
    >>> from noclone.quantum import x
    >>> gate("rzz", 0, 1, angle=x[0] * x[1]).wires
    (0, 1)
    """
    return Gate(name, wires, None if angle is None else Angle.of(angle))


def noise(name: str, wire: int, strength: float) -> Gate:
    """Return a noise channel on one wire.

    Parameters
    ----------
    name : str
        ``"depolarise"``, ``"bit_flip"``, ``"phase_flip"``, ``"amplitude_damping"`` or ``"phase_damping"``.
    wire : int
    strength : float
        Between 0 and 1.

    Raises
    ------
    InvalidInput
        Unknown channel, or a strength out of range.
    """
    return Gate(name, (wire,), strength=strength)


@dataclass(frozen=True)
class Circuit:
    """Gates on numbered wires, all starting in 0; wire 0 is the most significant bit of a basis state.

    Circuits are added (``one + other``) to run one after the other. Layers that make circuits are in
    `noclone.quantum.layers`.

    Attributes
    ----------
    qubits : int
    gates : tuple of Gate

    Raises
    ------
    InvalidInput
        If a gate acts on a wire that is not there.

    Examples
    --------
    >>> from noclone.quantum import gate, w, x
    >>> circuit = Circuit(2, (gate("ry", 0, angle=x[0]), gate("cx", 0, 1), gate("rz", 1, angle=w[0])))
    >>> circuit.n_features, circuit.n_weights, circuit.depth
    (1, 1, 3)
    """

    qubits: int
    gates: tuple[Gate, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.qubits, (int, np.integer)) or self.qubits < 1:
            raise InvalidInput("circuit", f"must have at least 1 qubit, but has {self.qubits}")
        for part in self.gates:
            if max(part.wires) >= self.qubits:
                raise InvalidInput(
                    f"gate {part.name!r}", f"must act on wires below {self.qubits}, but acts on {part.wires}"
                )

    def __add__(self, other: Circuit) -> Circuit:
        if self.qubits != other.qubits:
            raise InvalidInput(
                "circuit", f"must have {self.qubits} qubits like the one it follows, but has {other.qubits}"
            )
        return Circuit(self.qubits, self.gates + other.gates)

    def _indices(self, kind: str) -> Iterator[int]:
        for part in self.gates:
            for term in part.angle.terms if part.angle else ():
                yield from getattr(term, kind)

    @cached_property
    def n_features(self) -> int:
        """Number of features that the angles read: the highest index plus 1."""
        return max(self._indices("features"), default=-1) + 1

    @cached_property
    def n_weights(self) -> int:
        """Number of weights that the angles read: the highest index plus 1."""
        return max(self._indices("weights"), default=-1) + 1

    @property
    def depth(self) -> int:
        """Number of steps when gates on different wires run at the same time; noise counts as nothing."""
        level = [0] * self.qubits
        for part in self.gates:
            if not part.noisy:
                step = 1 + max(level[wire] for wire in part.wires)
                for wire in part.wires:
                    level[wire] = step
        return max(level)

    @property
    def noisy(self) -> bool:
        """Whether the circuit holds a noise channel."""
        return any(part.noisy for part in self.gates)

    @property
    def entangling(self) -> int:
        """Number of gates on more than one wire."""
        return sum(len(part.wires) > 1 for part in self.gates)

    def with_noise(self, make: Callable[[int], Gate]) -> Circuit:
        """Return the circuit with noise on each wire that a gate has touched, after every gate.

        Examples
        --------
        >>> bell = Circuit(2, (gate("h", 0), gate("cx", 0, 1)))
        >>> noisy = bell.with_noise(lambda wire: noise("depolarise", wire, 0.01))
        >>> [part.name for part in noisy.gates]
        ['h', 'depolarise', 'cx', 'depolarise', 'depolarise']
        """
        parts: list[Gate] = []
        for part in self.gates:
            parts.append(part)
            if not part.noisy:
                parts += [make(wire) for wire in part.wires]
        return Circuit(self.qubits, tuple(parts))
