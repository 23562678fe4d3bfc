"""A Setup: a link and a protocol that runs on it, and what a publication says of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noclone.core.errors import InvalidInput
from noclone.core.fields import from_mapping, specs, split_index, to_mapping, unknown_text
from noclone.link import Link, kinds
from noclone.protocols.decoy_bb84 import DecoyBB84, recorded
from noclone.protocols.protocol import Protocol

if TYPE_CHECKING:
    from noclone.setup.grid import Grid


@dataclass(frozen=True)
class Publication:
    """Where a preset comes from.

    Attributes
    ----------
    reference : str
        The paper.
    measured : mapping
        Figures of the experiment: ``detections``, ``sifted_bits``, ``qber``, ``key_bits``, ….
    left_open : tuple of str
        What the publication does not say, which value is taken and why.
    """

    reference: str
    measured: Mapping[str, float] = field(default_factory=dict)
    left_open: tuple[str, ...] = ()


@dataclass(frozen=True)
class Setup:
    """A link and the protocol that runs on it.

    Parameters
    ----------
    link : Link
        The hardware.
    protocol : Protocol
        What the parties do with it.
    pulses : int
        Pulses sent in one block when nothing else is asked.
    name : str
        Name for reports; a preset's name.
    uncertainty : mapping
        Dotted field name to the standard deviation of its value; rates then come as a band.
    publication : Publication or None
        Source and measured figures, for a preset.
    fitted : mapping
        Dotted field name to the measured figure that its value was fitted to.

    Raises
    ------
    InvalidInput
        If the protocol cannot run on the link, or a name is unknown.
    """

    link: Link
    protocol: Protocol
    pulses: int = 10**9
    name: str = "setup"
    uncertainty: Mapping[str, float] = field(default_factory=dict)
    publication: Publication | None = None
    fitted: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what no part can check alone."""
        pulses = self.pulses
        if isinstance(pulses, bool) or not isinstance(pulses, (int, float)) or not 1 <= pulses <= 1e15:
            raise InvalidInput("run.pulses", f"must be at least 1 and at most 1e15, but is {pulses!r}")
        object.__setattr__(self, "pulses", int(pulses))
        if not isinstance(self.protocol, Protocol):
            raise InvalidInput("protocol", f"must be a protocol, but is {type(self.protocol).__name__}")
        self.protocol.check_link(self.link)
        for name, sigma in self.uncertainty.items():
            if not isinstance(self.get(name), float) or not sigma >= 0:
                raise InvalidInput(
                    f"uncertainty of {name}", f"must be at least 0, for a number, but is {sigma!r}"
                )

    @property
    def parts(self) -> dict[str, Any]:
        """Devices and protocol, by the first half of a dotted name."""
        return {**self.link.devices, "protocol": self.protocol}

    @property
    def recorded(self) -> DecoyBB84:
        """The protocol, as one whose runs can be recorded pulse by pulse and distilled.

        Raises
        ------
        InvalidInput
            If it is another protocol: those have rates and sampled statistics.
        """
        return recorded(self.protocol)

    def part(self, station: str) -> Any:
        """Return the device or protocol that a dotted name's first half stands for."""
        parts = self.parts
        if station not in parts:
            raise InvalidInput(station, unknown_text(station, [*parts, "run"]))
        return parts[station]

    def names(self, name: str) -> tuple[str, ...]:
        """Return the fields a name stands for: ``channels.x`` is that of both channels, any other itself.

        Examples
        --------
        >>> import noclone as nc
        >>> nc.load("gys-2004").names("channel.length_km")
        ('channel.length_km',)
        """
        station, _, rest = name.partition(".")
        if station == "channels" and self.link.middle is not None:
            return (f"channel_a.{rest}", f"channel_b.{rest}")
        return (name,)

    def get(self, name: str) -> Any:
        """Return the value of a dotted field name.

        Examples
        --------
        >>> import noclone as nc
        >>> nc.load("gys-2004").get("channel.attenuation_db_per_km")
        0.21
        """
        station, stem, index = self._split(self.names(name)[0])
        value = getattr(self.part(station), stem)
        if index is None:
            return value
        if not isinstance(value, tuple) or not 0 <= index < len(value):
            raise InvalidInput(name, "is not an element that exists")
        return value[index]

    def _split(self, name: str) -> tuple[str, str, int | None]:
        station, _, rest = name.partition(".")
        stem, index = split_index(rest)
        known = specs(type(self.part(station)))
        if stem not in known:
            raise InvalidInput(name, unknown_text(stem, list(known)))
        return station, stem, index

    def replace(self, changes: Mapping[str, Any]) -> Setup:
        """Return a copy with fields changed by dotted name.

        Parameters
        ----------
        changes : mapping
            Dotted name (``channel.length_km``, ``alice.intensities[1]``, ``run.pulses``) to value.

        Raises
        ------
        InvalidInput
            If a name is unknown or a value is out of range.

        Examples
        --------
        >>> import noclone as nc
        >>> nc.load("gys-2004").replace({"channel.length_km": 50}).get("channel.length_km")
        50.0
        """
        parts: dict[str, dict[str, Any]] = {}
        pulses: Any = self.pulses
        spelled = {each: value for name, value in changes.items() for each in self.names(name)}
        for name, value in spelled.items():
            if name == "run.pulses":
                pulses = value
                continue
            station, stem, index = self._split(name)
            fields = parts.setdefault(station, to_mapping(self.part(station)))
            if index is None:
                fields[stem] = value
            else:
                self.get(name)
                fields[stem] = [*fields[stem][:index], value, *fields[stem][index + 1 :]]
        rebuilt = {
            station: from_mapping(type(self.part(station)), fields, station)
            for station, fields in parts.items()
        }
        protocol = rebuilt.pop("protocol", self.protocol)
        fitted = {name: how for name, how in self.fitted.items() if name not in spelled}
        return dataclasses.replace(
            self,
            link=self.link.replaced(rebuilt),
            protocol=protocol,
            pulses=pulses,
            fitted=fitted,
        )

    def grid(self, axes: Mapping[str, Any]) -> Grid:
        """Return the grid of setups in which fields run over arrays.

        Examples
        --------
        >>> import noclone as nc
        >>> nc.load("gys-2004").grid({"channel.length_km": [0, 50, 100]}).shape
        (3,)
        """
        from noclone.setup.grid import Grid

        return Grid.over(self, axes)


def device(station: str, kind: str, values: Mapping[str, Any]) -> Any:
    """Build the device of one station from its kind and plain values.

    Raises
    ------
    InvalidInput
        If the kind does not exist or a value is wrong.
    """
    known = kinds(station)
    if kind not in known:
        raise InvalidInput(f"{station}.kind {kind!r}", unknown_text(kind, list(known)))
    return from_mapping(known[kind], values, station)
