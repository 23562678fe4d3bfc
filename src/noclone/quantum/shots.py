"""What a finite number of runs of a circuit shows: drawn from its exact probabilities.

All observables made of Z and I are read from the same measured bit strings. The other Pauli words are put in
groups that agree letter by letter where both have one (qubit-wise commutation); each group is measured in its
own basis, with the same number of shots again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.numbers import whole
from noclone.quantum.engine import Engine
from noclone.quantum.gates import GATES, Complex
from noclone.quantum.qudits import apply

if TYPE_CHECKING:
    from noclone.quantum.pauli_transfer import MixedEngine

Floats = NDArray[np.float64]
Bits = NDArray[np.uint8]


def measurement_bases(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the bases in which Pauli words are measured together, each with its words.

    Examples
    --------
    >>> measurement_bases(["ZI", "ZZ", "XI", "IY", "YI"])
    {'ZZ': ['ZI', 'ZZ'], 'XY': ['XI', 'IY'], 'YZ': ['YI']}
    """
    plain = [word for word in words if set(word) <= set("IZ")]
    groups = [("Z" * len(plain[0]), plain)] if plain else []
    open_from = len(groups)
    for word in words:
        if word in plain:
            continue
        for place, (basis, members) in enumerate(groups[open_from:], open_from):
            if all(a == b or "I" in (a, b) for a, b in zip(basis, word, strict=True)):
                merged = "".join(max(a, b) for a, b in zip(basis, word, strict=True))  # I sorts before XYZ
                groups[place] = (merged, [*members, word])
                break
        else:
            groups.append((word, [word]))
    return {basis.replace("I", "Z"): members for basis, members in groups}


def _outcomes(
    engine: Engine | MixedEngine, features: ArrayLike | None, weights: ArrayLike
) -> Callable[[str], Floats]:
    """Return what gives, for a basis, the probabilities of the bit strings, shape (B, 2**qubits).

    A basis is a letter X, Y or Z for each wire.
    """
    if isinstance(engine, Engine):
        return partial(_of_states, engine.states(features, weights))
    return partial(_of_paulis, engine.paulis(features, weights))


def _of_states(states: NDArray[np.complexfloating], basis: str) -> Floats:
    turned: Complex = np.asarray(states, np.complex128)
    for wire, letter in enumerate(basis):
        for name in {"X": ("h",), "Y": ("sdg", "h"), "Z": ()}[letter]:
            matrix = GATES[name].matrix
            assert matrix is not None
            turned = apply(turned, matrix, (wire,), 2)
    return _normalised(np.abs(turned) ** 2)


def _of_paulis(values: NDArray[np.floating], basis: str) -> Floats:
    """Sum, for each bit string, the words made of I and the basis' letters with the string's signs."""
    weights = np.asarray(values, float).reshape(len(values), *(4,) * len(basis))
    for letter in basis:  # the first axis left is a wire's letters; its two outcomes become the last
        sure, turned = weights[:, 0], weights[:, "IXYZ".index(letter)]
        weights = np.stack([sure + turned, sure - turned], axis=-1)
    return _normalised(np.maximum(weights.reshape(len(values), -1), 0))


def _normalised(weights: Floats) -> Floats:
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _signs(word: str) -> Floats:
    """Return the value, +1 or -1, that each bit string gives a word in the word's own basis."""
    signs: Floats = np.ones(1)
    for letter in word:
        signs = np.asarray(np.kron(signs, [1.0, 1.0] if letter == "I" else [1.0, -1.0]), float)
    return signs


