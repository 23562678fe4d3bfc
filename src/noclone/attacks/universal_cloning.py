"""Universal cloning: the disturbance is the same in every basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noclone.protocols.cloning_attack import CloningAttack


@dataclass(frozen=True, kw_only=True)
class UniversalCloning(CloningAttack):
    """Eve clones single photons equally well in every basis; she keeps her copy and the cloner's ancilla.

    The cloner is the asymmetric one; at a disturbance of 1/6 both copies are equally good (Bužek and Hillery
    1996). Eve knows where Bob's copy is wrong, and there Alice's bit; where it is right she guesses the bit
    with the probability f = 1/2 + sqrt(D (2 - 3 D)) / (2 (1 - D)). So she learns 1 - (1 - D) h(f) bits of a
    single photon's sifted bit, the most that an individual attack learns of the six-state protocol (Bruß
    1998; Bechmann-Pasquinucci and Gisin 1999). It meets what Bob knows at D = 15.637 %. Two bases allow her
    more: see phase-covariant cloning.

    Examples
    --------
    >>> [round(prob, 4) for prob in UniversalCloning(disturbance=1 / 6).guess_probs()]
    [0.8, 1.0]
    """

    NAME: ClassVar[str] = "universal-cloning"
    DOES: ClassVar[str] = "clones single photons, equally well in every basis"
    RESENDS: ClassVar[str] = "Bob's copy of single photons; other pulses as they are"
    LEARNS: ClassVar[str] = "a guess of each single photon's bit, and with certainty where Bob's is wrong"
    CHANGES: ClassVar[str] = "the error rate rises by the disturbance of single photons; the gains stay"
    SOURCE: ClassVar[str] = (
        "Bužek and Hillery, PRA 54, 1844 (1996); Bruß, PRL 81, 3018 (1998); "
        "Bechmann-Pasquinucci and Gisin, PRA 59, 4238 (1999)"
    )

    def guess_probs(self) -> tuple[float, float]:
        """Return f, and 1."""
        wrong = self.disturbance
        return 0.5 + float(np.sqrt(wrong * (2 - 3 * wrong))) / (2 * (1 - wrong)), 1.0
