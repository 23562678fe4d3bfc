"""The bounds of decoy BB84, one file each; a file put here is a bound, under its name with hyphens."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from noclone.core.errors import InvalidInput
from noclone.rates.key_terms import Bound

__all__ = ["get", "names"]


@cache
def names() -> tuple[str, ...]:
    """Return the names of all bounds, sorted.

    Examples
    --------
    >>> "lim-2014" in names()
    True
    """
    return tuple(sorted(module.name.replace("_", "-") for module in iter_modules(__path__)))


def get(name: str) -> Bound:
    """Return a bound by its name.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    Bound
        The module, which has `NAME`, `SECURITY`, `SOURCE`, `FINITE`, `INTENSITIES` and `key_terms`.

    Raises
    ------
    InvalidInput
        If there is no such bound.

    Examples
    --------
    >>> get("lim-2014").SECURITY.attacks
    'coherent'
    """
    if name not in names():
        raise InvalidInput("bound", f"must be one of {', '.join(names())}, but is {name!r}")
    return cast(Bound, import_module(f"{__name__}.{name.replace('-', '_')}"))
