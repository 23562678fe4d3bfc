"""Exact mixed states of noisy circuits, batched over samples, with gradients, in Pauli-transfer form.

A state of n qubits is held as its 4**n Pauli expectation values, which are real: Pauli noise is then a factor
for each, and rotations turn pairs of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from noclone.core.errors import InvalidInput
from noclone.quantum import bloch_chains
from noclone.quantum import pauli_kernels as kernels
from noclone.quantum.angle import Angle
from noclone.quantum.circuit import Circuit
from noclone.quantum.gates import PAULIS
from noclone.quantum.inputs import check_settings, matching_cotangent, samples_and_weights
from noclone.quantum.observables import Observable
from noclone.quantum.pauli_lowering import (
    LETTERS,
    Map,
    PauliProgram,
    Rotation,
    Spins,
    Swing,
    lower_to_paulis,
    swung_pairs,
)
from noclone.quantum.polynomials import Polynomials
from noclone.quantum.simd import lanes

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]
Complex = NDArray[np.complex128]
Whole = NDArray[np.int64]
Pullback = Callable[..., tuple[Floats, Floats | None]]

MAX_QUBITS = 9
"""Every further qubit takes four times the memory and time, also to build the engine."""


def _sparse(matrices: Sequence[csr_array], rows: int, precision: str) -> kernels.Sparse:
    heads, columns, values = np.zeros((len(matrices), rows + 1), np.int64), [], []
    offset = 0
    for place, matrix in enumerate(matrices):
        heads[place] = offset + matrix.indptr
        columns.append(matrix.indices)
        values.append(matrix.data)
        offset += matrix.nnz
    return kernels.Sparse(
        heads,
        np.concatenate([*columns, np.zeros(0)]).astype(np.int64),
        np.concatenate([*values, np.zeros(0)]).astype(precision),
    )


def _flattened(
    program: PauliProgram, qubits: int, precision: str
) -> tuple[kernels.Plan, bloch_chains.Chains, list[Angle]]:
    """Return what the kernels read, and the angles: those of rotations first, then those of swings."""
    kinds: list[tuple[int, int]] = []
    chains: list[list[Rotation | Doubles]] = []
    slots: list[Whole] = []
    swings: list[Swing] = []
    maps: list[csr_array] = []
    for part in program.operations:
        match part:
            case Spins():
                kinds.append((kernels.SPINS, len(slots)))
                slots.append(np.full(qubits, -1))
                for wire, chain in part.chains.items():
                    slots[-1][wire] = len(chains)
                    chains.append(chain)
            case Swing():
                kinds.append((kernels.SWING, len(swings)))
                swings.append(part)
            case Map():
                kinds.append((kernels.NOISE if part.noisy else kernels.MAP, len(maps)))
                maps.append(part.matrix)
    rotations: list[Rotation] = []
    constants: list[Doubles] = []
    elements: list[tuple[int, int]] = []
    for element in (element for chain in chains for element in chain):
        if isinstance(element, Rotation):
            elements.append((element.axis, len(rotations)))
            rotations.append(element)
        else:
            elements.append((bloch_chains.CONSTANT, len(constants)))
            constants.append(element)
    rows = 4**qubits
    pairs = [swung_pairs(part.wires, qubits) for part in swings]
    seen = program.seen
    plan = kernels.Plan(
        *_columns(kinds),
        np.array(slots, np.int64).reshape(-1, qubits),
        np.array(pairs, np.int64).reshape(-1, rows // 4, 2),
        _sparse(maps, rows, precision),
        _sparse([csr_array(matrix.T) for matrix in maps], rows, precision),
        _sparse([seen], seen.shape[0], precision),
        program.start.astype(precision),
    )
    heads = np.cumsum([0, *map(len, chains)])
    links = bloch_chains.Chains(heads, *_columns(elements), np.array(constants, float).reshape(-1, 3, 3))
    return plan, links, [*(part.angle for part in rotations), *(part.angle for part in swings)]


def _columns(pairs: list[tuple[int, int]]) -> tuple[Whole, Whole]:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0].copy(), table[:, 1].copy()


class _Turned(NamedTuple):
    """Cosines and sines of the angles, shape (samples, angles), and the kernels' spins and swings."""

    cosines: Floats
    sines: Floats
    spins: Floats
    swings: Floats


