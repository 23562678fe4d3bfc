"""BB84 with decoy states from photon pairs: one photon of each announces the pulse that the other makes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import specs
from noclone.link import Fibre, Link, ThresholdDetectors
from noclone.link.gains import Gains, photon_mixture
from noclone.link.sources import HeraldedSource
from noclone.protocols.decoy_bb84 import DecoyBB84, Floats, receiver_flaws, stacked
from noclone.protocols.protocol import Free, Stations, Step, flat_fields
from noclone.rates.counts import PhotonCounts
from noclone.rates.flaws.flaws import Flaws
from noclone.rates.key_terms import Bound
from noclone.rates.security import IDEAL_LASER, Security
from noclone.sampling.photons import heralded

DIMMEST = 0.01
"""Fewer pairs than this would be taken for an empty decoy, which an announced pulse never is."""


@dataclass(frozen=True, kw_only=True)
class HeraldedDecoyBB84(DecoyBB84):
    """BB84 with decoys from a source of photon pairs, pumped with several intensities.

    A round is an announced pulse, and `intensity_probs` are shares of these. Pulses are told apart by their
    number of pairs; what Alice loses of her own photons is given to Eve.

    Examples
    --------
    >>> link, protocol = HeraldedDecoyBB84.typical(50)
    >>> float(protocol.rate(link, pulses=1e10).rate_per_pulse) > 0
    True
    """

    NAME: ClassVar[str] = "heralded-decoy-bb84"
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("protocol.intensity_probs", 1e-4, 20.0, "odds"),
        Free("protocol.basis_prob", 0.5, 0.9999),
    )
    TITLE: ClassVar[str] = "BB84 with decoy states from heralded photons"
    STATIONS: ClassVar[Stations] = {
        "alice": {HeraldedSource: tuple(specs(HeraldedSource))},
        "bob": {ThresholdDetectors: tuple(specs(ThresholdDetectors))},
    }
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "pumps pairs with a random intensity and waits until one photon announces the other"),
        Step("alice", "encodes a random bit in a random basis on the other"),
        *DecoyBB84.STEPS[1:],
    )
    SOURCE: ClassVar[str] = "Wang et al., PRL 100, 090501 (2008); bounds as for decoy-bb84"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The distribution of pairs must be the described one, thermal or Poissonian, at every intensity.",
        *DecoyBB84.LIMITS[1:],
    )

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a source of pairs with superconducting detectors on both sides."""
        link = Link(
            alice=HeraldedSource(
                mean_pairs=(0.2, 0.06, 0.012),
                herald_efficiency=0.6,
                herald_dark_count_prob=1e-7,
                signal_efficiency=0.7,
                clock_rate_hz=1e7,
            ),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.6, dark_count_prob=1e-8, misalignment=0.01),
        )
        return link, cls(intensity_probs=(0.7, 0.2, 0.1), basis_prob=0.9)

    def check_link(self, link: Link) -> None:
        """Refuse, besides what decoy BB84 refuses, an intensity that would pass for an empty decoy."""
        super().check_link(link)
        dimmest = float(np.min(link.alice.mean_pairs[-1]))
        if dimmest <= DIMMEST:
            raise InvalidInput(
                "alice.mean_pairs", f"must be above {DIMMEST:g} for {self.NAME}, but one is {dimmest:g}"
            )

    def intensities(self, link: Link) -> tuple[Any, ...]:
        """Return x for each intensity, where n pairs have a probability in proportion to x^n w_n.

        It is the mean number of pairs if that is Poissonian, and mean / (1 + mean) if it is thermal.
        """
        return tuple(self._law(link.alice, each)[0] for each in link.alice.mean_pairs)

    def photon_scale(self, link: Link) -> tuple[Any, ...]:
        """Return the probability of no pair in a pump pulse over that of an announcement."""
        return tuple(self._law(link.alice, each)[1] for each in link.alice.mean_pairs)

    @staticmethod
    def _law(source: HeraldedSource, mean: Any) -> tuple[Any, Any]:
        """Return x and the scale of `DecoyCounts` for one intensity."""
        dark, found = source.herald_dark_count_prob, source.herald_efficiency
        if source.pair_statistics == "poisson":
            return mean, np.exp(-mean) / (1 - (1 - dark) * np.exp(-mean * found))
        return mean / (1 + mean), 1 / (1 + mean) / (1 - (1 - dark) / (1 + mean * found))

    def photon_probs(self, link: Link) -> Floats:
        """Return the photon-number statistics of each intensity, shape (K, N)."""
        source = link.alice
        return heralded(
            stacked(source.mean_pairs, max(np.ndim(value) for value in flat_fields(source))),
            source.herald_efficiency,
            source.herald_dark_count_prob,
            source.signal_efficiency,
            source.pair_statistics,
        )

    def flaws(self, link: Link) -> Flaws:
        """Return how the link's source differs from one that only has the described pairs."""
        return Flaws(trojan_photons=link.alice.trojan_photons, **receiver_flaws(link.bob))

    def security(self, bound: Bound, link: Link) -> Security:
        """Return what a key of this bound is worth with the link's source."""
        security = super().security(bound, link)
        pairs = (
            f"the source emits {link.alice.pair_statistics} numbers of pairs of exactly known means, without "
            "phase, and its announcing detector is as described"
        )
        others = tuple(text for text in security.assumptions if text != IDEAL_LASER)
        return dataclasses.replace(security, assumptions=(pairs, *others))

    def _gains(self, link: Link, intensities: Floats, probs: Floats, transmittance: Floats) -> Gains:
        photons, clock = self.photon_probs(link), link.alice.clock_rate_hz
        return photon_mixture(link.detectors("bob"), photons, probs, transmittance, clock)

    def _truth(
        self, link: Link, intensities: Floats, probs: Floats, sift: Floats, *yields: Floats
    ) -> PhotonCounts:
        """Return the expected detections of announced pulses without and with one pair, from the yields."""
        source = link.alice
        dark, found, leaves = (
            source.herald_dark_count_prob,
            source.herald_efficiency,
            source.signal_efficiency,
        )
        vacuum, single, wrong = yields
        scale = stacked(self.photon_scale(link), probs.ndim - 1)
        sifted = sift.reshape(2, *(1,) * (probs.ndim - sift.ndim), *sift.shape[1:])[:, None]
        empty, one = probs * scale * dark, probs * scale * intensities * (1 - (1 - dark) * (1 - found))
        detected = (
            vacuum,
            leaves * single + (1 - leaves) * vacuum,
            leaves * wrong + (1 - leaves) * vacuum / 2,
        )
        return PhotonCounts(
            *(sifted * share * part[:, None] for share, part in zip((empty, one, one), detected, strict=True))
        )
