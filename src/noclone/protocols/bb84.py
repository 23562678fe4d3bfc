"""BB84 with ideal single photons: the protocol without decoys, and without the need for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, numbers
from noclone.link import Link, SinglePhotonSource
from noclone.link.gains import Gains, fixed_photons
from noclone.protocols.decoy_bb84 import DecoyBB84, Floats
from noclone.rates import bounds
from noclone.sampling.photons import single


@dataclass(frozen=True, kw_only=True)
class BB84(DecoyBB84):
    """BB84 with one photon in every pulse.

    It is decoy BB84 with a single class of pulses: sifting, counting and distillation are the same,
    only the source, its statistics and the bound differ.

    Examples
    --------
    >>> BB84(basis_prob=0.9).keyed.tolist()
    [[True], [False]]
    """

    NAME: ClassVar[str] = "bb84"
    RIGOROUS: ClassVar[str] = "tomamichel-2012"

    intensity_probs: tuple[float, ...] = numbers(
        "the one class of pulses there is; always 1", (1.0,), low=0, low_open=True, high=1
    )
    bound: str = choice("how Eve's share is bounded", "tomamichel-2012", bounds.names())

    def check_link(self, link: Link) -> None:
        """Refuse a source that is not one of single photons."""
        if not isinstance(link.alice, SinglePhotonSource):
            raise InvalidInput(
                "alice", f"must be a single-photon source for {self.NAME}, but is {link.alice.KIND}"
            )
        self._check_bound(self.bound, len(self.intensity_probs))

    def intensities(self, link: Link) -> tuple[float, ...]:
        """Return the number of photons in a pulse."""
        return (1.0,)

    def photon_probs(self, link: Link) -> Floats:
        """Return the certainty of one photon, shape (1, 2)."""
        return single()[None]

    def _gains(self, link: Link, intensities: Floats, probs: Floats, transmittance: Floats) -> Gains:
        return fixed_photons(link.bob, 1, probs, transmittance, link.alice.clock_rate_hz)
