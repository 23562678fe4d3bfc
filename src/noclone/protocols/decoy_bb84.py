"""Decoy-state BB84: weak coherent pulses of several intensities bound Eve's share of the key."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, number, numbers, specs, word
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.link.gains import Gains, poissonian
from noclone.protocols.declaration import Declaration
from noclone.protocols.four_states import bb84_declaration
from noclone.protocols.protocol import Family, Key, Protocol, Regime, Stations, Step, flat_fields
from noclone.rates import bounds
from noclone.rates.counts import DecoyCounts, PhotonCounts, expected_counts, expected_photons
from noclone.rates.efficiency_mismatch import mismatched_phase_error
from noclone.rates.flaws.flaws import Flaws
from noclone.rates.key_terms import Bound, KeyTerms, shannon_leak
from noclone.rates.security import Security
from noclone.sampling import clicks
from noclone.sampling.photons import poisson
from noclone.sampling.pulses import PulseSettings, honest_table

Floats = NDArray[np.float64]

ENDLESS_PULSES = 1e30
"""A block so long that every statistical deviation vanishes in double precision."""

_NODES, _SHARES = np.polynomial.legendre.leggauss(5)
"""Simulated intensities take these five values within (-1, 1) times their largest deviation, with half these
shares: as far as light of a few photons can tell, they are spread evenly."""


@dataclass(frozen=True)
class Expected:
    """What the model expects of a run.

    Attributes
    ----------
    detections : ndarray, shape (...)
        Events that Bob records, matching bases or not.
    sifted_bits : ndarray, shape (...)
        Keyed events.
    qber : ndarray, shape (...)
        Error rate among them.
    counts : DecoyCounts
        Basis-matched events by class.
    """

    detections: Floats
    sifted_bits: Floats
    qber: Floats
    counts: DecoyCounts


@dataclass(frozen=True, kw_only=True)
class DecoyBB84(Protocol):
    """BB84 with decoy states, key from one basis or both and from any set of intensities.

    Alice chooses an intensity by `intensity_probs` and a basis, Bob a basis, each Z with
    `basis_prob`. Events with equal bases are kept. Those of a keyed basis and intensity give raw
    key, all others are disclosed.

    Examples
    --------
    >>> DecoyBB84(intensity_probs=(0.6, 0.25, 0.15), basis_prob=0.9).keyed.tolist()
    [[True, True, True], [False, False, False]]
    """

    NAME: ClassVar[str] = "decoy-bb84"
    TITLE: ClassVar[str] = "BB84 with decoy states"
    FAMILY: ClassVar[Family] = "prepare-and-measure"
    STATIONS: ClassVar[Stations] = {
        "alice": {WeakCoherentSource: tuple(specs(WeakCoherentSource))},
        "bob": {ThresholdDetectors: tuple(specs(ThresholdDetectors))},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {
        name: "finite" if bounds.get(name).FINITE else "asymptotic" for name in bounds.names()
    }
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "chooses an intensity, a basis and a bit, and sends a phase-randomised weak pulse"),
        Step("channel", "loses photons; Eve may do anything with those that she holds"),
        Step("bob", "chooses a basis, records which detector clicks, and a random bit if both do"),
        Step("public", "Bob names the pulses that clicked and his bases, Alice hers and the intensities"),
        Step("public", "bits of the other basis are disclosed; those of the keyed basis are kept"),
    )
    FORMULA: ClassVar[str] = r"R = q\left\{Q_1\,[1-h(e_1)] - Q_\mu f\,h(E_\mu)\right\}"
    SOURCE: ClassVar[str] = "Lo, Ma and Chen, PRL 94, 230504 (2005); Ma et al., PRA 72, 012326, eq. (1)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The phase of every pulse must be random and unknown to Eve; a laser that is not re-seeded is not.",
        "Detectors must be equally efficient in both bases; bright light that controls them is not covered.",
    )
    RIGOROUS: ClassVar[str] = "wiesemann-2024"
    """Bound of proven tails: the default, and what decides where the chosen bound is asymptotic."""

    intensity_probs: tuple[float, ...] = numbers(
        "share of pulses of each intensity; they sum to 1", low=0, low_open=True, high=1
    )
    basis_prob: float = number(
        "probability of basis Z at each party", low=0, high=1, low_open=True, high_open=True
    )
    keyed_bases: str = choice("which bases give key", "z", ("z", "both"))
    keyed_intensities: tuple[int, ...] = numbers(
        "indices of the intensities that give key; empty for all", (), low=0, high=63, whole=True
    )
    bound: str = choice("how Eve's share is bounded", "wiesemann-2024", bounds.names())
    eps_sec: float = number("secrecy failure probability", 1e-9, low=0, high=0.1, low_open=True)
    eps_cor: float = number("correctness failure probability", 1e-15, low=1e-30, high=0.1)
    f_ec: float = number(
        "leakage of reconciliation over the Shannon limit, assumed in predictions", 1.05, low=1, high=10
    )
    abort_qber: float = number(
        "error rate of disclosed events above which the run is given up", 0.11, low=0, high=0.5
    )
    reconciliation: str = word("how errors are removed; see noclone list reconciliation", "cascade")
    amplification: str = word("hash family of privacy amplification; see noclone list extractors", "integer")

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a gigahertz link with superconducting detectors."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.5, 0.15, 2e-4), clock_rate_hz=1e9),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.6, dark_count_prob=1e-8, misalignment=0.01),
        )
        return link, cls(intensity_probs=(0.7, 0.2, 0.1), basis_prob=0.9)

    def check(self) -> None:
        """Probabilities must sum to 1, keyed intensities must exist."""
        total = sum(float(np.max(x)) for x in self.intensity_probs)
        if abs(total - 1) > 1e-9:
            raise InvalidInput("intensity_probs", f"must sum to 1, but sum to {total:g}")
        for index in self.keyed_intensities:
            if index >= len(self.intensity_probs):
                raise InvalidInput(
                    "keyed_intensities",
                    f"must be indices from 0 to {len(self.intensity_probs) - 1}, but one is {index}",
                )
        if len(set(self.keyed_intensities)) < len(self.keyed_intensities):
            raise InvalidInput(
                "keyed_intensities", f"must not repeat, but are {list(self.keyed_intensities)}"
            )

    def check_link(self, link: Link) -> None:
        """Refuse a source with another number of intensities than there are shares or the bound needs."""
        super().check_link(link)
        given = len(self.intensities(link))
        if given != len(self.intensity_probs):
            raise InvalidInput(
                "protocol.intensity_probs",
                f"must have one share for each of the {given} intensities, "
                f"but has {len(self.intensity_probs)}",
            )
        self._check_bound(self.bound, given)

    def _check_bound(self, name: str, intensities: int) -> Bound:
        bound = bounds.get(name)
        allowed = bound.INTENSITIES
        if intensities not in allowed:
            needs = " or ".join(str(k) for k in allowed)
            raise InvalidInput(
                "protocol.bound", f"{name} needs {needs} intensities, but the source has {intensities}"
            )
        return bound

    def intensities(self, link: Link) -> tuple[float, ...]:
        """Return the mean photon numbers of the link's source."""
        assert isinstance(link.alice, WeakCoherentSource)  # check_link has seen to it
        return link.alice.intensities

    def photon_probs(self, link: Link) -> Floats:
        """Return the photon-number statistics of each intensity, shape (K, N)."""
        intensities, shares = _spread(np.array(self.intensities(link)), self.flaws(link))
        return np.asarray((shares[:, None] * poisson(intensities)).sum(axis=1))

    def flaws(self, link: Link) -> Flaws:
        """Return how the link's source differs from an ideal one."""
        source = link.alice
        return Flaws(
            intensity_deviation=source.intensity_deviation,
            correlated_deviation=source.intensity_correlation,
            correlation_range=source.correlation_range,
            random_phases=source.random_phases,
            trojan_photons=source.trojan_photons,
            **receiver_flaws(link.bob),
        )

    def photon_scale(self, link: Link) -> tuple[Any, ...] | None:
        """Return what `DecoyCounts.scale` is for the link's source; None for a Poissonian one."""
        return None

    def _gains(self, link: Link, intensities: Floats, probs: Floats, transmittance: Floats) -> Gains:
        detectors, clock = link.detectors("bob"), link.alice.clock_rate_hz
        spread, shares = _spread(intensities, self.flaws(link))
        if len(shares) == 1:
            return poissonian(detectors, intensities, probs, transmittance, clock)
        shares = shares.reshape(-1, *(1,) * (spread.ndim - 2))
        light, portions = (
            part.reshape(-1, *part.shape[2:]) for part in np.broadcast_arrays(spread, probs[:, None] * shares)
        )
        each = poissonian(detectors, light, portions, transmittance, clock)
        click, error = (
            (shares * part.reshape(*spread.shape[:2], *part.shape[1:])).sum(axis=1)
            for part in (each.click, each.error)
        )
        return Gains(click, error, each.yields)

    def _truth(
        self, link: Link, intensities: Floats, probs: Floats, sift: Floats, *yields: Floats
    ) -> PhotonCounts:
        """Return the expected detections of 0 and 1 photons, from their yields."""
        spread, shares = _spread(intensities, self.flaws(link))
        each = [expected_photons(spread[:, i], probs * shares[i], sift, *yields) for i in range(len(shares))]
        return PhotonCounts(
            *(sum(getattr(part, name) for part in each) for name in ("vacuum", "single", "single_errors"))
        )

    def finite_bound(self, bound: str) -> str:
        """Return this bound if it holds for finite blocks, and the rigorous one otherwise."""
        return bound if bounds.get(bound).FINITE else self.RIGOROUS

    @property
    def keyed(self) -> NDArray[np.bool_]:
        """Which classes (2, K) give key, by basis (Z, X) and intensity."""
        mask = np.zeros((2, len(self.intensity_probs)), bool)
        chosen = list(self.keyed_intensities) or list(range(len(self.intensity_probs)))
        mask[0, chosen] = True
        mask[1, chosen] = self.keyed_bases == "both"
        return mask

    def counts(self, link: Link) -> tuple[DecoyCounts, Floats]:
        """Return the expected basis-matched events per pulse, and all of Bob's events per pulse."""
        segments = link.segments()
        parts = (*link.devices.values(), self)
        rank = max(np.ndim(value) for part in parts for value in flat_fields(part))
        intensities, probs = stacked(self.intensities(link), rank), stacked(self.intensity_probs, rank)
        match = self.basis_prob
        sift = np.stack(
            np.broadcast_arrays(np.asarray(match, float) ** 2, (1 - np.asarray(match, float)) ** 2)
        )
        clicks: Any = 0.0
        errors: Any = 0.0
        yields: list[Any] = [0.0, 0.0, 0.0]
        for share, (transmittance,) in segments:
            gains = self._gains(link, intensities, probs, transmittance)
            clicks, errors = clicks + share * gains.click, errors + share * gains.error
            yields = [total + share * part for total, part in zip(yields, gains.yields, strict=True)]
        counts = expected_counts(intensities, probs, sift, clicks[None], errors[None])
        photons = self._truth(link, intensities, probs, sift, *(np.asarray(part)[None] for part in yields))
        scale = self.photon_scale(link)
        counts = dataclasses.replace(
            counts,
            photons=photons,
            flaws=self.flaws(link),
            scale=None if scale is None else stacked(scale, rank),
        )
        return counts, (probs * clicks).sum(axis=0)

    def observed(
        self, link: Link, detections: ArrayLike, errors: ArrayLike, pulses: float | None = None
    ) -> DecoyCounts:
        """Return counted events together with what is known of their source.

        Parameters
        ----------
        link : Link
            Its source is where the events come from.
        detections, errors : array_like, shape (2, K, ...)
            Events with matching bases, and errors among them.
        pulses : float, optional
            Pulses sent; some flaws of a source cannot be priced without.
        """
        match = np.array([self.basis_prob**2, (1 - self.basis_prob) ** 2])
        return DecoyCounts(
            np.array(self.intensities(link)),
            np.array(self.intensity_probs),
            detections,
            errors,
            sent=None if pulses is None else pulses * match,
            flaws=self.flaws(link),
            scale=self.photon_scale(link),
        )

    def pulse_settings(self, link: Link) -> PulseSettings:
        """Return every choice of one pulse: intensity, Alice's basis and bit, Bob's basis, in C order."""
        shares = np.array(self.intensity_probs)
        bases = np.array([self.basis_prob, 1 - self.basis_prob])
        intensity, sent_basis, sent_bit, measured_basis = np.indices((len(shares), 2, 2, 2)).reshape(4, -1)
        return PulseSettings(
            probs=shares[intensity] * bases[sent_basis] * 0.5 * bases[measured_basis],
            photon_probs=self.photon_probs(link)[intensity],
            sent_basis=sent_basis,
            sent_bit=sent_bit,
            measured_basis=measured_basis,
            signal=intensity == 0,
        )

    def expected(self, link: Link, pulses: ArrayLike) -> Expected:
        """Return what the model expects of a run of this many pulses."""
        counts, detections = self.counts(link)
        block = counts.scaled(pulses)
        keyed, wrong = (part.sum(axis=0) for part in block.keyed(self.keyed))
        with np.errstate(invalid="ignore", divide="ignore"):
            qber = np.where(keyed > 0, wrong / keyed, 0.0)
        return Expected(detections * np.asarray(pulses, float), keyed, qber, block)

    def key_terms(
        self, counts: DecoyCounts, leak_bits: ArrayLike, bound: str | None = None, keyed: Any = None
    ) -> KeyTerms:
        """Return the terms of the key that a bound allows for given counts and leakage.

        Parameters
        ----------
        counts : DecoyCounts
            Observed or expected, of one block (per pulse for an asymptotic bound).
        leak_bits : array_like
            What reconciliation disclosed, as charged.
        bound : str, optional
            Instead of the protocol's own.
        keyed : array_like of bool, shape (2, K), optional
            Instead of the protocol's own; the failure probabilities are split over keyed bases.
        """
        module = self._check_bound(bound or self.bound, counts.intensities.shape[0])
        terms = module.key_terms(
            counts, self.keyed if keyed is None else keyed, leak_bits, self.eps_sec, self.eps_cor
        )
        if not counts.flaws.unequal.any():
            return terms
        lowered = mismatched_phase_error(terms.phase_error, counts.flaws.efficiency_mismatch)
        unequal = counts.flaws.unequal
        return dataclasses.replace(terms, phase_error=np.where(unequal, lowered, terms.phase_error))

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key that a bound allows; a finite one without a block as that of an endless block."""
        module = self._check_bound(bound, len(self.intensity_probs))
        counts, _ = self.counts(link)
        scale = np.asarray(ENDLESS_PULSES if module.FINITE else 1.0) if pulses is None else pulses
        used = counts.scaled(scale)
        terms = self.key_terms(used, shannon_leak(used, self.keyed, self.f_ec), bound)
        keyed, wrong = (part.sum(axis=0) for part in used.keyed(self.keyed))
        with np.errstate(invalid="ignore", divide="ignore"):
            qber = np.where(keyed > 0, wrong / keyed, 0.0)
        security = dataclasses.replace(
            self.security(module, link),
            regime="asymptotic" if pulses is None else module.SECURITY.regime,
            eps_sec=None if pulses is None else self.eps_sec,
            eps_cor=None if pulses is None else self.eps_cor,
        )
        unit = 1.0 if pulses is not None else scale
        bases = np.atleast_1d(self.keyed.any(axis=1))
        return Key(
            terms={term: value / scale for term, value in terms.contributions().items()},
            sifted=keyed / scale,
            qber=qber,
            security=security,
            bounds={f"phase_error_{'zx'[b]}": terms.phase_error[b] for b in (0, 1) if bases[b]}
            | {f"single_photons_{'zx'[b]}": terms.single[b] / unit for b in (0, 1) if bases[b]},
        )

    def security(self, bound: Bound, link: Link) -> Security:
        """Return what a key of this bound is worth with the link's source."""
        return self.flaws(link).priced(bound.SECURITY)

    def statistics(self, link: Link) -> dict[str, Floats]:
        """Return the probabilities of clicks and errors by basis and intensity, bases matching."""
        counts, detections = self.counts(link)
        named = {"click": detections}
        for b, k in np.ndindex(2, len(self.intensity_probs)):
            named[f"click, basis {'zx'[b]}, intensity {k}"] = counts.detections[b, k]
            named[f"error, basis {'zx'[b]}, intensity {k}"] = counts.errors[b, k]
        return named

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> dict[str, float]:
        """Count clicks and errors in a simulated run; see `noclone.simulate`."""
        settings = self.pulse_settings(link)
        detectors = link.detectors("bob")
        memory = DetectorMemory.of(detectors, link.alice.clock_rate_hz)
        seen = np.zeros((len(self.intensity_probs), 2, 2, 2, 2))
        segments = link.segments()
        for size, (_, (transmittance,)) in zip(
            rng.multinomial(rounds, [share for share, _ in segments]), segments, strict=True
        ):
            table = honest_table(DetectionModel.of(detectors, transmittance), settings)
            for block in clicks.sample(table, memory, int(size), int(rng.integers(2**62))) if size else ():
                index = block.setting.astype(int) * 2 + block.outcome
                seen += np.bincount(index, minlength=seen.size).reshape(seen.shape)
        named = {"click": float(seen.sum())}
        for b, k in np.ndindex(2, len(self.intensity_probs)):
            matching = seen[k, b, :, b]
            named[f"click, basis {'zx'[b]}, intensity {k}"] = float(matching.sum())
            named[f"error, basis {'zx'[b]}, intensity {k}"] = float(matching[0, 1] + matching[1, 0])
        return named

    def declaration(self) -> Declaration:
        """Return what is sent, measured, announced and kept, for a pulse of one photon."""
        return bb84_declaration(self.basis_prob, self.keyed_bases)


