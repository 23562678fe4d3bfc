"""REINFORCE: softmax policies that learn by whole episodes in gymnasium environments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from noclone.core.errors import InvalidInput
from noclone.core.extras import need
from noclone.core.seeds import stream
from noclone.models.parameters import check_parameters
from noclone.models.perceptron import Perceptron
from noclone.optimise.gradient import adam

if TYPE_CHECKING:
    import gymnasium

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Network(Protocol):
    """What makes the logits: `Perceptron`, or a circuit with output weights."""

    @property
    def n_weights(self) -> int:
        """Length of the vector of weights."""

    def start(self, random: np.random.Generator) -> Floats:
        """Return weights to start from."""

    def expectations(self, features: Floats, weights: Floats) -> Floats:
        """Return logits, shape (B, actions)."""

    def vjp(self, features: Floats, weights: Floats) -> tuple[Floats, Callable[..., Any]]:
        """Return logits, and what pulls gradients by them back to the weights."""


@dataclass(frozen=True)
class Episodes:
    """Episodes run side by side; arrays of shape (steps, episodes), where `running` is False without meaning.

    Attributes
    ----------
    features : ndarray, shape (steps, episodes, F)
    actions : ndarray of int
        From 0.
    rewards : ndarray
    running : ndarray of bool
    """

    features: Floats
    actions: Integers
    rewards: Floats
    running: NDArray[np.bool_]

    def returns_to_go(self, discount: float) -> Floats:
        """Return the discounted sum of this step's and all later rewards, shape (steps, episodes)."""
        total, after = np.empty_like(self.rewards), np.zeros(self.rewards.shape[1])
        for step in reversed(range(len(total))):
            after = total[step] = self.rewards[step] + discount * after
        return total

    def advantages(self, discount: float) -> Floats:
        """Return how much better each step went on than the mean of all episodes at that step.

        Shape (number of running steps,), scaled to variance 1. The mean is the baseline of REINFORCE: it
        takes variance from the gradient.
        """
        ahead = self.returns_to_go(discount)
        baseline = (ahead * self.running).sum(axis=1) / self.running.sum(axis=1)
        gained = (ahead - baseline[:, None])[self.running]
        spread = gained.std()
        return np.asarray(gained / spread if spread > 0 else gained)


def _copies(environment: Any, count: int) -> list[gymnasium.Env]:
    if isinstance(environment, str):
        make = need("gymnasium").make
        return [make(environment) for _ in range(count)]
    if isinstance(environment, need("gymnasium").Env):
        return [deepcopy(environment) for _ in range(count)]
    return [environment() for _ in range(count)]


