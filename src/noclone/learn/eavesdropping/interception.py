"""What the parties see and what Eve learns when her circuit meets every qubit on its way.

Alice's qubit and Eve's ancillas, all in 0, pass Eve's interaction; the qubit goes on through a channel that
the parties take for theirs, and Bob measures it. Eve keeps the ancillas until the announcements and measures
them in a basis that depends on Alice's. Everything is exact: no shots, no sampling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.proofs.library.channels import Channel
from noclone.protocols.declaration import Declaration, Signal
from noclone.quantum import Circuit, Engine, gate, pauli, x
from noclone.quantum.gates import PAULIS

Floats = NDArray[np.float64]
Pools = tuple[tuple[str, ...], ...]

TINY = 1e-18
"""Joint probabilities below count as this in logarithms; it changes an information by less than 1e-15."""


@dataclass(frozen=True)
class EveCircuit:
    """Eve's apparatus; wire 0 is Alice's qubit, the others are Eve's.

    Attributes
    ----------
    interaction : Circuit
        Before anything is announced: no angle may read a feature.
    measurement : Circuit
        Before the ancillas are measured in their computational basis. Feature a is 1 where Alice announced
        the a-th of her announcements in alphabetical order, and 0 elsewhere. May not touch wire 0, which has
        left.

    Raises
    ------
    InvalidInput
        If the circuits differ in size, have no ancilla, or do what Eve cannot do.
    """

    interaction: Circuit
    measurement: Circuit

    def __post_init__(self) -> None:
        if self.interaction.qubits < 2 or self.measurement.qubits != self.interaction.qubits:
            raise InvalidInput("circuit", "must have one ancilla at least, and its two parts as many qubits")
        if self.interaction.n_features:
            raise InvalidInput("interaction", "must not know what will be announced")
        if any(0 in part.wires for part in self.measurement.gates):
            raise InvalidInput("measurement", "must not touch Alice's qubit, which has left")

    @property
    def n_weights(self) -> int:
        """Number of weights of both parts."""
        return max(self.interaction.n_weights, self.measurement.n_weights)


@dataclass(frozen=True, eq=False)
class Intercepted:
    """What came of an attack.

    Attributes
    ----------
    kept : float
        Probability that a round is kept.
    information : float
        Eve's Shannon information on a kept bit of Alice's, in bits, after all announcements.
    disturbances : ndarray, shape (P,)
        Error rates, of each pool of kept bits that the parties count together.
    """

    kept: float
    information: float
    disturbances: Floats


class Interception:
    """Eve's circuit on a declared protocol, as a function of the circuit's weights.

    Parameters
    ----------
    declared : Declaration
        Of qubits that Alice sends.
    circuit : EveCircuit
    channel : callable, optional
        What the qubit passes after Eve: a density matrix to another one.
    pools : tuple of tuple of str
        Alice's announcements, in groups whose errors the parties count together; all in one by default.

    Raises
    ------
    InvalidInput
        If the protocol sends no qubits, or the measurement reads announcements that there are not.

    Examples
    --------
    >>> from noclone.learn.eavesdropping.circuits import phase_covariant_cloner
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> cloner = Interception(bb84_declaration(0.5), phase_covariant_cloner())
    >>> seen = cloner.intercepted([np.pi / 4])
    >>> round(float(seen.disturbances[0]), 6), round(seen.information, 5)
    (0.146447, 0.39912)
    """

    def __init__(
        self,
        declared: Declaration,
        circuit: EveCircuit,
        channel: Channel | None = None,
        pools: Pools = (),
    ) -> None:
        if not declared.sent or declared.dimensions != (2, 2):
            raise InvalidInput("protocol", "must be one in which Alice sends qubits and Bob measures them")
        self.declared, self.circuit = declared, circuit
        said = announcements(declared)
        if circuit.measurement.n_features > len(said):
            raise InvalidInput("measurement", f"must read at most {len(said)} announcements")
        ancillas = circuit.interaction.qubits - 1
        strings = [format(m, f"0{ancillas}b") for m in range(2**ancillas)]
        words = [letter + each.replace("0", "I").replace("1", "Z") for letter in PAULIS for each in strings]
        preparation = Circuit(
            ancillas + 1, (gate("ry", 0, angle=x[len(said)]), gate("rz", 0, angle=x[len(said) + 1]))
        )
        self._engine = Engine(
            preparation + circuit.interaction + circuit.measurement, [pauli(word) for word in words]
        )
        signals = signals_of(declared)
        self._features = np.array(
            [[*(float(each.announced == one) for one in said), *_angles(each)] for each in signals]
        )
        self._probs = np.array([each.prob for each in signals])
        signs = [[(-1) ** (m & z).bit_count() for m in range(2**ancillas)] for z in range(2**ancillas)]
        self._parity = np.array(signs) / 2**ancillas
        self._effects = _effects(declared, channel)
        self._rounds = Rounds(declared, pools)

    def table(self, weights: ArrayLike) -> Floats:
        """Return P(signal, Bob's outcome, Eve's outcome), shape (signals, outcomes, 2**ancillas)."""
        return self._joint(np.asarray(self._engine.expectations(self._features, weights), float))

    def intercepted(self, weights: ArrayLike) -> Intercepted:
        """Return what the parties see and what Eve learns."""
        return self.of_table(self.table(weights))

    def of_table(self, table: Floats) -> Intercepted:
        """Return the same from joint probabilities; see `Rounds.slopes`."""
        return self._rounds.slopes(table)[0]

    def slopes(self, weights: ArrayLike) -> tuple[Intercepted, Floats]:
        """Return the same, and derivatives by the weights of kept, information, disturbances, (2 + P, W)."""
        values, pullback = self._engine.vjp(self._features, weights)
        found, by_table = self._rounds.slopes(self._joint(np.asarray(values, float)))
        rows = []
        for slope in by_table:
            by_value = np.einsum("s,sjm,jp,zm->spz", self._probs, slope, self._effects, self._parity)
            rows.append(pullback(by_value.reshape(values.shape))[0])
        return found, np.array(rows, float)

    def _joint(self, values: Floats) -> Floats:
        """Return the joint probabilities, from expectation values of Pauli words (signals, words)."""
        means = values.reshape(len(values), len(PAULIS), -1)
        joint: Floats = np.einsum("s,spz,jp,zm->sjm", self._probs, means, self._effects, self._parity)
        return joint


class Rounds:
    """Which rounds are kept, whose errors are counted together, and by what Eve tells rounds apart.

    Parameters
    ----------
    declared : Declaration
    pools : tuple of tuple of str
        As for `Interception`.
    """

    def __init__(self, declared: Declaration, pools: Pools = ()) -> None:
        said = announcements(declared)
        self.pools = pools or (tuple(said),)
        if sorted(each for pool in self.pools for each in pool) != said:
            raise InvalidInput("pools", f"must hold each announcement once: {', '.join(map(repr, said))}")
        shape = (len(declared.signals), len(declared.outcomes))
        self.kept, self.wrong = (np.zeros((len(self.pools), *shape)) for _ in range(2))
        groups: dict[tuple[str, str], int] = {}
        cells: list[tuple[int, int, int, int]] = []
        for s, (sent, signal) in enumerate(declared.signals.items()):
            pool = next(i for i, each in enumerate(self.pools) if signal.announced in each)
            for j, (seen, outcome) in enumerate(declared.outcomes.items()):
                pair = declared.symbols(sent, seen)
                if pair is not None:
                    group = groups.setdefault((signal.announced, outcome.announced), len(groups))
                    cells.append((group, pair[0], s, j))
                    self.kept[pool, s, j] = 1.0
                    self.wrong[pool, s, j] = pair[0] != pair[1]
        self._select = np.zeros((len(groups), 1 + max(cell[1] for cell in cells), *shape))
        for cell in cells:
            self._select[cell] = 1.0

    def slopes(self, table: Floats) -> tuple[Intercepted, list[Floats]]:
        """Return what a joint table of signals, Bob's and Eve's outcomes says, and its derivatives.

        Parameters
        ----------
        table : ndarray, shape (signals, outcomes, E)
            Probabilities, in the order of the declaration.

        Returns
        -------
        Intercepted
        list of ndarray, shape (signals, outcomes, E)
            Derivatives of kept, information and each disturbance by the table.
        """
        joint = np.maximum(np.einsum("gbsj,sjm->gbm", self._select, table), TINY)
        of_group = joint.sum(axis=(1, 2), keepdims=True)
        of_bit, of_result = joint.sum(axis=2, keepdims=True), joint.sum(axis=1, keepdims=True)
        bits = np.log2(joint * of_group / (of_bit * of_result))
        kept = np.einsum("psj,sjm->p", self.kept, table)
        disturbances = np.einsum("psj,sjm->p", self.wrong, table) / kept
        total = float(kept.sum())
        found = Intercepted(total, max(float((joint * bits).sum()) / total, 0.0), disturbances)
        # What the logarithm's own derivative adds cancels: the bits are of a ratio of degree 0.
        by_bits = np.einsum("gbsj,gbm->sjm", self._select, bits)
        by_kept = self.kept.sum(axis=0)[:, :, None]
        by_errors = (self.wrong - disturbances[:, None, None] * self.kept) / kept[:, None, None]
        slopes = [by_kept, (by_bits - found.information * by_kept) / total, *by_errors[..., None]]
        return found, [np.broadcast_to(each, table.shape) for each in slopes]


def announcements(declared: Declaration) -> list[str]:
    """Return what Alice may announce, in alphabetical order."""
    return sorted({signal.announced for signal in declared.signals.values()})


def signals_of(declared: Declaration) -> list[Signal]:
    """Return the states that Alice may send."""
    return [signal for signal in declared.signals.values() if isinstance(signal, Signal)]


def _angles(signal: Signal) -> tuple[float, float]:
    """Return the angles by which RY, then RZ make the signal's state from 0, up to a phase."""
    zero, one = signal.state
    return 2 * float(np.arctan2(abs(one), abs(zero))), float(np.angle(one) - np.angle(zero))


def _effects(declared: Declaration, channel: Channel | None) -> Floats:
    """Return what each outcome weighs each Pauli mean of the qubit with, before the channel."""
    through = channel or (lambda state: state)
    return np.array(
        [
            [float(np.trace(each.element @ through(letter / 2)).real) for letter in PAULIS.values()]
            for each in declared.outcomes.values()
        ]
    )
