"""What every engine checks: its observables and settings, and the numbers a circuit is run with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import unknown_text
from noclone.core.numbers import whole
from noclone.quantum.circuit import Circuit
from noclone.quantum.observables import Observable

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]


def check_settings(circuit: Circuit, observables: Sequence[Observable], precision: str, threads: int) -> None:
    """Raise `InvalidInput` if an engine cannot be made of these."""
    if type(circuit) is not Circuit:  # kernels trust what a circuit has checked
        raise InvalidInput("circuit", f"must be a Circuit, but is a {type(circuit).__name__}")
    for observable in observables:
        if observable.qubits != circuit.qubits:
            raise InvalidInput(
                "observable", f"must be on {circuit.qubits} qubits, but is on {observable.qubits}"
            )
    if precision not in ("float64", "float32"):
        raise InvalidInput("precision", unknown_text(precision, ["float64", "float32"]))
    whole("threads", threads, 1)


def samples_and_weights(
    circuit: Circuit, features: ArrayLike | None, weights: ArrayLike
) -> tuple[Doubles, Doubles]:
    """Return features (B, F) and weights (W,) as arrays.

    Parameters
    ----------
    circuit : Circuit
    features : array_like, shape (B, at least circuit.n_features), or None
        None for one sample of a circuit without data.
    weights : array_like, shape (at least circuit.n_weights,)

    Raises
    ------
    InvalidInput
        Another shape, or a number that is not finite.

    Examples
    --------
    >>> samples_and_weights(Circuit(1), None, [0.5])
    (array([], shape=(1, 0), dtype=float64), array([0.5]))
    """
    data = np.zeros((1, 0)) if features is None else np.asarray(features, float)
    trained = np.asarray(weights, float)
    if data.ndim != 2 or data.shape[1] < circuit.n_features:
        raise InvalidInput(
            "features", f"must have shape (samples, at least {circuit.n_features}), but has {data.shape}"
        )
    if trained.ndim != 1 or len(trained) < circuit.n_weights:
        raise InvalidInput("weights", f"must have shape ({circuit.n_weights},), but has {trained.shape}")
    for name, values in (("features", data), ("weights", trained)):
        if not _finite(values):
            raise InvalidInput(name, "must be finite, but hold NaN or infinity")
    return data, trained


def _finite(values: Doubles) -> bool:
    # A sum of squares takes half the time of looking at each number; it may be infinite for large ones.
    return math.isfinite(np.vdot(values, values)) or bool(np.isfinite(values).all())


def matching_cotangent(cotangent: ArrayLike, values: Floats) -> Doubles:
    """Return the derivative of a loss by an engine's values as an array of their shape.

    Raises
    ------
    InvalidInput
        Another shape.
    """
    given = np.asarray(cotangent, float)
    if given.shape != values.shape:
        raise InvalidInput("cotangent", f"must have shape {values.shape}, but has {given.shape}")
    return given
