"""What a key-distribution protocol is to the rest of noclone.

A protocol lives in a file of its own in this folder and is found there by its `NAME`. It says what it
runs on, how statistics follow from a link, how they are sampled round by round, and what key they give;
key rates, the agreement test, the comparison of protocols and the pages of the documentation follow.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import Described, from_mapping, specs, to_mapping, unknown_text
from noclone.link import Link, ThresholdDetectors
from noclone.protocols.key_rate import KeyRate
from noclone.rates.capacity import repeaterless_bound
from noclone.rates.security import Security

Floats = NDArray[np.float64]

Family = Literal[
    "prepare-and-measure",
    "distributed-phase",
    "entanglement",
    "relay",
    "continuous-variable",
    "two-way",
    "semi-quantum",
]
Regime = Literal["asymptotic", "finite"]
Stations = Mapping[str, Mapping[type[Any], tuple[str, ...]]]
Who = Literal["alice", "channel", "middle", "bob", "public"]


GATING = ("gate_width_s", "jitter_s", "jitter_tail_share", "jitter_tail_s")
"""Fields of threshold detectors that `Link.detectors` prices for every protocol that uses it."""


@dataclass(frozen=True)
class Step:
    """One step of a protocol.

    Attributes
    ----------
    who : {"alice", "channel", "middle", "bob", "public"}
        Where it happens; "public" is what is announced.
    does : str
        One short sentence without a full stop.
    """

    who: Who
    does: str


@dataclass(frozen=True)
class Free:
    """A field that the parties may choose, and the range in which a search looks for the best.

    Attributes
    ----------
    name : str
        Dotted name of a number, ``alice.intensities[0]`` or ``protocol.basis_prob``; under the scale
        "odds" that of a tuple of shares that sum to 1.
    low, high : float
        Range; under "odds" that of each further share over the first.
    scale : {"linear", "log", "odds"}
        On which the range is searched evenly.
    """

    name: str
    low: float
    high: float
    scale: Literal["linear", "log", "odds"] = "linear"


@dataclass(frozen=True)
class Moment:
    """A quantity that a round gives with a mean and a variance, where counting is not enough.

    Attributes
    ----------
    mean, variance : ndarray, shape (...)
        Of one round.
    """

    mean: Floats
    variance: Floats


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a protocol's proof gives on a link; everything per round sent, block or not.

    Attributes
    ----------
    terms : mapping
        Signed contributions in secret bits per round; they sum to the key, which is 0 where the sum is
        negative.
    sifted : ndarray, shape (...)
        Symbols per round that go into reconciliation.
    qber : ndarray, shape (...)
        Error rate among them; NaN where symbols are real numbers.
    security : Security
        What the number holds against; its regime says whether the block was used.
    bounds : mapping
        Estimated quantities worth showing (``phase_error``, ``holevo_bits``, …).
    """

    terms: Mapping[str, Floats]
    sifted: Floats
    qber: Floats
    security: Security
    bounds: Mapping[str, Floats] = field(default_factory=dict)