def _blocked(values: Floats, count: int) -> Floats:
    """Return (samples, k) as (blocks, k, count)."""
    return np.moveaxis(values.reshape(len(values) // count, count, values.shape[1]), 1, 2)


def _samples(blocked: Floats) -> Floats:
    """Return (blocks, k, count) as (samples, k)."""
    blocks, size, count = blocked.shape
    return np.moveaxis(blocked, 2, 1).reshape(blocks * count, size)


class MixedEngine:
    """Exact mixed states of one circuit, noise included, batched over samples, with gradients.

    Takes ``4**qubits`` numbers per sample where `noclone.quantum.Engine` takes ``2 * 2**qubits``: for up to
    `MAX_QUBITS` qubits. Gradients run the circuit again, so that memory does not grow with the batch: they
    hold one state per layer of noise for as many samples at a time as a register has lanes.

    Parameters
    ----------
    circuit : Circuit
    observables : sequence of Observable
        What is measured; their expectation values are the engine's output. May be empty.
    precision : {"float64", "float32"}
    threads : int
        Results do not depend on it.

    Raises
    ------
    InvalidInput
        Too many qubits; an observable on another number of qubits; an unknown precision; no thread.

    Examples
    --------
    >>> from noclone.quantum import gate, noise, w, z
    >>> circuit = Circuit(1, (gate("ry", 0, angle=w[0]), noise("depolarise", 0, 0.03)))
    >>> MixedEngine(circuit, [z(0, 1)]).expectations(None, [0.0]).round(12).tolist()
    [[0.96]]
    """

    def __init__(
        self,
        circuit: Circuit,
        observables: Sequence[Observable] = (),
        precision: str = "float64",
        threads: int = 1,
    ) -> None:
        if circuit.qubits > MAX_QUBITS:
            raise InvalidInput(
                "circuit", f"must have at most {MAX_QUBITS} qubits for mixed states, but has {circuit.qubits}"
            )
        check_settings(circuit, observables, precision, threads)
        self.circuit = circuit
        self.observables = tuple(observables)
        self.precision = precision
        self.threads = threads
        program = lower_to_paulis(circuit, observables)
        self._plan, self._chains, angles = _flattened(program, circuit.qubits, precision)
        self._end = program.end.matrix
        self._spun = int((self._chains.kinds != bloch_chains.CONSTANT).sum())
        self._angles = Polynomials(angles, circuit.n_features, circuit.n_weights)

    def _turned(self, data: Floats, trained: Floats) -> _Turned:
        count = lanes(self.precision)
        angles = self._angles.values(data, trained)
        angles = np.concatenate([angles, np.zeros((-len(angles) % count, angles.shape[1]))])
        cosines, sines = np.cos(angles), np.sin(angles)
        spins = np.empty((len(angles) // count, len(self._chains.heads) - 1, 9 * count), self.precision)
        bloch_chains.compose(cosines, sines, self._chains, count, spins)
        swings = [_blocked(part[:, self._spun :], count) for part in (cosines, sines)]
        return _Turned(cosines, sines, spins, np.array(swings, self.precision))

    def _over_blocks(self, work: Callable[[int, int], None], blocks: int) -> None:
        if self.threads == 1 or blocks == 1:
            work(0, blocks)
            return
        ends = np.linspace(0, blocks, min(self.threads, blocks) + 1).astype(int)
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(work, ends[:-1], ends[1:]))

    def _values(self, turned: _Turned, samples: int) -> Floats:
        shape = len(turned.spins), len(self.observables), turned.swings.shape[-1]
        values = np.empty(shape, self.precision)

        def work(first: int, last: int) -> None:
            kernels.forward(self._plan, turned.spins, turned.swings, first, last, values)

        self._over_blocks(work, len(values))
        return _samples(values)[:samples]

    def expectations(self, features: ArrayLike | None, weights: ArrayLike = ()) -> Floats:
        """Return the expectation value of each observable.

        Parameters
        ----------
        features : array_like, shape (B, F), or None
            One row per sample, F at least ``circuit.n_features``; None for one sample of a circuit without
            data.
        weights : array_like, shape (W,)

        Returns
        -------
        ndarray, shape (B, observables)
        """
        data, trained = samples_and_weights(self.circuit, features, weights)
        return self._values(self._turned(data, trained), len(data))

    def vjp(self, features: ArrayLike | None, weights: ArrayLike = ()) -> tuple[Floats, Pullback]:
        """Return expectation values and a function that pulls gradients back through the circuit.

        ``pullback(cotangent, inputs=False)`` takes the derivative of a loss by each expectation value, shape
        (B, observables), and returns its derivative by the weights, shape (W,), and, if `inputs`, by the
        features, shape (B, F), else None.

        Examples
        --------
        >>> from noclone.quantum import gate, noise, w, z
        >>> circuit = Circuit(1, (gate("ry", 0, angle=w[0]), noise("bit_flip", 0, 0.1)))
        >>> values, pullback = MixedEngine(circuit, [z(0, 1)]).vjp(None, [0.3])
        >>> by_weight, _ = pullback(np.ones((1, 1)))
        >>> bool(np.isclose(by_weight[0], -0.8 * np.sin(0.3)))
        True
        """
        data, trained = samples_and_weights(self.circuit, features, weights)
        turned = self._turned(data, trained)
        values = self._values(turned, len(data))
        blocks, slots, count = len(turned.spins), turned.spins.shape[1], turned.swings.shape[-1]

        def pullback(cotangent: ArrayLike, inputs: bool = False) -> tuple[Floats, Floats | None]:
            padded = np.zeros((blocks * count, len(self.observables)))
            padded[: len(data)] = matching_cotangent(cotangent, values)
            given = np.ascontiguousarray(_blocked(padded, count), self.precision)
            torques = np.empty((blocks, slots, 3 * count), self.precision)
            swung = np.empty(turned.swings.shape[1:], self.precision)

            def work(first: int, last: int) -> None:
                kernels.backward(self._plan, turned.spins, turned.swings, given, first, last, torques, swung)

            self._over_blocks(work, blocks)
            slopes = np.zeros(turned.cosines.shape)
            slopes[:, self._spun :] = _samples(swung)
            bloch_chains.unwind(torques, turned.cosines, turned.sines, self._chains, count, slopes)
            by_weight, by_feature = self._angles.gradients(data, trained, slopes[: len(data)])
            return by_weight, by_feature if inputs else None

        return values, pullback

    def paulis(self, features: ArrayLike | None, weights: ArrayLike = ()) -> Floats:
        """Return the expectation values of all Pauli words in the final states.

        Returns
        -------
        ndarray, shape (B, 4**qubits)
            In the order of the letters I, X, Y, Z, wire 0 changing slowest. The density matrix is their sum
            of words, over ``2**qubits``.

        Examples
        --------
        >>> from noclone.quantum import gate
        >>> MixedEngine(Circuit(1, (gate("h", 0),))).paulis(None).round(12).tolist()
        [[1.0, 1.0, 0.0, 0.0]]
        """
        data, trained = samples_and_weights(self.circuit, features, weights)
        turned = self._turned(data, trained)
        rows, count = 4**self.circuit.qubits, turned.swings.shape[-1]
        states = np.empty((len(turned.spins), rows * count), self.precision)
        kernels.final(self._plan, turned.spins, turned.swings, states)
        samples = _samples(states.reshape(len(states), rows, count))[: len(data)]
        return np.asarray((self._end @ samples.T).T, self.precision)

    def densities(self, features: ArrayLike | None, weights: ArrayLike = ()) -> Complex:
        """Return the density matrices of the final states, shape (B, 2**qubits, 2**qubits).

        Examples
        --------
        >>> from noclone.quantum import noise
        >>> engine = MixedEngine(Circuit(1, (noise("bit_flip", 0, 0.25),)))
        >>> engine.densities(None).real.round(12).tolist()
        [[[0.75, 0.0], [0.0, 0.25]]]
        """
        values = self.paulis(features, weights)
        letters = np.array([PAULIS[letter] for letter in LETTERS]) / 2
        total: Complex = values.astype(complex).reshape(len(values), 1, 1, -1)
        for _ in range(self.circuit.qubits):
            size = total.shape[1]
            split = total.reshape(len(values), size, size, 4, -1)
            total = np.einsum("bijpr,pkl->bikjlr", split, letters).reshape(
                len(values), 2 * size, 2 * size, -1
            )
        return total[..., 0]
