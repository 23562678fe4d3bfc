"""The parameters of models, checked: what cannot be used raises one sentence that names the parameter.

What a parameter may be is what its model's constructor declares, so that no model repeats it.
"""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.numbers import positive, real, whole

LEAST = {"patience": 2}
"""Smallest values of whole numbers, where that is not 1."""
FROM_ZERO = ("discount", "epsilon", "gamma", "tol")
"""Numbers that may be 0; all others are above."""
CHOICES = {"precision": ("float64", "float32"), "readout": ("few", "all")}
"""Words to choose from; those of other parameters are each model's own."""


def _check_number(name: str, value: Any) -> None:
    if name in FROM_ZERO:
        real(name, value)
    else:
        positive(name, value)


def _check_word(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidInput(name, f"must be a word, but is {value!r}")
    if value not in CHOICES.get(name, (value,)):
        raise InvalidInput(name, f"must be {' or '.join(CHOICES[name])}, but is {value!r}")


def _check_switch(name: str, value: Any) -> None:
    if not isinstance(value, (bool, np.bool_)):
        raise InvalidInput(name, f"must be True or False, but is {value!r}")


def _check_noise(name: str, value: Any) -> None:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not isinstance(value[0], str):
        raise InvalidInput(name, f"must be a pair such as ('depolarise', 0.01), but is {value!r}")
    real(f"{name}[1]", value[1], high=1.0)


_CHECKS = {
    "int": lambda name, value: whole(name, value, LEAST.get(name, 1)),
    "float": _check_number,
    "str": _check_word,
    "bool": _check_switch,
    "tuple[str, float]": _check_noise,
}


def check_parameters(model: Any) -> None:
    """Raise `InvalidInput` for the first parameter of a model that cannot be used.

    Whole numbers must be at least 1, and other numbers finite and not negative; models check beside this what
    is theirs, such as the names of their circuits.

    Parameters
    ----------
    model : estimator
        Its constructor declares types as text, by ``from __future__ import annotations``.

    Examples
    --------
    >>> from noclone.models import QuantumKernel
    >>> check_parameters(QuantumKernel(layers=2.5))
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: layers must be a whole number, but is 2.5.
    """
    for name, parameter in signature(type(model)).parameters.items():
        value, declared = getattr(model, name), str(parameter.annotation)
        kind = declared.removesuffix(" | None")
        if kind in _CHECKS and not (value is None and kind != declared):
            _CHECKS[kind](name, value)
