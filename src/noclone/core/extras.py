"""Optional packages, loaded when they are first needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from noclone.core.errors import InvalidInput

EXTRAS = {
    "torch": "torch",
    "pennylane": "bridges",
    "qiskit": "bridges",
    "gymnasium": "gym",
    "cma": "cma",
    "flint": "proofs",
    "qics": "proofs",
    "clarabel": "proofs",
}
"""Optional packages, and the extra of noclone that installs each."""


def need(package: str) -> ModuleType:
    """Return an optional package.

    Raises
    ------
    InvalidInput
        If it is not installed; the sentence gives the command that installs it.

    Examples
    --------
    >>> need("torch").__name__
    'torch'
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        extra = EXTRAS[package]
        raise InvalidInput(
            package, f'is not installed, but is needed here; install it with: pip install "noclone[{extra}]"'
        ) from None
