"""Angles of gates: polynomials in the features of a sample and the weights of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput

Floats = NDArray[np.floating]

DEGREE = 2
"""An angle multiplies at most this many features, and at most this many weights."""


@dataclass(frozen=True)
class Term:
    """A number times features times weights: ``coefficient * prod(x[i]) * prod(w[k])``."""

    coefficient: float
    features: tuple[int, ...] = ()
    weights: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not np.isfinite(self.coefficient):
            raise InvalidInput("angle", f"must have finite coefficients, but has {self.coefficient}")
        for index in self.features + self.weights:
            if not isinstance(index, (int, np.integer)) or index < 0:
                raise InvalidInput(
                    "angle", f"must have indices that are whole numbers from 0 up, but has {index}"
                )
        if len(self.features) > DEGREE or len(self.weights) > DEGREE:
            raise InvalidInput(
                "angle", f"must multiply at most {DEGREE} features and {DEGREE} weights, but multiplies more"
            )


@dataclass(frozen=True)
class Angle:
    """A sum of terms, in radians; built from ``x[i]``, ``w[k]`` and numbers by ``+``, ``-`` and ``*``.

    Examples
    --------
    >>> angle = 0.5 + 2 * x[0] * x[1] - w[3]
    >>> print(angle)
    2*x[0]*x[1] + 0.5 - w[3]
    >>> angle.value(features=[1.0, 3.0], weights=[0, 0, 0, 0.25])
    6.25
    """

    terms: tuple[Term, ...] = ()

    @staticmethod
    def of(value: Angle | float) -> Angle:
        """Return a number as an angle, an angle as it is."""
        if isinstance(value, Angle):
            return value
        number = float(value)
        return Angle((Term(number),)) if number else Angle()

    @property
    def of_data(self) -> bool:
        """Whether the angle differs from sample to sample."""
        return any(term.features for term in self.terms)

    @property
    def trainable(self) -> bool:
        """Whether the angle depends on a weight."""
        return any(term.weights for term in self.terms)

    def value(self, features: ArrayLike = (), weights: ArrayLike = ()) -> Floats | float:
        """Return the angle in radians.

        Parameters
        ----------
        features : array_like, shape (..., n_features)
        weights : array_like, shape (n_weights,)

        Returns
        -------
        float, or ndarray of the leading shape of `features`
        """
        data, trained = np.asarray(features, float), np.asarray(weights, float)
        total: Floats | float = 0.0
        for term in self.terms:
            product: Floats | float = term.coefficient * np.prod(trained[list(term.weights)])
            for i in term.features:
                product = product * data[..., i]
            total = total + product
        return float(total) if np.ndim(total) == 0 else total

    def derivatives(self, features: Floats, weights: Floats) -> Iterator[tuple[str, int, Floats]]:
        """Yield parts of the angle's derivative: the symbol's name, its index, and one value per sample.

        Parts of the same symbol add up.

        Parameters
        ----------
        features : ndarray, shape (B, n_features)
        weights : ndarray, shape (n_weights,)
        """
        for term in self.terms:
            symbols = [("x", i) for i in term.features] + [("w", k) for k in term.weights]
            for place, (name, index) in enumerate(symbols):
                change = np.full(len(features), term.coefficient)
                for other, i in symbols[:place] + symbols[place + 1 :]:
                    change = change * (features[:, i] if other == "x" else weights[i])
                yield name, index, change

    def __add__(self, other: Angle | float) -> Angle:
        return Angle(_collected((*self.terms, *Angle.of(other).terms)))

    def __mul__(self, other: Angle | float) -> Angle:
        return Angle(
            _collected(
                Term(a.coefficient * b.coefficient, a.features + b.features, a.weights + b.weights)
                for a in self.terms
                for b in Angle.of(other).terms
            )
        )

    def __neg__(self) -> Angle:
        return self * -1.0

    def __sub__(self, other: Angle | float) -> Angle:
        return self + -Angle.of(other)

    def __rsub__(self, other: float) -> Angle:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def __str__(self) -> str:
        text = ""
        for term in self.terms:
            symbols = [f"x[{i}]" for i in term.features] + [f"w[{k}]" for k in term.weights]
            size = f"{abs(term.coefficient):.12g}"
            factors = symbols if symbols and size == "1" else [size, *symbols]
            sign = "-" if term.coefficient < 0 else "+"
            text += (f" {sign} " if text else "-" * (sign == "-")) + "*".join(factors)
        return text or "0"


def _collected(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Return like terms as one, in order of first appearance, and none that is zero."""
    sums: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
    for term in terms:
        key = (tuple(sorted(term.features)), tuple(sorted(term.weights)))
        sums[key] = sums.get(key, 0.0) + term.coefficient
    return tuple(Term(value, *key) for key, value in sums.items() if value)


@dataclass(frozen=True)
class Symbol:
    """A vector of symbols; ``x[i]`` is feature i of a sample, ``w[k]`` weight k of a model."""

    name: str

    def __getitem__(self, index: int) -> Angle:
        return Angle((Term(1.0, (index,)) if self.name == "x" else Term(1.0, (), (index,)),))


x = Symbol("x")
w = Symbol("w")
