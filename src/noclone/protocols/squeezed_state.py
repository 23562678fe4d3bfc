"""Squeezed states with Gaussian modulation, homodyne or heterodyne detection, reverse reconciliation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.link import Fibre, Link
from noclone.link.coherent import CoherentReceiver, GaussianModulation
from noclone.protocols.gg02 import GG02, RECEIVER_FIELDS, near_best_modulation
from noclone.protocols.protocol import Free, Step


@dataclass(frozen=True, kw_only=True)
class SqueezedState(GG02):
    """States squeezed in a random quadrature, which is the one that carries Alice's symbol.

    A round is one symbol. With homodyne detection Bob measures a random quadrature and half of the rounds,
    in which it is the squeezed one, are kept; with heterodyne detection he uses the outcome of the squeezed
    quadrature of every round and discards the other. Alice displaces the other quadrature too, so that the
    mixture of what she sends is the same thermal state for both choices. Losses, noise, finite blocks and
    varying channels are as in GG02. Statistics and samples are those of kept rounds.

    Examples
    --------
    >>> link, protocol = SqueezedState.typical(25)
    >>> 0.03 < float(protocol.rate(link).rate_per_pulse) < 0.2
    True
    """

    NAME: ClassVar[str] = "squeezed-state"
    TITLE: ClassVar[str] = "Gaussian-modulated squeezed states"
    STATIONS: ClassVar = {
        "alice": {
            GaussianModulation: (
                "modulation_variance_snu",
                "squeezed_variance_snu",
                "excess_noise_snu",
                "clock_rate_hz",
            ),
        },
        "bob": {CoherentReceiver: RECEIVER_FIELDS},
    }
    STEPS: ClassVar = (
        Step("alice", "squeezes a random quadrature and displaces it by a Gaussian random number"),
        Step("alice", "displaces the other quadrature so that the mixture hides her choice"),
        Step("channel", "attenuates the state and adds noise"),
        Step("bob", "measures a random quadrature (homodyne) or both (heterodyne)"),
        Step("public", "both announce their quadratures; only equal ones are kept"),
        Step("public", "some pairs are disclosed, from which transmittance and noise are estimated"),
        Step("public", "Bob sends what Alice needs to correct her data to his"),
    )
    FORMULA: ClassVar[str] = (
        r"K = q\,(\beta I_{AB} - \chi_{BE}),\quad"
        r" I_{AB} = \tfrac12\log_2\frac{V+\chi_{\rm tot}}{s+\chi_{\rm tot}},"
        r"\quad V = V_A + s,\quad q = \tfrac12 \text{ (homodyne)},\ 1 \text{ (heterodyne)}"
    )
    SOURCE: ClassVar[str] = (
        "Cerf, Levy, Van Assche, PRA 63, 052311 (2001); Garcia-Patron, Cerf, PRL 102, 130501 (2009)"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The squeezing is taken as pure: the other quadrature has the variance 1 / s before modulation.",
        *GG02.LIMITS,
    )
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("alice.modulation_variance_snu", 3.0, 200.0, "log"),
        Free("protocol.estimation_share", 0.01, 0.9, "log"),
    )

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with 4.6 dB of squeezing at 100 MHz and a calibrated homodyne receiver."""
        link = Link(
            alice=GaussianModulation(
                modulation_variance_snu=near_best_modulation(length_km),
                squeezed_variance_snu=0.35,
                excess_noise_snu=0.005,
                clock_rate_hz=1e8,
            ),
            channel=Fibre(length_km=length_km),
            bob=CoherentReceiver(efficiency=0.65, electronic_noise_snu=0.05, trusted=True),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse, besides what GG02 refuses, a displacement that does not hide the squeezing."""
        super().check_link(link)
        if not np.all(self._hidden(link)):
            least = float(np.max(link.alice.least_modulation_snu))
            raise InvalidInput(
                "alice.modulation_variance_snu",
                f"must be at least {least:.6g}, or Eve could tell the squeezed quadrature",
            )

    @staticmethod
    def _hidden(link: Link) -> Any:
        """Return where the displacements hide which quadrature is squeezed."""
        return link.alice.modulation_variance_snu >= link.alice.least_modulation_snu * (1 - 1e-9)

    def _interval(self, link: Link, *conditions: Any) -> tuple[Any, Any, Any]:
        """Return what GG02 does, and where Eve can tell the squeezed quadrature all information as hers."""
        information, holevo, penalty = super()._interval(link, *conditions)
        return information, np.where(self._hidden(link), holevo, information), penalty

    def used_quadratures(self, link: Link) -> int:
        """Return 1: only the squeezed quadrature carries key."""
        return 1

    def kept_share(self, link: Link) -> float:
        """Return the share of rounds in which Bob has an outcome of the squeezed quadrature."""
        return 0.5 if link.bob.detection == "homodyne" else 1.0
