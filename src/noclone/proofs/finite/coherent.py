r"""Finite keys against all attacks from Renyi entropies, of fixed or of variable length.

A block of N rounds has Renyi entropy at least N (q . f + kappa) for frequencies q (see `score`). Hashing
leaves a key that is secret up to eps if it is at most

.. math:: N (q \cdot f + \kappa) - \mathrm{leak} - \frac{\alpha}{\alpha - 1} \log_2 \frac{1}{\varepsilon} + 2

bits long (Dupuis, IEEE Trans. Inf. Theory 69, 7784 (2023): half the trace distance is at most
2^(2/alpha - 2) 2^((alpha - 1)/alpha (length - entropy))). A key of variable length takes q as it was seen. A
key of fixed length is made only if q lies within a 1-norm ball around what was expected, and takes the least
of q . f there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from noclone.core.errors import InvalidInput
from noclone.proofs.case import Case
from noclone.proofs.finite.expected import acceptance_radius, device_assumptions, expected_table
from noclone.proofs.finite.rounds import Floats, Rounds, rounds
from noclone.proofs.finite.saddle import best_score
from noclone.proofs.finite.score import Score
from noclone.proofs.observations import Event, Observations
from noclone.protocols.declaration import Declaration
from noclone.rates.security import Security

SOURCE = (
    "Arqand, Tan, arXiv:2502.02563 (entropy accumulation); Kamin, Burniston, Tan, arXiv:2504.12248; "
    "Navarro et al., arXiv:2511.10584; Dupuis, IEEE Trans. Inf. Theory 69, 7784 (2023) (hashing)"
)
ASSUMPTIONS = (
    "channel entropies of the sandwiched Renyi family are additive under marginal constraints, taken from "
    "the abstract of arXiv:2502.02563; the step from it to a key length is noclone's own derivation, of the "
    "form that the public code of arXiv:2511.10584 computes",
    "which rounds are disclosed is decided at random, independently of all else, round by round",
    "the scores were chosen before the block was seen",
)
"""What a key against coherent attacks assumes."""
ORDERS = (-6.0, 0.0)
"""Range of log10(alpha - 1) that is searched."""


@dataclass(frozen=True)
class CoherentBlock:
    """One block of signals and how likely each step may fail.

    Attributes
    ----------
    signals : int
        Signals sent, N.
    test_share : float
        The share of rounds disclosed among those that could give key; others are always disclosed.
    eps_secret : float
        Distance of the key from a perfectly secret one.
    eps_correct : float
        That verification misses unequal keys.
    """

    signals: int
    test_share: float = 0.0
    eps_secret: float = 1e-10
    eps_correct: float = 1e-10

    def __post_init__(self) -> None:
        if not self.signals >= 1:
            raise InvalidInput("signals", f"must be at least 1, but is {self.signals}")
        for name in ("eps_secret", "eps_correct"):
            if not 0 < getattr(self, name) < 1:
                raise InvalidInput(name, f"must lie in (0, 1), but is {getattr(self, name)}")

    @property
    def verification_bits(self) -> int:
        """What verification tells Eve."""
        return math.ceil(math.log2(1 / self.eps_correct))

    def hashing_bits(self, alpha: float) -> float:
        """Return what privacy amplification costs."""
        return alpha / (alpha - 1) * math.log2(1 / self.eps_secret) - 2


@dataclass(frozen=True, eq=False)
class RenyiRate:
    """A key rate from scores, in bits per signal sent, at the expected behaviour.

    Attributes
    ----------
    title : str
        Of the protocol.
    block : CoherentBlock
    score : Score
    radius : float
        How far (1-norm) the frequencies may lie from those expected; 0 where the length follows from them.
    frequencies : ndarray, shape (k + 1,)
        Expected, of the disclosed events and of "key".
    leak_bits : float
        What error correction is expected to disclose, per signal.
    security : Security
    """

    title: str
    block: CoherentBlock
    score: Score
    radius: float
    frequencies: Floats
    leak_bits: float
    security: Security

    @property
    def entropy_bits(self) -> float:
        """Renyi entropy per signal that is proven, at the worst frequencies that give a key."""
        return self.score.worst_entropy(self.frequencies, self.radius)

    @property
    def rate(self) -> float:
        """Secret bits per signal; negative where no key can be made."""
        costs = self.block.hashing_bits(self.score.alpha) + self.block.verification_bits
        return self.entropy_bits - self.leak_bits - costs / self.block.signals

    @property
    def key_bits(self) -> int:
        """Whole bits of the block's key, if it goes as expected."""
        return max(0, math.floor(self.rate * self.block.signals))

    def key_length(self, counts: Mapping[Event, int], leaked_bits: int) -> int:
        """Return how many bits a block gives of which this was seen.

        Parameters
        ----------
        counts : mapping
            How often each disclosed event occurred; all others of the block's rounds count as "key".
        leaked_bits : int
            What error correction disclosed.

        Raises
        ------
        InvalidInput
            If an event is not among the disclosed ones, or if more occurred than signals were sent.
        """
        if strange := set(counts) - set(self.score.events):
            raise InvalidInput("counts", f"name {min(map(str, strange))}, which is not disclosed")
        seen: Floats = np.array([counts.get(event, 0) for event in self.score.events], np.float64)
        keyed = self.block.signals - float(seen.sum())
        if keyed < 0 or seen.min() < 0:
            raise InvalidInput("counts", "must not be negative, nor more than the signals sent")
        frequencies = np.append(seen, keyed) / self.block.signals
        if not self.radius:
            entropy = self.score.entropy(frequencies)
        elif float(np.abs(frequencies - self.frequencies).sum()) <= self.radius:
            entropy = self.entropy_bits
        else:
            return 0
        costs = leaked_bits + self.block.verification_bits + self.block.hashing_bits(self.score.alpha)
        return max(0, math.floor(entropy * self.block.signals - costs))

    def __str__(self) -> str:
        """Return the rate, where it comes from and what it is worth."""
        kind = "fixed" if self.radius else "variable"
        lines = [
            f"{self.title}: {self.rate:.9g} secret bits per signal",
            f"  block               {self.block.signals:.12g} signals, key of {kind} length",
            f"  Renyi entropy       {self.entropy_bits:+.9g} (order {self.score.alpha:.6g})",
            f"  error correction    {-self.leak_bits:+.9g}",
            f"  verification        {-self.block.verification_bits / self.block.signals:+.9g}",
            f"  amplification       {-self.block.hashing_bits(self.score.alpha) / self.block.signals:+.9g}",
            f"  security            {self.security.attacks} attacks, {self.security.regime}",
        ]
        return "\n".join(lines + [f"  assumes             {text}" for text in self.security.assumptions])


