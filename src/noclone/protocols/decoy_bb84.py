"""Decoy-state BB84: weak coherent pulses of several intensities bound Eve's share of the key."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, number, numbers, word
from noclone.link import Link, WeakCoherentSource
from noclone.link.gains import Gains, poissonian, single_photon
from noclone.protocols.key_rate import KeyRate
from noclone.protocols.protocol import Protocol
from noclone.rates import bounds
from noclone.rates.capacity import repeaterless_bound
from noclone.rates.counts import DecoyCounts, expected_counts, expected_photons
from noclone.rates.key_terms import Bound, KeyTerms, shannon_leak
from noclone.sampling.photons import poisson
from noclone.sampling.pulses import PulseSettings

Floats = NDArray[np.float64]

ENDLESS_PULSES = 1e30
"""A block so long that every statistical deviation vanishes in double precision."""


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
        if not isinstance(link.alice, WeakCoherentSource):
            raise InvalidInput(
                "alice", f"must be a weak-coherent source for {self.NAME}, but is {link.alice.KIND}"
            )
        given = len(link.alice.intensities)
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
        return poisson(self.intensities(link))

    def _gains(self, link: Link, intensities: Floats, probs: Floats, transmittance: Floats) -> Gains:
        return poissonian(link.bob, intensities, probs, transmittance, link.alice.clock_rate_hz)

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
        shares, transmittances = link.channel.segments()
        rank = max(np.ndim(value) for part in (link.alice, link.bob, self) for value in _flat(part))
        rank = max(rank, transmittances.ndim - 1)
        intensities, probs = _stack(self.intensities(link), rank), _stack(self.intensity_probs, rank)
        match = self.basis_prob
        sift = np.stack(
            np.broadcast_arrays(np.asarray(match, float) ** 2, (1 - np.asarray(match, float)) ** 2)
        )
        clicks: Any = 0.0
        errors: Any = 0.0
        yields: list[Any] = [0.0, 0.0, 0.0]
        for share, transmittance in zip(shares, transmittances, strict=True):
            gains = self._gains(link, intensities, probs, transmittance)
            clicks, errors = clicks + share * gains.click, errors + share * gains.error
            parts = single_photon(link.bob, transmittance)
            yields = [total + share * part for total, part in zip(yields, parts, strict=True)]
        counts = expected_counts(intensities, probs, sift, clicks[None], errors[None])
        photons = expected_photons(intensities, probs, sift, *(np.asarray(part)[None] for part in yields))
        return dataclasses.replace(counts, photons=photons), (probs * clicks).sum(axis=0)

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
        return module.key_terms(
            counts, self.keyed if keyed is None else keyed, leak_bits, self.eps_sec, self.eps_cor
        )

    def rate(
        self,
        link: Link,
        *,
        pulses: ArrayLike | None = None,
        sifted_bits: ArrayLike | None = None,
        bound: str | None = None,
    ) -> KeyRate:
        """Return the key rate; see `noclone.rate`.

        Parameters
        ----------
        link : Link
            Scalars, or arrays of one grid.
        pulses, sifted_bits : array_like, optional
            Size of the block, by pulses sent or by keyed events; neither: asymptotic.
        bound : str, optional
            Instead of the protocol's own.
        """
        name = bound or self.bound
        module = self._check_bound(name, len(self.intensity_probs))
        counts, _ = self.counts(link)
        per_pulse = counts.keyed(self.keyed)[0].sum(axis=0)
        block: Floats | None = None
        if module.FINITE and sifted_bits is not None:
            block = np.asarray(sifted_bits, float) / per_pulse
        elif module.FINITE and pulses is not None:
            block = np.asarray(pulses, float) + np.zeros_like(per_pulse)
        scale = block if block is not None else np.asarray(ENDLESS_PULSES if module.FINITE else 1.0)
        used = counts.scaled(scale)
        terms = self.key_terms(used, shannon_leak(used, self.keyed, self.f_ec), name)
        rate_per_pulse = terms.length / scale
        unit = 1.0 if block is not None else scale
        keyed, wrong = (part.sum(axis=0) for part in used.keyed(self.keyed))
        with np.errstate(invalid="ignore", divide="ignore"):
            qber = np.where(keyed > 0, wrong / keyed, 0.0)
        security = dataclasses.replace(
            module.SECURITY,
            regime="asymptotic" if block is None else module.SECURITY.regime,
            eps_sec=None if block is None else self.eps_sec,
            eps_cor=None if block is None else self.eps_cor,
        )
        bases = np.atleast_1d(self.keyed.any(axis=1))
        shares, transmittances = link.channel.segments()
        capacity = sum(
            share * repeaterless_bound(value) for share, value in zip(shares, transmittances, strict=True)
        )
        return KeyRate(
            protocol=self.NAME,
            bound=name,
            rate_per_pulse=rate_per_pulse,
            rate_bps=rate_per_pulse * link.alice.clock_rate_hz,
            key_bits=None if block is None else terms.length,
            pulses=block,
            qber=qber,
            sifted_bits=keyed / unit,
            terms={term: value / unit for term, value in terms.contributions().items()},
            bounds={f"phase_error_{'zx'[b]}": terms.phase_error[b] for b in (0, 1) if bases[b]}
            | {f"single_photons_{'zx'[b]}": terms.single[b] / unit for b in (0, 1) if bases[b]},
            security=security,
            plob=np.asarray(capacity),
        )


def _stack(values: tuple[Any, ...], rank: int) -> Floats:
    """Stack scalars or arrays along a new first axis, with room for `rank` axes of the grid behind it."""
    stacked = np.stack(np.broadcast_arrays(*(np.asarray(value, float) for value in values)))
    return stacked.reshape(stacked.shape[:1] + (1,) * (rank + 1 - stacked.ndim) + stacked.shape[1:])


def _flat(description: Any) -> list[Any]:
    """Return all field values of a description, elements of tuples one by one."""
    values = [getattr(description, field.name) for field in dataclasses.fields(description)]
    return [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