class PolicyGradient(ABC, BaseEstimator):
    """Base of policies: actions are drawn from the softmax of a network's outputs, one output per action.

    It has scikit-learn's parameters, clone and pickle, but learns from an environment instead of from X.
    """

    learning_rate: float
    discount: float
    max_iter: int
    episodes: int
    max_steps: int
    random_state: int | np.random.RandomState | None

    @abstractmethod
    def _network(self) -> Network:
        """Return the network for `n_features_in_` and `n_actions_`."""

    def fit(self, environment: Any, y: object = None) -> Self:
        """Learn from the start, by `max_iter` updates.

        Parameters
        ----------
        environment : str, gymnasium.Env or callable
            A registered name, an environment (it is copied) or what makes one. Actions are discrete;
            observations are a box, flattened, or discrete.
        y : ignored

        Raises
        ------
        InvalidInput
            Other spaces of actions or observations; gymnasium is not installed.
        """
        self._check()
        copies = _copies(environment, self.episodes)
        self._begin(copies[0])
        for _ in range(self.max_iter):
            self._update(copies)
        return self

    def partial_fit(self, environment: Any, y: object = None) -> Self:
        """Make one more update, or the first; `max_iter` of them give what `fit` gives."""
        self._check()
        copies = _copies(environment, self.episodes)
        if not hasattr(self, "weights_"):
            self._begin(copies[0])
        self._update(copies)
        return self

    def _check(self) -> None:
        check_parameters(self)
        if not self.discount <= 1:
            raise InvalidInput("discount", f"must be between 0 and 1, but is {self.discount}")

    def _begin(self, environment: gymnasium.Env) -> None:
        spaces = need("gymnasium").spaces
        seen, done = environment.observation_space, environment.action_space
        if not isinstance(done, spaces.Discrete):
            raise InvalidInput("environment", f"must have discrete actions, but has {done}")
        self.n_actions_, self.first_action_ = int(done.n), int(done.start)
        if isinstance(seen, spaces.Box):
            self.states_, self.first_state_ = 0, 0
            self.low_, self.high_ = (np.asarray(end, float).ravel() for end in (seen.low, seen.high))
            self.n_features_in_ = len(self.low_)
        elif isinstance(seen, spaces.Discrete):
            self.states_, self.first_state_ = int(seen.n), int(seen.start)
            self.n_features_in_ = max(self.states_ - 1, 1).bit_length()
        else:
            raise InvalidInput("environment", f"must have observations in a box or discrete, but has {seen}")
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        network = self._network()
        self.weights_ = network.start(stream(self.seed_, "policy start"))
        self.moments_ = np.zeros((2, network.n_weights))
        self.return_curve_ = np.empty(0)
        self.n_iter_ = 0

    def _update(self, copies: list[gymnasium.Env]) -> None:
        network, random = self._network(), stream(self.seed_, "policy", self.n_iter_)

        def draw(features: Floats) -> Integers:
            chances = softmax(network.expectations(features, self.weights_), axis=1).cumsum(axis=1)
            below = chances[:, :-1] < random.uniform(size=(len(features), 1))
            return np.asarray(below.sum(axis=1))

        run = self._run(copies, draw, random)
        features, actions = run.features[run.running], run.actions[run.running]
        logits, pullback = network.vjp(features, self.weights_)
        surprise = softmax(logits, axis=1)
        surprise[np.arange(len(actions)), actions] -= 1
        slope, _ = pullback(surprise * run.advantages(self.discount)[:, None] / len(actions))
        moments = adam.Moments(self.moments_[0], self.moments_[1], self.n_iter_)
        self.weights_, moments = adam.step(self.weights_, slope, moments, self.learning_rate)
        self.moments_ = np.stack([moments.first, moments.second])
        self.return_curve_ = np.append(self.return_curve_, run.rewards.sum(axis=0).mean())
        self.n_iter_ += 1

    def _run(
        self,
        environments: list[gymnasium.Env],
        choose: Callable[[Floats], Integers],
        random: np.random.Generator,
    ) -> Episodes:
        """Run one episode in each environment, side by side: one call of the network per step for all."""
        count = len(environments)
        seeds = random.integers(2**31, size=count).tolist()
        seen = [
            environment.reset(seed=seed)[0] for environment, seed in zip(environments, seeds, strict=True)
        ]
        running = np.ones(count, bool)
        rows: list[tuple[Floats, Integers, Floats, NDArray[np.bool_]]] = []
        while running.any() and len(rows) < self.max_steps:
            active = np.flatnonzero(running)
            features = np.zeros((count, self.n_features_in_))
            features[active] = self._features([seen[i] for i in active])
            actions, rewards, before = np.zeros(count, np.int64), np.zeros(count), running.copy()
            actions[active] = choose(features[active])
            for i in active:
                seen[i], rewards[i], ended, cut, _ = environments[i].step(
                    int(actions[i]) + self.first_action_
                )
                running[i] = not (ended or cut)
            rows.append((features, actions, rewards, before))
        return Episodes(*(np.stack(column) for column in zip(*rows, strict=True)))

    def _features(self, observations: ArrayLike) -> Floats:
        """Return angles within +-pi/2, shape (B, F): bits of a state's number, or a box scaled to that range.

        A feature without finite bounds is brought into it by the arc tangent.
        """
        if self.states_:
            number = np.asarray(observations, np.int64).reshape(-1, 1) - self.first_state_
            bits = number >> np.arange(self.n_features_in_ - 1, -1, -1) & 1
            return np.asarray(np.pi * (bits - 0.5))
        data = np.asarray(observations, float).reshape(-1, self.n_features_in_)
        closed = np.isfinite(self.low_) & np.isfinite(self.high_) & (self.high_ > self.low_)
        low, span = np.where(closed, self.low_, 0.0), np.where(closed, self.high_ - self.low_, 1.0)
        return np.where(closed, np.pi * ((data - low) / span - 0.5), np.arctan(data))

    def action_probabilities(self, observations: ArrayLike) -> Floats:
        """Return the probability of each action, shape (B, actions).

        Parameters
        ----------
        observations : array_like, shape (B, ...)
            As the environment gives them.
        """
        check_is_fitted(self)
        features = self._features(observations)
        return np.asarray(softmax(self._network().expectations(features, self.weights_), axis=1))

    def act(self, observations: ArrayLike) -> Integers:
        """Return the most probable action for each observation, shape (B,)."""
        return np.asarray(self.action_probabilities(observations).argmax(axis=1) + self.first_action_)

    def score(self, environment: Any, y: object = None) -> float:
        """Return the mean return, without discount, of one greedy episode in each of `episodes` copies."""
        check_is_fitted(self)
        network, random = self._network(), stream(self.seed_, "policy score")

        def greedy(features: Floats) -> Integers:
            return np.asarray(network.expectations(features, self.weights_).argmax(axis=1))

        run = self._run(_copies(environment, self.episodes), greedy, random)
        return float(run.rewards.sum(axis=0).mean())


class PerceptronPolicy(PolicyGradient):
    """Softmax policy of a perceptron with one hidden layer: the classical twin of `QuantumPolicy`.

    Parameters
    ----------
    hidden : int
    learning_rate, discount, max_iter, episodes, max_steps, random_state
        As in `QuantumPolicy`.

    Examples
    --------
    >>> PerceptronPolicy(max_iter=2, episodes=2, random_state=0).fit("CartPole-v1").return_curve_.shape
    (2,)
    """

    def __init__(
        self,
        hidden: int = 8,
        learning_rate: float = 0.05,
        discount: float = 0.99,
        max_iter: int = 100,
        episodes: int = 16,
        max_steps: int = 500,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.discount = discount
        self.max_iter = max_iter
        self.episodes = episodes
        self.max_steps = max_steps
        self.random_state = random_state

    def _network(self) -> Network:
        return Perceptron((self.n_features_in_, self.hidden, self.n_actions_))
