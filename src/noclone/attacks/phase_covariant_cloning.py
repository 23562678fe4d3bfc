"""Phase-covariant cloning: the optimal individual attack on the single photons of BB84."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noclone.protocols.cloning_attack import CloningAttack


@dataclass(frozen=True, kw_only=True)
class PhaseCovariantCloning(CloningAttack):
    """Eve clones single photons as well as the bases Z and X allow.

    At a disturbance D she guesses Alice's bit with the probability 1/2 + sqrt(D (1 - D)), whether Bob's copy
    is right or wrong, and learns I = phi(2 sqrt(D (1 - D))) / 2 bits of a single photon's sifted bit, where
    phi(z) = (1 + z) log2(1 + z) + (1 - z) log2(1 - z). No attack on photons one by one, measured one by
    one, tells her more (Fuchs et al. 1997). It meets what Bob knows, 1 - h(D), at
    D = (1 - 1/sqrt(2)) / 2 = 14.6 %; that is no security threshold, because collective attacks tell more.

    Examples
    --------
    >>> guess, _ = PhaseCovariantCloning(disturbance=0.5).guess_probs()
    >>> guess
    1.0
    """

    NAME: ClassVar[str] = "phase-covariant-cloning"
    DOES: ClassVar[str] = "clones single photons, as well as the two bases of BB84 allow"
    RESENDS: ClassVar[str] = "Bob's copy of single photons; other pulses as they are"
    LEARNS: ClassVar[str] = "a guess of each single photon's bit, the best that the errors she makes allow"
    CHANGES: ClassVar[str] = "the error rate rises by the disturbance of single photons; the gains stay"
    SOURCE: ClassVar[str] = (
        "Fuchs, Gisin, Griffiths, Niu and Peres, PRA 56, 1163 (1997); "
        "Bruß, Cinchetti, D'Ariano and Macchiavello, PRA 62, 012302 (2000)"
    )

    def guess_probs(self) -> tuple[float, float]:
        """Return 1/2 + sqrt(D (1 - D)) twice."""
        guess = 0.5 + float(np.sqrt(self.disturbance * (1 - self.disturbance)))
        return guess, guess
