"""The models by name: every class with a card in this folder."""

from __future__ import annotations

from functools import cache
from typing import Any

from noclone.core.registry import named_classes, pick


@cache
def models() -> dict[str, Any]:
    """Return the model classes by name, in alphabetical order.

    Examples
    --------
    >>> "variational-classifier" in models()
    True
    """
    return named_classes("noclone.models", lambda kind: "CARD" in vars(kind))


def get(name: str) -> Any:
    """Return the model class of this name.

    Raises
    ------
    InvalidInput
        If there is none.

    Examples
    --------
    >>> get("quantum-kernel-classifier").__name__
    'QuantumKernelClassifier'
    """
    return pick("model", name, models())
