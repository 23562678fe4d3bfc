"""Setups as TOML: one reader, one writer, one commented template."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from noclone.core.errors import InvalidInput
from noclone.core.fields import documented, from_mapping, to_mapping, unknown_text
from noclone.core.registry import pick
from noclone.link import Link, ThresholdDetectors, detector, kinds
from noclone.link.link import DIRECT, MIDDLE, STATIONS
from noclone.protocols import protocols
from noclone.setup.setup import Publication, Setup, device

TABLES = ("title", "run", *STATIONS, "protocol", "publication", "fit")
"""What may stand at the top of a setup file."""

_PLUS_MINUS = re.compile(r"^\s*([-+0-9.eE]+)\s*(?:±|\+-|\+/-)\s*([-+0-9.eE]+)\s*$")


def read(path: Path | str) -> Setup:
    """Read a setup from a TOML file.

    Raises
    ------
    InvalidInput
        If the file cannot be read, is not TOML, or describes no valid setup.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(str(path), "is not a text file") from error
    return parse(text, name=path.stem, where=str(path))


def parse(text: str, name: str = "setup", where: str = "setup file") -> Setup:
    """Build a setup from TOML text.

    A number may be written as ``"50 ± 0.5"``; its uncertainty then shows as a band in rates.

    Raises
    ------
    InvalidInput
        If the text is not TOML or describes no valid setup.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(where, f"is not valid TOML ({error})") from error
    return from_tables(tables, name)


def from_tables(tables: Mapping[str, Any], name: str) -> Setup:
    """Build a setup from the tables of a file; see `docs/formats.md`."""
    for table, value in tables.items():
        if table not in TABLES:
            raise InvalidInput(table, unknown_text(table, list(TABLES)))
        if table != "title" and not isinstance(value, Mapping):
            raise InvalidInput(table, f"must be a table, but is {value!r}")
    uncertainty: dict[str, float] = {}
    devices = {}
    wanted = MIDDLE if "middle" in tables else DIRECT
    for station in STATIONS:
        if station in tables and station not in wanted:
            raise InvalidInput(station, f"does not belong in a setup of the tables {_list(wanted)}")
    for station in wanted:
        if station not in tables:
            raise InvalidInput(station, f"is missing; a setup has the tables {_list(wanted)} and protocol")
        values = _plain(tables[station], station, uncertainty)
        if "model" in values:
            values = _modelled(values, station)
        if "kind" not in values:
            raise InvalidInput(f"{station}.kind", f"is missing (one of {_list(kinds(station))})")
        devices[station] = device(station, values.pop("kind"), values)
    if "protocol" not in tables:
        raise InvalidInput("protocol", f"is missing; a setup has the tables {_list(wanted)} and protocol")
    values = _plain(tables["protocol"], "protocol", uncertainty)
    if "name" not in values:
        raise InvalidInput("protocol.name", f"is missing (one of {', '.join(protocols())})")
    kind = pick("protocol.name", values.pop("name"), protocols())
    run = dict(tables.get("run", {}))
    pulses = run.pop("pulses", Setup.pulses)
    for left in run:
        raise InvalidInput(f"run.{left}", unknown_text(left, ["pulses"]))
    publication = None
    if "publication" in tables:
        known = [field.name for field in dataclasses.fields(Publication)]
        for key in tables["publication"]:
            if key not in known:
                raise InvalidInput(f"publication.{key}", unknown_text(key, known))
        given = dict(tables["publication"])
        given["left_open"] = tuple(given.get("left_open", ()))
        publication = Publication(**given)
    setup = Setup(
        _link(devices), from_mapping(kind, values, "protocol"), pulses, name, uncertainty, publication
    )
    if "fit" in tables:
        from noclone.setup.fit import fit

        setup = fit(setup, tables["fit"])
    return setup


def _modelled(values: dict[str, Any], station: str) -> dict[str, Any]:
    """Replace ``model = "snspd"`` by the figures of that published detector; those given here stay."""
    model = values.pop("model")
    if values.pop("kind", ThresholdDetectors.KIND) != ThresholdDetectors.KIND:
        raise InvalidInput(f"{station}.model", f"belongs to a station of kind {ThresholdDetectors.KIND}")
    try:
        gate = {"gate_width_s": values["gate_width_s"]} if "gate_width_s" in values else {}
        known = detector(str(model), **gate)
    except InvalidInput as error:
        raise error.under(station) from None
    return {"kind": known.KIND, **to_mapping(known), **values}


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _link(devices: dict[str, Any]) -> Link:
    if "middle" not in devices:
        return Link(**devices)
    channels = devices.pop("channel_a"), devices.pop("channel_b")
    return Link(**devices, channels=channels)


def _plain(table: Mapping[str, Any], station: str, uncertainty: dict[str, float]) -> dict[str, Any]:
    values = dict(table)
    for name, value in table.items():
        if isinstance(value, str) and (match := _PLUS_MINUS.match(value)):
            values[name], uncertainty[f"{station}.{name}"] = float(match[1]), float(match[2])
    return values


def to_tables(setup: Setup) -> dict[str, Any]:
    """Return a setup as the tables of a file; fitted values are written as they are."""
    tables: dict[str, Any] = {"run": {"pulses": setup.pulses}}
    for station, part in setup.link.devices.items():
        tables[station] = {"kind": part.KIND, **to_mapping(part)}
    tables["protocol"] = {"name": setup.protocol.NAME, **to_mapping(setup.protocol)}
    for name, sigma in setup.uncertainty.items():
        station, _, field = name.partition(".")
        tables[station][field] = f"{setup.get(name)!r} ± {sigma!r}"
    if setup.publication is not None:
        tables["publication"] = {
            "reference": setup.publication.reference,
            "measured": dict(setup.publication.measured),
            "left_open": list(setup.publication.left_open),
        }
    return tables


def write(setup: Setup) -> str:
    """Return a setup as TOML in which every field carries its meaning, unit and range.

    Examples
    --------
    >>> import noclone as nc
    >>> parse(write(nc.load("gys-2004"))).get("channel.attenuation_db_per_km")
    0.21
    """
    import tomlkit

    document = tomlkit.document()
    for name, values in to_tables(setup).items():
        table = tomlkit.table()
        docs = {}
        if name in setup.parts:
            docs = {field: spec for field, spec, _ in documented(type(setup.part(name)))}
        for key, value in values.items():
            item = tomlkit.item(value)
            if key in docs:
                item.comment(f"{docs[key].doc}; {docs[key].range_text()}")
            table.add(key, item)
        document.add(name, table)
    return tomlkit.dumps(document)


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a setup file."""

    def properties(kind: type) -> tuple[dict[str, Any], list[str]]:
        described, required = {}, []
        for name, spec, default in documented(kind):
            number: dict[str, Any] = {"type": "integer" if spec.whole else "number"}
            if spec.low > float("-inf"):
                number["exclusiveMinimum" if spec.low_open else "minimum"] = spec.low
            if spec.high < float("inf"):
                number["exclusiveMaximum" if spec.high_open else "maximum"] = spec.high
            entry: dict[str, Any] = {"type": "array", "items": number} if spec.many else number
            if spec.choices:
                entry = {"enum": list(spec.choices)}
            elif spec.word:
                entry = {"type": "string"}
            elif spec.flag:
                entry = {"type": "boolean"}
            elif not spec.many:
                entry = {"anyOf": [number, {"type": "string", "pattern": r"(±|\+-|\+/-)"}]}
            entry["description"] = spec.doc + (f" [{spec.unit}]" if spec.unit else "")
            if default is not dataclasses.MISSING:
                entry["default"] = list(default) if isinstance(default, tuple) else default
            else:
                required.append(name)
            described[name] = entry
        return described, required

    def variants(tag: str, kinds: Mapping[str, type]) -> dict[str, Any]:
        options = []
        for label, kind in kinds.items():
            described, required = properties(kind)
            options.append(
                {
                    "type": "object",
                    "properties": {tag: {"const": label}, **described},
                    "required": [tag, *required],
                    "additionalProperties": False,
                }
            )
        return {"oneOf": options}

    stations = {station: variants("kind", kinds(station)) for station in STATIONS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "noclone setup",
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "run": {"type": "object", "properties": {"pulses": {"type": "number", "minimum": 1}}},
            **stations,
            "protocol": variants("name", protocols()),
            "publication": {"type": "object"},
            "fit": {"type": "object"},
        },
        "required": ["alice", "bob", "protocol"],
        "anyOf": [{"required": ["channel"]}, {"required": ["channel_a", "middle", "channel_b"]}],
        "additionalProperties": False,
    }
