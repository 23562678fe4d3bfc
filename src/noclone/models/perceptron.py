"""A multilayer perceptron with the calls of `noclone.quantum.Engine`: critic, and twin of a circuit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Pullback = Callable[..., tuple[Floats, Floats | None]]


@dataclass(frozen=True)
class Perceptron:
    """Affine layers with tanh between them; all weights in one vector.

    Attributes
    ----------
    sizes : tuple of int
        Inputs, units of each hidden layer, outputs.

    Examples
    --------
    >>> Perceptron((2, 8, 1)).n_weights
    33
    """

    sizes: tuple[int, ...]

    @property
    def n_weights(self) -> int:
        """Number of weights: matrices and offsets of all layers."""
        return sum((below + 1) * above for below, above in pairwise(self.sizes))

    def start(self, random: np.random.Generator | np.random.RandomState) -> Floats:
        """Return weights to start from: normal with variance 1 / inputs of the layer, offsets 0.

        Source: Y. LeCun et al., "Efficient BackProp" (1998), section 4.6.
        """
        parts = [np.zeros(0)]
        for below, above in pairwise(self.sizes):
            parts += [random.normal(scale=below**-0.5, size=below * above), np.zeros(above)]
        return np.concatenate(parts)

    def _layers(self, weights: Floats) -> list[tuple[Floats, Floats]]:
        layers, place = [], 0
        for below, above in pairwise(self.sizes):
            end = place + below * above
            layers.append((weights[place:end].reshape(below, above), weights[end : end + above]))
            place = end + above
        return layers

    def expectations(self, features: Floats, weights: Floats) -> Floats:
        """Return the outputs, shape (B, outputs), of features of shape (B, inputs)."""
        return self.vjp(features, weights)[0]

    def vjp(self, features: Floats, weights: Floats) -> tuple[Floats, Pullback]:
        """Return the outputs and a function that pulls gradients back, as `Engine.vjp` does.

        Examples
        --------
        >>> values, pullback = Perceptron((1, 1)).vjp(np.array([[2.0]]), np.array([3.0, 1.0]))
        >>> by_weight, by_feature = pullback(np.ones((1, 1)), inputs=True)
        >>> values.tolist(), by_weight.tolist(), by_feature.tolist()
        ([[7.0]], [2.0, 1.0], [[3.0]])
        """
        layers = self._layers(weights)
        entering = [np.asarray(features, float)]
        for matrix, offset in layers[:-1]:
            entering.append(np.tanh(entering[-1] @ matrix + offset))
        values = entering[-1] @ layers[-1][0] + layers[-1][1]

        def pullback(cotangent: Floats, inputs: bool = False) -> tuple[Floats, Floats | None]:
            slope, parts = np.asarray(cotangent, float), []
            for k in reversed(range(len(layers))):
                parts += [slope.sum(axis=0), (entering[k].T @ slope).ravel()]
                if k or inputs:
                    slope = slope @ layers[k][0].T
                if k:
                    slope = slope * (1 - entering[k] ** 2)
            return np.concatenate(parts[::-1]), slope if inputs else None

        return values, pullback
