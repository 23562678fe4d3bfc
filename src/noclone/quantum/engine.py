"""Running a circuit on many samples at once: expectation values, gradients and states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import unknown_text
from noclone.quantum.circuit import Circuit
from noclone.quantum.inputs import check_settings, matching_cotangent, samples_and_weights
from noclone.quantum.observables import Observable

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]
Complex = NDArray[np.complexfloating[Any, Any]]
Pullback = Callable[..., tuple[Floats, Floats | None]]


class _Backend(Protocol):
    """What runs a circuit; takes checked float64 arrays."""

    def expectations(self, features: Doubles, weights: Doubles) -> Floats: ...

    def states(self, features: Doubles, weights: Doubles) -> Complex: ...

    def vjp(self, features: Doubles, weights: Doubles) -> tuple[Floats, Pullback]: ...


class _Plain:
    """The reference as a backend."""

    def __init__(self, circuit: Circuit, observables: Sequence[Observable]) -> None:
        from noclone.quantum.reference import Reference

        self._reference = Reference(circuit, tuple(observables))

    def expectations(self, features: Doubles, weights: Doubles) -> Floats:
        return self._reference.values(self._reference.states(features, weights))

    def states(self, features: Doubles, weights: Doubles) -> Complex:
        return self._reference.states(features, weights)

    def vjp(self, features: Doubles, weights: Doubles) -> tuple[Floats, Pullback]:
        states = self._reference.states(features, weights)

        def pullback(cotangent: Doubles, inputs: bool = False) -> tuple[Floats, Floats | None]:
            by_weight, by_feature = self._reference.gradients(features, weights, states, cotangent)
            return by_weight, by_feature if inputs else None

        return self._reference.values(states), pullback


def _backend(
    name: str, circuit: Circuit, observables: Sequence[Observable], precision: str, threads: int
) -> _Backend:
    if name == "reference":
        if precision != "float64":
            raise InvalidInput("precision", "must be float64 for the reference backend, but is float32")
        return _Plain(circuit, observables)
    if name != "compiled":
        raise InvalidInput("backend", unknown_text(name, ["compiled", "reference"]))
    from noclone.quantum.compiled import Compiled  # Numba is imported where it is used

    return Compiled(circuit, observables, precision, threads)


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
        backend: str = "compiled",
    ) -> None:
        check_settings(circuit, observables, precision, threads)
        self.circuit = circuit
        self.observables = tuple(observables)
        self._backend = _backend(backend, circuit, self.observables, precision, threads)

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
        data, trained = samples_and_weights(self.circuit, features, weights)
        return self._backend.expectations(data, trained)

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
        data, trained = samples_and_weights(self.circuit, features, weights)
        values, pull = self._backend.vjp(data, trained)

        def pullback(cotangent: ArrayLike, inputs: bool = False) -> tuple[Floats, Floats | None]:
            return pull(matching_cotangent(cotangent, values), inputs)

        return values, pullback

    def states(self, features: ArrayLike | None, weights: ArrayLike = ()) -> Complex:
        """Return the final state of each sample, shape (B, 2**qubits)."""
        data, trained = samples_and_weights(self.circuit, features, weights)
        return self._backend.states(data, trained)
