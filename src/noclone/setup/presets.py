"""Published experiments as setups, one TOML file each in the folder ``presets``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from noclone.core.errors import InvalidInput
from noclone.core.fields import unknown_text
from noclone.setup import toml
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


def load(name_or_path: str | Path) -> Setup:
    """Return a preset by name, or the setup in a TOML file.

    Parameters
    ----------
    name_or_path : str or path
        A preset's name (``"micius-2017"``), or a path that ends in ``.toml`` or exists.

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
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        return toml.read(path)
    raise InvalidInput(f"setup {name!r}", unknown_text(name, names()) + "; or give a .toml file")
