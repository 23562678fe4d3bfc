"""Published experiments as setups, one TOML file each in the folder ``presets``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from noclone.core.errors import InvalidInput
from noclone.core.fields import unknown_text
from noclone.core.registry import pick
from noclone.protocols import protocols
from noclone.setup import toml
from noclone.setup.reach import reach_km
from noclone.setup.setup import Setup


def names() -> list[str]:
    """Return the names of all presets.

    Examples
    --------
    >>> "micius-2017" in names()
    True
    """
    folder = resources.files("noclone.setup") / "presets"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


TYPICAL_KM = 50.0
"""Length of the link that a protocol's name stands for, if it reaches so far."""
TYPICAL_PULSES = 10**12
"""Its block: an hour or less at the clocks of today."""


def typical(protocol: str, length_km: float | None = None) -> Setup:
    """Return a protocol on a fibre link of this length with today's hardware.

    Parameters
    ----------
    protocol : str
        Its name; see ``noclone list protocols``.
    length_km : float, optional
        From Alice to Bob; 50 km by default, or half the protocol's reach where that is less than 50 km.

    Raises
    ------
    InvalidInput
        If there is no such protocol.

    Examples
    --------
    >>> typical("decoy-bb84", 80).get("channel.length_km")
    80.0
    """
    kind = pick("protocol", protocol, protocols())
    if length_km is None:
        reach = reach_km(kind)
        length_km = TYPICAL_KM if reach >= TYPICAL_KM else reach / 2
    link, parameters = kind.typical(length_km)
    return Setup(link, parameters, TYPICAL_PULSES, name=protocol)


def load(name_or_path: str | Path) -> Setup:
    """Return a preset by name, a protocol's typical setup by its name, or the setup in a TOML file.

    Parameters
    ----------
    name_or_path : str or path
        A preset's name (``"micius-2017"``), a protocol's (``"sarg04"``, on 50 km of fibre), or a path
        that ends in ``.toml`` or exists.

    Raises
    ------
    InvalidInput
        If there is no such preset or file, or it describes no valid setup.

    Examples
    --------
    >>> load("micius-2017").link.alice.intensities
    (0.8, 0.1, 0.0)
    """
    name = str(name_or_path)
    if name in names():
        resource = resources.files("noclone.setup") / "presets" / f"{name}.toml"
        return toml.parse(resource.read_text(encoding="utf-8"), name=name, where=f"preset {name}")
    if name in protocols():
        return typical(name)
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        return toml.read(path)
    raise InvalidInput(
        f"setup {name!r}", unknown_text(name, [*names(), *protocols()]) + "; or give a .toml file"
    )