def recorded(protocol: Protocol) -> DecoyBB84:
    """Return the protocol as one whose runs can be written down pulse by pulse and distilled.

    Raises
    ------
    InvalidInput
        If it is another protocol: those have rates and sampled statistics.
    """
    if not isinstance(protocol, DecoyBB84):
        raise InvalidInput(
            "protocol", f"must be decoy-bb84 or bb84 to be recorded and distilled, but is {protocol.NAME}"
        )
    return protocol


def receiver_flaws(bob: ThresholdDetectors) -> dict[str, Any]:
    """Return the fields of `Flaws` that Bob's detectors decide."""
    return {
        "efficiency_mismatch": bob.efficiency_mismatch,
        "dead_time_s": bob.dead_time_s,
        "afterpulse_prob": bob.afterpulse_prob if bob.afterpulsing == "physical" else 0.0,
    }


def stacked(values: tuple[Any, ...], rank: int) -> Floats:
    """Stack scalars or arrays along a new first axis, with room for `rank` axes of the grid behind it."""
    array = np.stack(np.broadcast_arrays(*(np.asarray(value, float) for value in values)))
    return array.reshape(array.shape[:1] + (1,) * (rank + 1 - array.ndim) + array.shape[1:])


def _spread(intensities: Floats, flaws: Flaws) -> tuple[Floats, Floats]:
    """Return the intensities that pulses of each class have, (K, G, ...), and the shares of each, (G,)."""
    if not flaws.fluctuating.any():
        return intensities[:, None], np.ones(1)
    steps = _NODES.reshape(-1, *(1,) * (intensities.ndim - 1))
    return intensities[:, None] * (1 + np.asarray(flaws.intensity_deviation) * steps), _SHARES / 2
