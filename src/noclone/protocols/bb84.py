"""BB84 with single photons, ideal or nearly so: without decoys, and without much need for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, numbers, specs
from noclone.link import Fibre, Link, SinglePhotonSource, ThresholdDetectors
from noclone.link.gains import Gains, fixed_photons, photon_mixture
from noclone.link.sources import HeraldedSource, QuantumDotSource
from noclone.protocols.decoy_bb84 import DecoyBB84, Floats, receiver_flaws
from noclone.protocols.protocol import Free, Protocol, Regime, Stations, Step
from noclone.rates.counts import PhotonCounts
from noclone.rates.flaws.flaws import Flaws
from noclone.rates.flaws.multiphoton import multiphoton_prob
from noclone.rates.key_terms import Bound
from noclone.rates.security import IDEAL_LASER, IDEAL_SINGLE_PHOTONS, Security
from noclone.sampling.photons import heralded, quantum_dot, single


@dataclass(frozen=True, kw_only=True)
class BB84(DecoyBB84):
    """BB84 with one photon in every pulse, or with few pulses of more.

    It is decoy BB84 with a single class of pulses: sifting, counting and distillation are the same,
    only the source, its statistics and the bound differ. Where some pulses hold several photons, all of
    these are charged to the key as if they had arrived and Eve knew them.

    Examples
    --------
    >>> BB84(basis_prob=0.9).keyed.tolist()
    [[True], [False]]
    """

    NAME: ClassVar[str] = "bb84"
    TITLE: ClassVar[str] = "BB84 with single photons"
    STATIONS: ClassVar[Stations] = {
        "alice": {
            source: tuple(specs(source)) for source in (SinglePhotonSource, QuantumDotSource, HeraldedSource)
        },
        "bob": {ThresholdDetectors: tuple(specs(ThresholdDetectors))},
    }
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "chooses a basis and a bit and sends one photon in that state"),
        Step("channel", "may lose or disturb it; whoever measures it disturbs it"),
        Step("bob", "chooses a basis, records which detector clicks, and a random bit if both do"),
        Step("public", "both name their bases; bits of unequal bases are dropped"),
        Step("public", "bits of the other basis are disclosed; those of the keyed basis are kept"),
    )
    FORMULA: ClassVar[str] = r"R = q\,Q\,[1-h(e_x) - f\,h(e_z)]"
    SOURCE: ClassVar[str] = "Shor and Preskill, PRL 85, 441 (2000); Tomamichel et al., Nat. Commun. 3, 634"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "Without decoys, pulses of several photons must be rarer than detections; their share must be known.",
        "Detectors must be equally efficient in both bases; bright light that controls them is not covered.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("protocol.basis_prob", 0.5, 0.9999),)
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"tomamichel-2012": "finite", "infinite": "asymptotic"}
    RIGOROUS: ClassVar[str] = "tomamichel-2012"

    intensity_probs: tuple[float, ...] = numbers(
        "the one class of pulses there is; always 1", (1.0,), low=0, low_open=True, high=1
    )
    bound: str = choice("how Eve's share is bounded", "tomamichel-2012", ("tomamichel-2012", "infinite"))

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with an ideal source and superconducting detectors."""
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1e8),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.6, dark_count_prob=1e-8, misalignment=0.01),
        )
        return link, cls(basis_prob=0.9)

    def check_link(self, link: Link) -> None:
        """Refuse a source that is not one of single photons, or has several intensities."""
        Protocol.check_link(self, link)
        if isinstance(link.alice, HeraldedSource) and len(link.alice.mean_pairs) > 1:
            raise InvalidInput("alice.mean_pairs", f"must be one for {self.NAME}, which has no decoys")
        self._check_bound(self.bound, len(self.intensity_probs))

    def intensities(self, link: Link) -> tuple[float, ...]:
        """Return the number of photons that a pulse is meant to hold."""
        return (1.0,)

    def photon_probs(self, link: Link) -> Floats:
        """Return the photon-number statistics, shape (1, N)."""
        return _photons(link.alice)[None]

    def flaws(self, link: Link) -> Flaws:
        """Return how the link's source differs from an ideal one."""
        source = link.alice
        if isinstance(source, QuantumDotSource):
            several = multiphoton_prob(source.mean_photons, source.g2)
        else:
            several = _photons(source)[..., 2:].sum(axis=-1)
        return Flaws(
            trojan_photons=source.trojan_photons,
            multiphoton_prob=several,
            **receiver_flaws(link.bob),
        )

    def security(self, bound: Bound, link: Link) -> Security:
        """Return what a key of this bound is worth; without decoys it rests on the source's photons."""
        stated = bound.SECURITY
        photons = tuple(IDEAL_SINGLE_PHOTONS if text == IDEAL_LASER else text for text in stated.assumptions)
        return self.flaws(link).priced(dataclasses.replace(stated, assumptions=photons))

    def _gains(self, link: Link, intensities: Floats, probs: Floats, transmittance: Floats) -> Gains:
        detectors, clock = link.detectors("bob"), link.alice.clock_rate_hz
        if isinstance(link.alice, SinglePhotonSource):
            return fixed_photons(detectors, 1, probs, transmittance, clock)
        return photon_mixture(detectors, _photons(link.alice)[None], probs, transmittance, clock)

    def _truth(
        self, link: Link, intensities: Floats, probs: Floats, sift: Floats, *yields: Floats
    ) -> PhotonCounts:
        """Return the expected detections of 0 and 1 photons, from their yields."""
        photons = _photons(link.alice)
        empty, one = photons[..., 0], photons[..., 1]
        sifted = sift.reshape(2, *(1,) * (probs.ndim - sift.ndim), *sift.shape[1:])
        vacuum, right, wrong = (
            (sifted * share * part)[:, None] for share, part in zip((empty, one, one), yields, strict=True)
        )
        return PhotonCounts(vacuum, right, wrong)


def _photons(source: SinglePhotonSource | QuantumDotSource | HeraldedSource) -> Floats:
    """Return the distribution of photons in a pulse, shape (..., N)."""
    if isinstance(source, QuantumDotSource):
        return quantum_dot(source.mean_photons, source.g2)
    if isinstance(source, HeraldedSource):
        return heralded(
            source.mean_pairs[0],
            source.herald_efficiency,
            source.herald_dark_count_prob,
            source.signal_efficiency,
            source.pair_statistics,
        )
    return np.asarray(single())
