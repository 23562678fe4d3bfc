r"""Keys of fixed length from a ball around the observed frequencies, against collective attacks.

The parties accept only if the frequencies F of m disclosed rounds lie within a small distance of those that
they expect. By the method of types the true distribution p then satisfies ||F - p||_1 <= mu except with
probability eps; the least entropy over that ball, less what smoothing, error verification and privacy
amplification cost, is the key rate (George, Lin, Luetkenhaus, Phys. Rev. Research 3, 013274 (2021), as set
out in the "BasicBB84Alice2DFinite" protocol of openQKDsecurity).

The postselection technique lifts such a bound to coherent attacks at the price of a polynomial in N in front
of the failure probability and a shorter key; for sources whose states are known it must be applied in its
corrected form (Tupkary, thesis, arXiv:2604.21791; Kamin, Tupkary, Luetkenhaus, arXiv:2502.05382). That is not
done here: where all attacks must be covered, see `coherent`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noclone.core.errors import InvalidInput
from noclone.proofs.finite.expected import acceptance_radius, device_assumptions, expected_table
from noclone.proofs.observations import Event, Observations
from noclone.proofs.problem import key_operators
from noclone.protocols.declaration import Declaration
from noclone.rates.security import Security

if TYPE_CHECKING:
    from noclone.proofs.case import Case

COLLECTIVE = (
    "Eve treats every signal alike and independently (collective attacks); a postselection argument that "
    "would lift the bound to all attacks costs key and is not applied here",
    "the rounds that are disclosed are chosen at random, independently of all else",
    "a block whose frequencies lie further than the tolerance from those expected gives no key",
)
"""What the key of a norm ball assumes."""


@dataclass(frozen=True)
class Block:
    """One block of signals and how likely each step may fail.

    Attributes
    ----------
    signals : int
        Signals sent, N.
    test_share : float
        The share of rounds that is disclosed, in (0, 1).
    eps_estimation : float
        That the true distribution lies outside the ball.
    eps_smoothing : float
        The smoothing of the min-entropy.
    eps_verification : float
        That verification misses unequal keys.
    eps_amplification : float
        The failure of privacy amplification.
    tolerance : float, optional
        How far the disclosed frequencies may lie from those expected, in sum, before the block is dropped; by
        default as far as honest blocks do (`acceptance_radius`).
    """

    signals: int
    test_share: float
    eps_estimation: float = 0.25e-10
    eps_smoothing: float = 0.25e-10
    eps_verification: float = 0.25e-10
    eps_amplification: float = 0.25e-10
    tolerance: float | None = None

    def __post_init__(self) -> None:
        if not self.signals >= 1:
            raise InvalidInput("signals", f"must be at least 1, but is {self.signals}")
        if not 0 < self.test_share < 1:
            raise InvalidInput("test_share", f"must lie in (0, 1), but is {self.test_share}")
        for name in ("eps_estimation", "eps_smoothing", "eps_verification", "eps_amplification"):
            if not 0 < getattr(self, name) < 1:
                raise InvalidInput(name, f"must lie in (0, 1), but is {getattr(self, name)}")
        if self.tolerance is not None and not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise InvalidInput("tolerance", f"must be a finite number of at least 0, but is {self.tolerance}")

    @property
    def tests(self) -> float:
        """How many rounds are disclosed."""
        return self.signals * self.test_share


@dataclass(frozen=True)
class FiniteTerms:
    """What a finite block changes in a proof.

    Attributes
    ----------
    seen : Observations
        Every joint frequency, with the ball that the true distribution lies in.
    share : float
        The share of signals that can give key; multiply the leak of error correction by it too.
    adjustments : tuple of (str, float)
        What is subtracted from the rate, in bits per signal.
    security : Security
    """

    seen: Observations
    share: float
    adjustments: tuple[tuple[str, float], ...]
    security: Security


def ball_radius(tests: float, outcomes: int, eps: float) -> float:
    r"""Return mu: the true distribution lies within mu (1-norm) of the frequencies except with eps.

    Parameters
    ----------
    tests : float
        Disclosed rounds m.
    outcomes : int
        Size of the alphabet whose frequencies are counted.
    eps : float

    Notes
    -----
    The relative entropy of the frequencies to the truth exceeds x with probability at most
    (m + 1)^outcomes e^(-m x) (Cover and Thomas, Elements of Information Theory, theorem 11.2.1), and
    Pinsker's inequality turns it into mu = sqrt(2) sqrt((ln(1/eps) + outcomes ln(m + 1)) / m).

    Examples
    --------
    >>> round(ball_radius(50_000, 16, 0.25e-10), 9)
    0.088888451
    """
    return math.sqrt(2 * (math.log(1 / eps) + outcomes * math.log(tests + 1)) / tests)


def norm_ball_terms(declared: Declaration, frequencies: Mapping[Event, float], block: Block) -> FiniteTerms:
    """Return what a block of signals changes in the proof of a declared protocol.

    Parameters
    ----------
    declared : Declaration
    frequencies : mapping
        The expected joint frequency of each signal and outcome among the disclosed rounds.
    block : Block

    Notes
    -----
    Smoothing costs sqrt(n)/N 2 log2(|X| + 3) sqrt(1 - log2 eps) with n = (1 - test_share) N and |X| symbols,
    verification log2 ceil(1/eps) / N, amplification 2 log2(2/eps) / n. (Amplification could be divided by N
    instead; the reference divides by n, which is the safe side.)

    Examples
    --------
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> terms = norm_ball_terms(bb84, bb84.joint(depolarising(0.01)), Block(10**6, 0.05))
    >>> [(name, round(bits, 10)) for name, bits in terms.adjustments]
    [('smoothing', -0.0272402116), ('verification', -3.52193e-05), ('amplification', -7.62511e-05)]
    """
    seen = Observations.full(declared, frequencies)
    keyed = (1 - block.test_share) * block.signals
    symbols = max(len(group) for group in key_operators(declared))
    smoothing = math.sqrt(keyed) / block.signals * 2 * math.log2(symbols + 3)
    smoothing *= math.sqrt(1 - math.log2(block.eps_smoothing))
    verification = math.log2(math.ceil(1 / block.eps_verification)) / block.signals
    amplification = 2 * math.log2(2 / block.eps_amplification) / keyed
    events, tolerance = len(seen.items), block.tolerance
    if tolerance is None:
        tolerance = acceptance_radius(block.tests, events)
    radius = ball_radius(block.tests, events, block.eps_estimation) + tolerance
    return FiniteTerms(
        Observations(seen.items, radius),
        1 - block.test_share,
        (("smoothing", -smoothing), ("verification", -verification), ("amplification", -amplification)),
        Security(
            "collective",
            "finite",
            COLLECTIVE,
            "George, Lin, Luetkenhaus, Phys. Rev. Research 3, 013274 (2021)",
            eps_sec=block.eps_estimation + block.eps_smoothing + block.eps_amplification,
            eps_cor=block.eps_verification,
        ),
    )


def in_block(case: Case, block: Block) -> Case:
    """Return a case with an asymptotic proof as that of a key of fixed length from one block.

    Parameters
    ----------
    case : Case
        It must state the probability of every signal and outcome together: what the parties expect.
    block : Block

    Raises
    ------
    InvalidInput
        If the case states less, or rests on decoy states or a cutoff.

    Examples
    --------
    >>> from noclone.proofs.subjects import case_of
    >>> case = in_block(case_of("bb84", qber=0.0, keyed_bases="both"), Block(10**6, 0.05, tolerance=0.0))
    >>> round(case.seen.radius, 9), case.share, case.security.regime
    (0.088888451, 0.95, 'finite')
    """
    terms = norm_ball_terms(case.declared, expected_table(case), block)
    return replace(
        case,
        seen=terms.seen,
        leak_bits=terms.share * case.leak_bits,
        share=terms.share,
        adjustments=terms.adjustments,
        security=replace(
            terms.security, assumptions=(*device_assumptions(case), *terms.security.assumptions)
        ),
    )