def estimates(
    engine: Engine | MixedEngine,
    features: ArrayLike | None,
    weights: ArrayLike,
    shots: int,
    rng: np.random.Generator,
) -> Floats:
    """Return estimates of the engine's observables, unbiased, as a quantum computer would give them.

    Parameters
    ----------
    engine : Engine or MixedEngine
        The latter for circuits with noise.
    features : array_like, shape (B, F), or None
    weights : array_like, shape (W,)
    shots : int
        Runs of the circuit per sample and measurement basis.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (B, observables)

    Raises
    ------
    InvalidInput
        Shots that are no whole number, or fewer than one.

    Examples
    --------
    >>> from noclone.quantum import Circuit, gate, z
    >>> engine = Engine(Circuit(1, (gate("h", 0),)), [z(0, 1)])
    >>> bool(abs(estimates(engine, None, (), 10_000, np.random.default_rng(0))[0, 0]) < 0.05)
    True
    """
    shots = whole("shots", shots, 1)
    outcomes = _outcomes(engine, features, weights)
    words = list(dict.fromkeys(word for part in engine.observables for _, word in part.words))
    seen: dict[str, Floats] = {}
    for basis, members in measurement_bases(words).items():
        counts = rng.multinomial(shots, outcomes(basis))
        found = counts @ np.stack([_signs(word) for word in members], axis=1) / shots
        seen.update(zip(members, found.T, strict=True))
    samples = 1 if features is None else len(np.asarray(features))
    out = np.zeros((samples, len(engine.observables)))
    for column, observable in enumerate(engine.observables):
        for coefficient, word in observable.words:
            out[:, column] += coefficient * seen[word]
    return out


def sample_bits(
    engine: Engine | MixedEngine,
    features: ArrayLike | None,
    weights: ArrayLike,
    shots: int,
    rng: np.random.Generator,
) -> Bits:
    """Return measured bits in the computational basis.

    Parameters
    ----------
    As in `estimates`; the engine's observables play no part.

    Returns
    -------
    ndarray of uint8, shape (B, shots, qubits)
        Wire 0 first.

    Examples
    --------
    >>> from noclone.quantum import Circuit, gate
    >>> sample_bits(Engine(Circuit(2, (gate("x", 1),))), None, (), 2, np.random.default_rng(0)).tolist()
    [[[0, 1], [0, 1]]]
    """
    qubits, shots = engine.circuit.qubits, whole("shots", shots, 1)
    chances = _outcomes(engine, features, weights)("Z" * qubits)
    counts = rng.multinomial(shots, chances)
    drawn = np.repeat(np.tile(np.arange(2**qubits), len(chances)), counts.ravel()).reshape(-1, shots)
    drawn = rng.permuted(drawn, axis=1)
    return np.asarray(drawn[..., None] >> np.arange(qubits)[::-1] & 1, np.uint8)


def swap_test(fidelity: ArrayLike, shots: int, rng: np.random.Generator) -> Floats:
    """Return estimates of fidelities from swap tests, each with its own shots; they may be negative.

    The ancilla gives 0 with probability ``(1 + F) / 2`` (H. Buhrman et al., Phys. Rev. Lett. 87, 167902
    (2001)), so that the standard error is ``sqrt((1 - F**2) / shots)``.

    Parameters
    ----------
    fidelity : array_like, shape (...)
        Exact fidelities; rounding outside 0 to 1 is taken as 0 or 1.
    shots : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (...)

    Examples
    --------
    >>> swap_test([1.0, 1.0], 100, np.random.default_rng(0)).tolist()
    [1.0, 1.0]
    """
    shots, exact = whole("shots", shots, 1), np.clip(np.asarray(fidelity, float), 0, 1)
    return np.asarray(2 * rng.binomial(shots, (1 + exact) / 2) / shots - 1)


def inversion_test(fidelity: ArrayLike, shots: int, rng: np.random.Generator) -> Floats:
    """Return estimates of fidelities from running one state's circuit and the inverse of the other's.

    All bits come out 0 with probability F (V. Havlicek et al., Nature 567, 209 (2019)), so that the standard
    error is ``sqrt(F (1 - F) / shots)``. Parameters and returns as in `swap_test`.

    Examples
    --------
    >>> inversion_test(0.0, 100, np.random.default_rng(0)).tolist()
    0.0
    """
    shots, exact = whole("shots", shots, 1), np.clip(np.asarray(fidelity, float), 0, 1)
    return np.asarray(rng.binomial(shots, exact) / shots)