def variable_length(
    case: Case,
    block: CoherentBlock,
    *,
    alpha: float | None = None,
    merged: Mapping[Event, Event] | None = None,
) -> RenyiRate:
    """Return the key rate of a protocol whose key is as long as what is seen allows.

    Parameters
    ----------
    case : Case
        It must state the probability of every signal and outcome together: what the parties expect.
    block : CoherentBlock
    alpha : float, optional
        Order of the entropy in (1, 2]; the best by default.
    merged : mapping, optional
        Disclosed events that are counted as another one, which may be given any two labels.

    Raises
    ------
    InvalidInput
        If the case states less, or rests on decoy states or a cutoff; or if no round would be disclosed.

    Examples
    --------
    >>> from noclone.proofs.case import of_channel
    >>> from noclone.proofs.library.lossy import loss, with_loss
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = with_loss(bb84_declaration(0.9, "z"))
    >>> case = of_channel("BB84", bb84, loss(0.1, before=depolarising(0.03)), f_ec=1.16)
    >>> found = variable_length(case, CoherentBlock(10**8), alpha=1.002)
    >>> 0.05 < found.rate < 0.0585
    True
    """
    return _rate(case, block, alpha, rounds(case.declared, block.test_share, merged), merged, 0.0)


def fixed_length(
    case: Case,
    block: CoherentBlock,
    *,
    radius: float | None = None,
    alpha: float | None = None,
    merged: Mapping[Event, Event] | None = None,
) -> RenyiRate:
    """Return the key rate of a protocol that makes a key of one length, or none if too far from expected.

    Parameters
    ----------
    case, block, alpha, merged
        As for `variable_length`.
    radius : float, optional
        How far (1-norm) the frequencies may lie from those expected; by default as far as those of honest
        blocks do (`acceptance_radius`).

    Raises
    ------
    InvalidInput
        As by `variable_length`, and if the radius is not positive.
    """
    found = rounds(case.declared, block.test_share, merged)
    if radius is None:
        radius = acceptance_radius(block.signals, len(found.events) + 1)
    if not (math.isfinite(radius) and radius > 0):
        raise InvalidInput("radius", f"must be positive and finite, but is {radius}")
    return _rate(case, block, alpha, found, merged, radius)


def expected_frequencies(
    found: Rounds,
    declared: Declaration,
    table: Mapping[Event, float],
    share: float,
    merged: Mapping[Event, Event] | None = None,
) -> Floats:
    """Return how often each disclosed event, and "key" last, is expected."""
    Observations.full(declared, table)
    keyed = {said for said, _ in declared.bits}
    seen = dict.fromkeys(found.events, 0.0)
    for (sent, what), prob in table.items():
        event = (merged or {}).get((sent, what), (sent, what))
        if event in seen:
            seen[event] += prob * (share if declared.signals[sent].announced in keyed else 1.0)
    return np.append(list(seen.values()), 1 - sum(seen.values()))


def _rate(
    case: Case,
    block: CoherentBlock,
    alpha: float | None,
    found: Rounds,
    merged: Mapping[Event, Event] | None,
    radius: float,
) -> RenyiRate:
    if alpha is not None and not 1 < alpha <= 2:
        raise InvalidInput("alpha", f"must lie in (1, 2], but is {alpha}")
    frequencies = expected_frequencies(found, case.declared, expected_table(case), block.test_share, merged)
    leak = (1 - block.test_share) * case.leak_bits
    assumptions = (*device_assumptions(case), *ASSUMPTIONS)
    security = Security(
        "coherent", "finite", assumptions, SOURCE, eps_sec=block.eps_secret, eps_cor=block.eps_correct
    )

    def at(order: float) -> RenyiRate:
        score = best_score(found, frequencies, order, radius)
        return RenyiRate(case.title, block, score, radius, frequencies, leak, security)

    if alpha is not None:
        return at(alpha)
    # Any order gives a bound; the search need only come near the best one.
    best = minimize_scalar(
        lambda exponent: -at(1 + 10**exponent).rate, bounds=ORDERS, method="bounded", options={"xatol": 0.02}
    )
    return at(1 + 10 ** float(best.x))
