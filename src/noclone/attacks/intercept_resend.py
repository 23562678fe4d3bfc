"""Intercept and resend: Eve measures and sends on what she found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noclone.core.fields import choice
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack, no_photon, one_photon, photon_numbers
from noclone.sampling.pulses import PulseSettings

_BETWEEN = float(np.cos(np.pi / 8) ** 2)
_AGREEMENT = {"z": (1.0, 0.5), "x": (0.5, 1.0), "breidbart": (_BETWEEN, _BETWEEN)}
"""Probability that a measurement finds the bit of a photon that was prepared in the Z and in the X basis."""
_BASES = {"random": ("z", "x"), "z": ("z",), "x": ("x",), "breidbart": ("breidbart",)}
"""Eve's bases, each as likely as the others, by the word for them."""


@dataclass(frozen=True, kw_only=True)
class InterceptResend(ChannelAttack):
    """Eve measures a photon of every attacked pulse that is not empty and resends one.

    She sits at Alice's end, measures one photon without loss or error, and sends exactly one photon, in the
    basis she used and with the bit she found, into the honest channel. Her basis is that of Z or X, one of
    the two at random for each pulse, or Breidbart's, half-way between them, in which she finds every bit
    with the probability cos^2(pi / 8). Empty pulses stay empty.

    For single photons, an honest error rate e becomes e + (fraction / 4)(1 - 2 e) in the sifted bits, for a
    random and for Breidbart's basis (Bennett and Brassard 1984; Bennett et al. 1992). She learns 1/2 bit per
    sifted bit of a non-empty pulse in the first case, and 1 - h(cos^2(pi / 8)) = 0.3991 in the second. A
    bright source loses gain as well, because many photons are replaced by one.

    Examples
    --------
    >>> InterceptResend(fraction=0.5, basis="breidbart")
    InterceptResend(fraction=0.5, basis='breidbart')
    """

    NAME: ClassVar[str] = "intercept-resend"
    DOES: ClassVar[str] = "measures one photon of each pulse, in a basis of her choice"
    RESENDS: ClassVar[str] = "one photon, in the basis used and with the bit found"
    LEARNS: ClassVar[str] = (
        "the bit where she measured in Alice's basis, which is every other if she chose at random"
    )
    CHANGES: ClassVar[str] = (
        "the error rate rises by a quarter of the share attacked; bright intensities lose gain"
    )
    SOURCE: ClassVar[str] = (
        "Bennett and Brassard, Proc. IEEE Int. Conf. Computers, Systems and Signal Processing, Bangalore, "
        "175 (1984); Bennett, Bessette, Brassard, Salvail and Smolin, J. Cryptology 5, 3 (1992)"
    )

    basis: str = choice("basis in which Eve measures", "random", tuple(_BASES))

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the joint law of the patterns and Eve's basis and bit; an empty pulse tells her nothing."""
        photons = photon_numbers(settings)
        shown = one_photon(model, settings)
        found = [np.where(photons == 0, no_photon(model, settings), 0.0)]
        bases = _BASES[self.basis]
        for agreement in (np.array(_AGREEMENT[basis]) for basis in bases):
            hers, his = agreement[settings.sent_basis], agreement[settings.measured_basis]
            for bit in (0, 1):
                prob = np.where(settings.sent_bit == bit, hers, 1 - hers) / len(bases)
                shows_bit = his[:, None, None]
                resent = shows_bit * shown[bit] + (1 - shows_bit) * shown[1 - bit]
                found.append(np.where(photons == 0, 0.0, prob[:, None, None] * resent))
        return found
