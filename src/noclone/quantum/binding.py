"""Numbers, or another library's symbols, in place of a circuit's features and weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from noclone.core.errors import InvalidInput
from noclone.quantum.angle import Angle, w, x
from noclone.quantum.circuit import Circuit

Value = TypeVar("Value")


def substituted(
    angle: Angle, feature: Callable[[int], Value], weight: Callable[[int], Value]
) -> Value | float:
    """Return an angle with each feature and weight replaced by what the two functions give for its index.

    Anything that can be added and multiplied will do: numbers, arrays, tensors, parameters of another
    library. An angle without symbols comes back as a number.

    Examples
    --------
    >>> substituted(0.5 + 2 * x[0] * w[1], lambda i: 10.0, lambda k: 3.0)
    60.5
    """
    total: Value | float = 0.0
    for term in angle.terms:
        product: Value | float = term.coefficient
        for value in (*map(feature, term.features), *map(weight, term.weights)):
            product = product * value  # type: ignore[operator]
        total = total + product  # type: ignore[operator]
    return total


def bind(circuit: Circuit, features: ArrayLike | None = None, weights: ArrayLike | None = None) -> Circuit:
    """Return the circuit with numbers for features, for weights, or for both.

    Parameters
    ----------
    circuit : Circuit
    features : array_like, shape (at least circuit.n_features,), optional
        One sample; left as symbols by default.
    weights : array_like, shape (at least circuit.n_weights,), optional
        Left as symbols by default.

    Raises
    ------
    InvalidInput
        Too few features or weights, or not a vector.

    Examples
    --------
    >>> from noclone.quantum.circuit import gate
    >>> print(bind(Circuit(1, (gate("rx", 0, angle=x[0] * w[0]),)), features=[0.5]).gates[0].angle)
    0.5*w[0]
    """
    given: list[Callable[[int], Angle]] = []
    for symbol, values, count in ((x, features, circuit.n_features), (w, weights, circuit.n_weights)):
        if values is None:
            given.append(symbol.__getitem__)
            continue
        numbers = np.asarray(values, float)
        if numbers.ndim != 1 or len(numbers) < count:
            field = "features" if symbol is x else "weights"
            raise InvalidInput(field, f"must have shape ({count},) or longer, but has {numbers.shape}")
        given.append(lambda index, numbers=numbers: Angle.of(numbers[index]))  # type: ignore[misc]
    return Circuit(
        circuit.qubits,
        tuple(
            part if part.angle is None else replace(part, angle=Angle.of(substituted(part.angle, *given)))
            for part in circuit.gates
        ),
    )