class Protocol(Described, ABC):
    """A key-distribution protocol: a frozen dataclass of the parties' choices.

    A subclass declares what is below and implements `typical`, `key`, `statistics` and `sample`;
    `noclone.check_protocol` says in words what is wrong with it.

    Attributes
    ----------
    NAME : str
        The file's name with hyphens.
    TITLE : str
        The protocol's name in the literature.
    FAMILY : str
        Which part of the field it belongs to.
    STATIONS : mapping
        For each of ``alice``, ``bob`` and, where there is one, ``middle``: the kinds of device that may
        stand there, each with the names of its fields that this protocol uses. A field that is not
        among them must keep its default.
    BOUNDS : mapping
        The name of each way to bound Eve's share, the default first, and whether it is for finite blocks.
    STEPS : tuple of Step
        The protocol from the source to the raw key, announcements included.
    FORMULA : str
        The asymptotic key rate in TeX.
    SOURCE : str
        Paper and equation of the formula.
    LIMITS : tuple of str
        What users must know before they rely on it, one sentence each.
    CAPACITY : {"repeaterless", "single-repeater"}
        The bound that no rate of this protocol can exceed.
    FREE : tuple of Free
        What `noclone.tune` may choose.
    BROKEN : str
        For a protocol that is not secure: the attack and its source; empty for any other. A broken
        protocol has a field ``insecure`` and computes a rate only where it is true.
    """

    NAME: ClassVar[str]
    TITLE: ClassVar[str]
    FAMILY: ClassVar[Family]
    STATIONS: ClassVar[Stations]
    BOUNDS: ClassVar[Mapping[str, Regime]]
    STEPS: ClassVar[tuple[Step, ...]]
    FORMULA: ClassVar[str]
    SOURCE: ClassVar[str]
    LIMITS: ClassVar[tuple[str, ...]] = ()
    CAPACITY: ClassVar[Literal["repeaterless", "single-repeater"]] = "repeaterless"
    FREE: ClassVar[tuple[Free, ...]] = ()
    BROKEN: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link of this total fibre length with today's hardware, and parameters near the best."""

    @abstractmethod
    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key that a bound allows; `pulses` is the block, None for infinitely many.

        A bound that is asymptotic is never given a block.
        """

    @abstractmethod
    def statistics(self, link: Link) -> Mapping[str, Floats | Moment]:
        """Return what a round shows: probabilities of named events, and moments, of the grid's shape."""

    @abstractmethod
    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds one by one and return, by the names of `statistics`, counts and sample means.

        It draws photons, phases and clicks (or symbols) and shares no formula with `statistics`.
        """

    def check_link(self, link: Link) -> None:
        """Raise `InvalidInput` if this protocol cannot run on this link, or ignores something it says."""
        wanted = "middle" in self.STATIONS
        if wanted and link.middle is None:
            raise InvalidInput("middle", f"is missing; {self.NAME} needs a station between Alice and Bob")
        if not wanted and link.middle is not None:
            raise InvalidInput("middle", f"must be absent, because {self.NAME} runs directly to Bob")
        for station, allowed in self.STATIONS.items():
            device = getattr(link, station)
            if type(device) not in allowed:
                names = " or ".join(kind.KIND for kind in allowed)
                raise InvalidInput(station, f"must be {names} for {self.NAME}, but is {device.KIND}")
            used = allowed[type(device)]
            if isinstance(device, ThresholdDetectors) and "efficiency" in used:
                used = (*used, *GATING)
            for spec_field in device.__dataclass_fields__.values():
                value = getattr(device, spec_field.name)
                # Arrays of a grid are checked where the grid is built, point by point.
                unused = spec_field.name not in used and np.ndim(value) == 0
                if unused and value != spec_field.default:
                    raise InvalidInput(
                        f"{station}.{spec_field.name}",
                        f"is not used by {self.NAME} and must keep its default {spec_field.default}, "
                        f"but is {value}",
                    )

    def rate(
        self,
        link: Link,
        *,
        pulses: ArrayLike | None = None,
        sifted_bits: ArrayLike | None = None,
        bound: str | None = None,
    ) -> KeyRate:
        """Return the key rate of this protocol on this link; see `noclone.rate`.

        Parameters
        ----------
        link : Link
            Scalars, or arrays of one grid.
        pulses, sifted_bits : array_like, optional
            Size of the block, by rounds or by sifted symbols; neither: asymptotic.
        bound : str, optional
            Instead of the protocol's own.

        Raises
        ------
        InvalidInput
            If the bound does not exist, or the protocol is broken and not marked as such.
        """
        if self.BROKEN and not getattr(self, "insecure", False):
            raise InvalidInput(
                "protocol.insecure",
                f"must be true to compute {self.NAME}, which is broken: {self.BROKEN}",
            )
        name = bound or self.own_bound
        if name not in self.BOUNDS:
            raise InvalidInput(f"bound {name!r}", unknown_text(name, list(self.BOUNDS)))
        block: Floats | None = None
        if self.BOUNDS[name] == "finite":
            if sifted_bits is not None:
                block = np.asarray(sifted_bits, float) / self.key(link, name, None).sifted
            elif pulses is not None:
                block = np.asarray(pulses, float)
        key = self.key(link, name, block)
        shape = np.broadcast_shapes(self.grid_shape(link), () if block is None else block.shape)

        def spread(value: ArrayLike) -> Floats:
            return np.broadcast_to(np.asarray(value, float), shape)

        per_pulse = np.maximum(spread(sum(key.terms.values())), 0.0)
        size: Any = 1.0 if block is None else block
        return KeyRate(
            protocol=self.NAME,
            bound=name,
            rate_per_pulse=per_pulse,
            clock_rate_hz=spread(link.clock_rate_hz),
            key_bits=None if block is None else per_pulse * block,
            pulses=None if block is None else spread(block),
            qber=spread(key.qber),
            sifted_bits=spread(key.sifted * size),
            terms={term: spread(value * size) for term, value in key.terms.items()},
            bounds={quantity: spread(value) for quantity, value in key.bounds.items()},
            security=key.security,
            plob=spread(self.capacity(link, "repeaterless")),
            capacity=spread(self.capacity(link, self.CAPACITY)),
            broken=self.BROKEN,
        )

    def grid_shape(self, link: Link) -> tuple[int, ...]:
        """Return the shape of the grid over which fields of the link's devices and of the protocol run."""
        values = [value for part in (*link.devices.values(), self) for value in flat_fields(part)]
        return np.broadcast_shapes(*(np.shape(value) for value in values))

    @property
    def own_bound(self) -> str:
        """The bound that is used where none is asked for: the field ``bound``, or the first there is."""
        return str(getattr(self, "bound", next(iter(self.BOUNDS))))

    def capacity(self, link: Link, kind: Literal["repeaterless", "single-repeater"]) -> Floats:
        """Return the capacity of the link's channels, bits per use, averaged over their variation.

        Without repeaters it is that of the whole way; with one in the middle that of the worse half
        (Pirandola et al., Nat. Commun. 8, 15043, 2017; Pirandola, Commun. Phys. 2, 51, 2019).
        """
        total: Any = 0.0
        for share, transmittances in link.segments():
            if kind == "single-repeater" and len(transmittances) == 2:
                way = np.minimum(*transmittances)
            else:
                way = np.asarray(np.prod(np.broadcast_arrays(*transmittances), axis=0))
            total = total + share * repeaterless_bound(way)
        return np.asarray(total)


Kind = TypeVar("Kind", bound=Protocol)


def unlocked(protocol: Kind) -> Kind:
    """Return a protocol that computes although it may be broken, for whoever says so beside the number."""
    if not protocol.BROKEN:
        return protocol
    copy: Kind = from_mapping(type(protocol), to_mapping(protocol) | {"insecure": True}, "protocol")
    return copy


def flat_fields(description: Described) -> list[Any]:
    """Return all declared field values, elements of tuples one by one; in a grid some are arrays."""
    values = [getattr(description, name) for name in specs(type(description))]
    return [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
