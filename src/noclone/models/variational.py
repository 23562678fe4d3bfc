"""The shared core of variational models: measure a circuit's expectation values, train its weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

import noclone.quantum.compiled  # noqa: F401  # with the model, not in its first fit
from noclone.core.errors import InvalidInput
from noclone.models.finite_shots import FiniteShots, check_shots
from noclone.models.losses import Loss
from noclone.optimise.gradient import METHODS, Descent, Plan, Problem, method
from noclone.optimise.gradient.descent import ALL, Floats, Rows
from noclone.optimise.gradient.natural_gradient import fubini_study
from noclone.quantum.circuit import Circuit, noise
from noclone.quantum.engine import Engine
from noclone.quantum.observables import Observable

METRIC_SAMPLES = 16
"""Samples over which the natural gradient averages its metric."""
SEARCH_EVALUATIONS = 20
"""Losses that a search heuristic may evaluate per iteration."""


@lru_cache(maxsize=32)
def engine_for(circuit: Circuit, observables: tuple[Observable, ...], precision: str, threads: int) -> Any:
    """Return the engine that runs a circuit: exact state vectors, or mixed states where there is noise."""
    if circuit.noisy:
        from noclone.quantum.pauli_transfer import MixedEngine

        return MixedEngine(circuit, observables, precision=precision, threads=threads)
    return Engine(circuit, observables, precision=precision, threads=threads)


def separate_shots(
    values: Floats, observables: tuple[Observable, ...], shots: int, random: np.random.Generator
) -> Floats:
    """Return estimates of expectation values, each observable from runs of its own.

    For mixed states, whose bit strings are not at hand. An observable is a Pauli word, with outcomes -1 and
    1, or a projector, with outcomes 0 and 1.

    Examples
    --------
    >>> from noclone.quantum import projector, z
    >>> separate_shots(np.ones((1, 2)), (z(0, 1), projector((0,), 1)), 5, np.random.default_rng(0)).tolist()
    [[1.0, 1.0]]
    """
    low = np.array([-1.0 if len(observable.words) == 1 else 0.0 for observable in observables])
    chance = np.clip((values - low) / (1 - low), 0, 1)
    return np.asarray(low + (1 - low) * random.binomial(shots, chance) / shots)


class Variational(FiniteShots):
    """What variational models have in common: how circuits run and how weights are trained.

    A subclass's `fit` calls `_prepare` with a circuit and observables, then `_train` with a loss and angles.

    Parameters
    ----------
    optimiser : str
        ``"adam"``, ``"lbfgs"``, ``"spsa"``, ``"natural-gradient"``, or a heuristic of
        `noclone.optimise.metaheuristics`.
    learning_rate : float
    max_iter : int
        Steps of the optimiser; a heuristic evaluates 20 losses of all samples per iteration.
    batch_size : int or None
        Samples per step; all if None.
    tol, patience : float, int
        Training stops when the loss is flat: see `noclone.optimise.gradient.Plan`.
    shots : int or None
        Runs of the circuit per sample, in training and in prediction; exact expectation values if None.
    noise : (str, float) or None
        A channel of `noclone.quantum.gates.CHANNELS` and its strength, on each wire after each gate on it.
    precision : {"float64", "float32"}
    threads : int
    max_qubits : int
    bandwidth : float
    entangled : bool
    random_state : int, RandomState or None

    Attributes
    ----------
    circuit_ : Circuit
        With its noise.
    observables_ : tuple of Observable
    weights_ : ndarray
        The circuit's, then the loss's head.
    loss_curve_ : ndarray, shape (n_iter_,)
    """

    def __init__(
        self,
        optimiser: str = "adam",
        learning_rate: float = 0.05,
        max_iter: int = 200,
        batch_size: int | None = 256,
        tol: float = 1e-4,
        patience: int = 50,
        shots: int | None = None,
        noise: tuple[str, float] | None = None,
        precision: str = "float64",
        threads: int = 1,
        max_qubits: int = 8,
        bandwidth: float = 1.0,
        entangled: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.optimiser = optimiser
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.tol = tol
        self.patience = patience
        self.shots = shots
        self.noise = noise
        self.precision = precision
        self.threads = threads
        self.max_qubits = max_qubits
        self.bandwidth = bandwidth
        self.entangled = entangled
        self.random_state = random_state

    def _random(self, past: int = 0) -> np.random.Generator:
        """Return the generator of one call of a method, another one for each number of `past` steps."""
        return np.random.default_rng([check_random_state(self.random_state).randint(2**31 - 1), past])

    def _prepare(self, circuit: Circuit, observables: tuple[Observable, ...]) -> None:
        """Set what runs, with its noise, and what is measured."""
        self.circuit_, self.observables_ = self._noisy(circuit), observables

    def _noisy(self, circuit: Circuit) -> Circuit:
        if self.noise is None:
            return circuit
        name, strength = self.noise
        return circuit.with_noise(lambda wire: noise(name, wire, strength))

    def _engine(self, observables: tuple[Observable, ...]) -> Any:
        return engine_for(self.circuit_, observables, self.precision, self.threads)

    def _measured(
        self, observables: tuple[Observable, ...], random: np.random.Generator
    ) -> Callable[[Floats, Floats], Floats]:
        """Return a function from angles (B, F) and weights to values (B, V), exact or of shots."""
        engine, shots = self._engine(observables), self.shots
        if shots is None:
            return lambda angles, weights: np.asarray(engine.expectations(angles, weights), float)
        check_shots(shots)
        if self.circuit_.noisy:
            return lambda angles, weights: separate_shots(
                np.asarray(engine.expectations(angles, weights), float), observables, shots, random
            )
        from noclone.quantum.shots import estimates

        return lambda angles, weights: estimates(engine, angles, weights, shots, random)

    def _values(self, angles: Floats, observables: tuple[Observable, ...]) -> Floats:
        """Return values of the trained circuit, shape (B, observables)."""
        measured = self._measured(observables, self._random())
        return measured(angles, self.weights_[: self.circuit_.n_weights])

    @property
    def _head(self) -> Floats:
        """The trained numbers beside the circuit."""
        return np.asarray(self.weights_[self.circuit_.n_weights :])

    def _start(self, loss: Loss, random: np.random.Generator) -> Floats:
        """Return first weights: the circuit's evenly from (0, 1), as in A. Perez-Salinas et al. (2020)."""
        return np.concatenate([random.random(self.circuit_.n_weights), loss.start()])

    def _plan(self) -> Plan:
        return Plan(self.learning_rate, self.max_iter, self.batch_size, self.tol, self.patience)

    def _train(
        self, loss: Loss, angles: Floats, targets: NDArray, start: Floats, random: np.random.Generator
    ) -> None:
        """Train from a start and keep the weights.

        Raises
        ------
        InvalidInput
            Unknown optimiser; one that needs exact gradients where there are shots, or pure states where
            there is noise.
        """
        problem = self._problem(loss, angles, targets, random)
        if self.optimiser in METHODS:
            trained = method(self.optimiser).minimise(problem, start, self._plan(), random)
        else:
            trained = self._searched(problem, start, random)
        self.weights_, self.loss_curve_ = trained.weights, trained.losses
        self.n_iter_ = len(trained.losses)

    def _problem(self, loss: Loss, angles: Floats, targets: NDArray, random: np.random.Generator) -> Problem:
        """Return training as a problem for an optimiser."""
        size, engine = self.circuit_.n_weights, self._engine(self.observables_)
        measured = self._measured(self.observables_, random)

        def value(weights: Floats, rows: Rows) -> float:
            return loss.of(measured(angles[rows], weights[:size]), weights[size:], targets[rows])[0]

        def gradient(weights: Floats, rows: Rows) -> tuple[float, Floats]:
            values, pullback = engine.vjp(angles[rows], weights[:size])
            mean, by_value, by_head = loss.of(values, weights[size:], targets[rows])
            by_weight, _ = pullback(by_value)
            return mean, np.concatenate([by_weight, by_head])

        def metric(weights: Floats, rows: Rows) -> Floats:
            some = random.permutation(angles[rows])[:METRIC_SAMPLES]  # rows may be sorted by label
            exact = engine_for(self.circuit_, (), "float64", self.threads)
            whole = np.eye(len(weights))  # the head has no states: plain gradient steps
            whole[:size, :size] = fubini_study(lambda changed: exact.states(some, changed), weights[:size])
            return whole

        return Problem(
            len(angles),
            value,
            gradient if self.shots is None else None,
            None if self.circuit_.noisy else metric,
        )

    def _searched(self, problem: Problem, start: Floats, random: np.random.Generator) -> Descent:
        """Search the box of half a turn to each side of the start with a heuristic."""
        from noclone.optimise.metaheuristics import heuristics, search

        if self.optimiser not in heuristics():
            known = ", ".join([*METHODS, *heuristics()])
            raise InvalidInput("optimiser", f"must be one of {known}, but is {self.optimiser!r}")
        found = search(
            self.optimiser,
            lambda population: [-problem.value(weights, ALL) for weights in population],
            start - np.pi,
            start + np.pi,
            evaluations=SEARCH_EVALUATIONS * self._plan().max_iter,
            seed=int(random.integers(2**31)),
            start=start,
        )
        return Descent(found.point, -found.curve[SEARCH_EVALUATIONS - 1 :: SEARCH_EVALUATIONS], False)
