"""The protocols that Eve learns to attack, what limits her in each, and the oldest attack of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from noclone.learn.eavesdropping.interception import Floats, Intercepted, Pools, Rounds, signals_of
from noclone.proofs import Observations, prove
from noclone.proofs.library.channels import Channel, composed
from noclone.protocols.b92 import B92
from noclone.protocols.declaration import Declaration, depolarising
from noclone.protocols.four_states import basis_outcomes, basis_signals, bb84_declaration
from noclone.protocols.sarg04 import SARG04
from noclone.rates.individual_attacks import (
    bb84_information,
    biased_bb84_information,
    six_state_information,
)

BIAS = 0.9
"""Probability of basis Z in biased BB84."""
SLACK = 1e-6
"""By how much a disturbance may exceed what measuring every qubit causes and count as that."""
CERTIFIED = "certified by noclone.proofs against collective attacks, from the rates of kept and of wrong bits"


@dataclass(frozen=True, eq=False)
class Game:
    """A protocol of qubits, and how its errors are counted.

    Attributes
    ----------
    name : str
    declared : Declaration
        Every round whose errors are counted also gives key.
    ancillas : int
        What Eve needs for the best attack that is known.
    pools : tuple of tuple of str
        As for `Interception`.
    optimum : callable or None
        The most that an individual attack can tell her, by the disturbance, where theory knows it.
    source : str
        Of `optimum`.
    """

    name: str
    declared: Declaration
    ancillas: int = 2
    pools: Pools = ()
    optimum: Callable[[float], ArrayLike] | None = None
    source: str = CERTIFIED

    def expected_kept(self, disturbance: float, channel: Channel | None = None) -> float | None:
        """Return how many rounds the parties expect to keep at this error rate.

        They know their channel and blame on depolarisation what errors it does not explain. None where Eve
        has no choice: where no attack with this error rate keeps more rounds or fewer.
        """
        if not _kept_is_free(self.declared):
            return None

        def seen(strength: float) -> tuple[float, float]:
            through = depolarising(strength)
            return self.declared.kept_and_wrong(composed(through, channel) if channel else through)

        # Both rates are linear in the strength.
        (kept, wrong), (all_kept, all_wrong) = seen(0.0), seen(1.0)
        more, worse = all_kept - kept, all_wrong - wrong
        return kept + more * (disturbance * kept - wrong) / (worse - disturbance * more)


def games() -> Mapping[str, Game]:
    """Return the protocols that Eve learns to attack, by name.

    Examples
    --------
    >>> list(games())
    ['bb84', 'six-state', 'b92', 'sarg04', 'biased-bb84', 'biased-bb84-pooled']
    """
    fuchs = "Fuchs, Gisin, Griffiths, Niu, Peres, PRA 56, 1163 (1997)"
    three = dict.fromkeys(("x", "y", "z"), 1 / 3)
    six_state = Declaration(
        basis_signals(three),
        basis_outcomes(three),
        {(basis, f"{basis}{bit}"): bit for basis in three for bit in (0, 1)},
    )
    biased = bb84_declaration(BIAS)
    listed = (
        Game("bb84", bb84_declaration(0.5), 1, (), bb84_information, fuchs),
        Game(
            *("six-state", six_state, 2, (), six_state_information),
            "Bruss, PRL 81, 3018 (1998); Bechmann-Pasquinucci, Gisin, PRA 59, 4238 (1999)",
        ),
        Game("b92", B92.typical(0.0)[1].declaration()),
        Game("sarg04", SARG04().declaration()),
        Game("biased-bb84", biased, 1, (("x",), ("z",)), bb84_information, fuchs),
        Game(
            *("biased-bb84-pooled", biased, 2, ()),
            lambda error: biased_bb84_information(error, BIAS),
            f"{fuchs}, for the best split of the errors between the bases",
        ),
    )
    return {game.name: game for game in listed}


def collective_bound(declared: Declaration, table: Floats) -> float:
    """Return what Eve can know at most of a kept bit, by collective attacks too, seeing only error rates.

    Parameters
    ----------
    declared : Declaration
    table : ndarray, shape (signals, outcomes, ...)
        Joint probabilities; what Eve has is summed over.

    Returns
    -------
    float
        In bits: 1 less the certified entropy per kept bit, given how often rounds of each announcement are
        kept and wrong.

    Examples
    --------
    >>> bb84 = bb84_declaration(0.5)
    >>> seen = np.reshape(list(bb84.joint(depolarising(0.22)).values()), (4, 4))
    >>> round(collective_bound(bb84, seen), 6)
    0.499916
    """
    seen = table.reshape(*table.shape[:2], -1).sum(axis=-1)
    seen = np.maximum(seen, 0.0) / np.maximum(seen, 0.0).sum()
    named = {
        (sent, outcome): float(seen[s, j])
        for s, sent in enumerate(declared.signals)
        for j, outcome in enumerate(declared.outcomes)
    }
    proof = prove(declared, Observations.error_rates(declared, named), leak_bits=0.0)
    kept = float((Rounds(declared).kept.sum(axis=0) * seen).sum())
    return min(1.0 - proof.entropy_bits / kept, 1.0)


def intercept_resend(game: Game, disturbance: float, channel: Channel | None = None) -> float:
    """Return what Eve learns by measuring as Bob does and resending the likeliest signal.

    She does so with as many qubits as the disturbance allows. In protocols with inconclusive results this
    also changes how many rounds are kept; the other attacks are not allowed that.

    Parameters
    ----------
    game : Game
    disturbance : float
        Error rate of every pool, at most.
    channel : callable, optional
        What the qubits pass after Eve.

    Returns
    -------
    float
        In bits per kept bit; NaN if measuring every qubit causes fewer errors.

    Examples
    --------
    >>> round(intercept_resend(games()["bb84"], 0.11), 9)
    0.22
    """
    through = channel or (lambda state: state)
    signals, declared = signals_of(game.declared), game.declared
    effects = np.array([outcome.element for outcome in declared.outcomes.values()])
    emitted = np.array([signal.emitted for signal in signals])
    found = np.einsum("eab,sba->se", effects, emitted).real
    likeliest = np.argmax(np.round(found / found.sum(axis=0), 9), axis=0)
    sent_on = np.array([through(signals[s].emitted / signals[s].prob) for s in likeliest])
    attacked = np.einsum("se,jab,eba->sje", found, effects, sent_on).real
    untouched = np.array(list(declared.joint(through).values())).reshape(len(signals), -1, 1)
    rounds = Rounds(declared, game.pools)

    def after(share: float) -> Intercepted:
        table = np.concatenate([share * attacked, (1 - share) * untouched], axis=2)
        return rounds.slopes(table)[0]

    def room(share: float) -> float:
        return disturbance - float(after(share).disturbances.max())

    if room(1.0) > SLACK or room(0.0) < 0:
        return float("nan")
    share = 1.0 if room(1.0) >= 0 else float(brentq(room, 0.0, 1.0, xtol=1e-14))
    return after(share).information


def _kept_is_free(declared: Declaration) -> bool:
    """Return whether channels with the same rate of wrong bits can differ in the rate of kept ones.

    Both are linear in the channel's Choi operator, and equal up to what every channel shares if the kept
    one's functional is the wrong one's plus one of Alice's side alone.
    """
    rounds, signals = Rounds(declared), signals_of(declared)
    effects = [outcome.element for outcome in declared.outcomes.values()]

    def functional(chosen: Floats) -> NDArray[np.complex128]:
        parts = [
            chosen[s, j] * np.kron(signal.operator, effect)
            for s, signal in enumerate(signals)
            for j, effect in enumerate(effects)
        ]
        return np.asarray(np.sum(parts, axis=0)).ravel()

    trivial = [np.kron(np.outer(a, b), np.eye(2)).ravel() for a in np.eye(2) for b in np.eye(2)]
    known = np.array([functional(rounds.wrong.sum(axis=0)), *trivial]).T
    kept = functional(rounds.kept.sum(axis=0))
    return bool(np.linalg.norm(known @ np.linalg.lstsq(known, kept, rcond=None)[0] - kept) > 1e-9)
