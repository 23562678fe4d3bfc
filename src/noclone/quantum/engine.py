"""Running a circuit on many samples at once: expectation values, gradients and states."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.quantum.circuit import Circuit
from noclone.quantum.observables import Observable
from noclone.quantum.reference import Reference

Floats = NDArray[np.floating]
Complex = NDArray[np.complexfloating]
Pullback = Callable[..., tuple[Floats, Floats | None]]


class Engine:
    """Exact state vectors of one circuit, batched over samples, with gradients.

    Parameters
    ----------
    circuit : Circuit
        Without noise channels (those need `noclone.quantum.pauli_transfer.MixedEngine`).
    observables : sequence of Observable
        What is measured; their expectation values are the engine's output. May be empty.
    precision : {"float64", "float32"}
    threads : int
        Results do not depend on it.
    backend : {"compiled", "reference"}
        Numba kernels, or the plain NumPy form, which is float64 only.

    Raises
    ------
    InvalidInput
        An observable on another number of qubits; an unknown precision or backend; a noisy circuit.

    Examples
    --------
    >>> from noclone.quantum import gate, w, x, z
    >>> circuit = Circuit(1, (gate("ry", 0, angle=x[0] + w[0]),))
    >>> engine = Engine(circuit, [z(0, 1)])
    >>> engine.expectations([[0.0], [np.pi]], [0.0]).round(12).tolist()
    [[1.0], [-1.0]]
    """

    def __init__(
        self,
        circuit: Circuit,
        observables: Sequence[Observable] = (),
        precision: str = "float64",
        threads: int = 1,
        backend: str = "reference",
    ) -> None:
        for observable in observables:
            if observable.qubits != circuit.qubits:
                raise InvalidInput(
                    "observable", f"must be on {circuit.qubits} qubits, but is on {observable.qubits}"
                )
        self.circuit = circuit
        self.observables = tuple(observables)
        self._reference = Reference(circuit, self.observables)

    def _checked(self, features: ArrayLike | None, weights: ArrayLike) -> tuple[Floats, Floats]:
        data = np.zeros((1, 0)) if features is None else np.asarray(features, float)
        trained = np.asarray(weights, float)
        if data.ndim != 2 or data.shape[1] < self.circuit.n_features:
            raise InvalidInput(
                "features",
                f"must have shape (samples, at least {self.circuit.n_features}), but has {data.shape}",
            )
        if trained.shape != (max(len(np.atleast_1d(trained)), self.circuit.n_weights),):
            raise InvalidInput(
                "weights", f"must have shape ({self.circuit.n_weights},), but has {trained.shape}"
            )
        return data, trained

    def expectations(self, features: ArrayLike | None, weights: ArrayLike = ()) -> Floats:
        """Return the expectation value of each observable.

        Parameters
        ----------
        features : array_like, shape (B, F), or None
            One row per sample, F at least ``circuit.n_features``; None for one sample of a circuit without
            data.
        weights : array_like, shape (W,)

        Returns
        -------
        ndarray, shape (B, observables)
        """
        data, trained = self._checked(features, weights)
        return self._reference.values(self._reference.states(data, trained))

    def vjp(self, features: ArrayLike | None, weights: ArrayLike = ()) -> tuple[Floats, Pullback]:
        """Return expectation values and a function that pulls gradients back through the circuit.

        ``pullback(cotangent, inputs=False)`` takes the derivative of a loss by each expectation value, shape
        (B, observables), and returns its derivative by the weights, shape (W,), and, if `inputs`, by the
        features, shape (B, F), else None. The final states are held in memory until the function is dropped:
        ``B * 2**qubits`` complex numbers.

        Examples
        --------
        >>> from noclone.quantum import gate, w, z
        >>> engine = Engine(Circuit(1, (gate("ry", 0, angle=w[0]),)), [z(0, 1)])
        >>> values, pullback = engine.vjp(None, [0.3])
        >>> by_weight, _ = pullback(np.ones((1, 1)))
        >>> bool(np.isclose(by_weight[0], -np.sin(0.3)))
        True
        """
        data, trained = self._checked(features, weights)
        states = self._reference.states(data, trained)

        def pullback(cotangent: ArrayLike, inputs: bool = False) -> tuple[Floats, Floats | None]:
            by_weight, by_feature = self._reference.gradients(
                data, trained, states, np.asarray(cotangent, float)
            )
            return by_weight, by_feature if inputs else None

        return self._reference.values(states), pullback

    def states(self, features: ArrayLike | None, weights: ArrayLike = ()) -> Complex:
        """Return the final state of each sample, shape (B, 2**qubits)."""
        data, trained = self._checked(features, weights)
        return self._reference.states(data, trained)
