"""The terms of a key length, the same for every bound, and what a bound is."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from noclone.core.errors import InvalidInput
from noclone.rates.counts import Bools, DecoyCounts, Floats, keyed_mask
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Security


@dataclass(frozen=True, eq=False)
class KeyTerms:
    """A key length and everything that went into it.

    Bits of one block in the finite regime, bits per pulse in the asymptotic one. Arrays over bases have
    shape (2, ...); counts are zero where a basis is not keyed. The costs broadcast against the grid.

    Parameters
    ----------
    vacuum : ndarray, shape (2, ...)
        Lower bound on keyed detections of empty pulses, as far as the bound counts them.
    single : ndarray, shape (2, ...)
        Lower bound on keyed detections of single photons.
    phase_error : ndarray, shape (2, ...)
        Upper bound on their phase error rate.
    leak_bits : ndarray, shape (...)
        What reconciliation disclosed, as charged.
    secrecy_bits : ndarray, shape (...)
        Cost of privacy amplification and of entropy smoothing, all keyed bases together.
    correctness_bits : ndarray, shape (...)
        Cost of verification, all keyed bases together.
    """

    vacuum: Floats
    single: Floats
    phase_error: Floats
    leak_bits: Floats
    secrecy_bits: Floats
    correctness_bits: Floats

    def contributions(self) -> dict[str, Floats]:
        """Return the signed terms of the length, in bits, bases added; their sum is `unclipped`."""
        terms = {
            "vacuum": self.vacuum.sum(axis=0),
            "single photons": self.single.sum(axis=0),
            "phase errors": -(self.single * binary_entropy(self.phase_error)).sum(axis=0),
            "reconciliation": -self.leak_bits,
            "secrecy": -self.secrecy_bits,
            "correctness": -self.correctness_bits,
        }
        return dict(zip(terms, np.broadcast_arrays(*terms.values()), strict=True))

    @property
    def unclipped(self) -> Floats:
        """The length as the formula gives it, negative where no key can be had; shape (...)."""
        secret = self.vacuum + self.single * (1.0 - binary_entropy(self.phase_error))
        bits: Floats = secret[0] + secret[1] - self.leak_bits - self.secrecy_bits - self.correctness_bits
        return bits

    @property
    def length(self) -> Floats:
        """The length of the key, at least 0 and not rounded; shape (...)."""
        return np.maximum(self.unclipped, 0.0)


class Bound(Protocol):
    """What each file of `noclone.rates.bounds` provides."""

    @property
    def NAME(self) -> str:
        """Name under which `bounds.get` finds it: the file's name with hyphens."""

    @property
    def SECURITY(self) -> Security:
        """What a key of this length is worth."""

    @property
    def SOURCE(self) -> str:
        """Paper and equations."""

    @property
    def FINITE(self) -> bool:
        """Whether counts are those of a finite block; otherwise they are per pulse."""

    @property
    def INTENSITIES(self) -> tuple[int, ...]:
        """How many intensities it can work with."""

    def key_terms(
        self,
        counts: DecoyCounts,
        keyed: ArrayLike,
        leak_bits: ArrayLike,
        eps_sec: ArrayLike,
        eps_cor: ArrayLike,
    ) -> KeyTerms:
        """Return the terms of the key length."""


def checked_mask(counts: DecoyCounts, keyed: ArrayLike, allowed: tuple[int, ...]) -> Bools:
    """Return the mask of keyed classes, after checking that the bound works with this many intensities.

    Raises
    ------
    InvalidInput
        If the number of intensities is not in `allowed`, or the mask does not fit.
    """
    if len(counts.intensities) not in allowed:
        numbers = " or ".join(str(number) for number in allowed)
        raise InvalidInput("bound", f"needs {numbers} intensities, but there are {len(counts.intensities)}")
    return keyed_mask(keyed, len(counts.intensities))


def shannon_leak(counts: DecoyCounts, keyed: ArrayLike, efficiency: ArrayLike) -> Floats:
    """Return the leakage of reconciliation at a given efficiency: f n h(E), over the keyed bases.

    Parameters
    ----------
    counts : DecoyCounts
    keyed : array_like of bool, shape (2, K)
        Which (basis, intensity) classes are keyed; each keyed basis is one block of reconciliation.
    efficiency : array_like, shape (...)
        f >= 1, leakage over the Shannon limit.

    Returns
    -------
    ndarray, shape (...)
        Bits, or bits per pulse.

    Examples
    --------
    >>> counts = DecoyCounts([0.5, 0.1], [0.9, 0.1], [[900, 100], [90, 10]], [[110, 0], [9, 0]])
    >>> float(shannon_leak(counts, [[True, True], [False, False]], 1.0).round(3))
    499.916
    """
    detections, errors = counts.keyed(keyed)
    with np.errstate(invalid="ignore"):
        qber = np.where(detections > 0.0, errors / detections, 0.0)
    leak: Floats = np.asarray(efficiency, dtype=np.float64) * (detections * binary_entropy(qber)).sum(axis=0)
    return leak
