"""A distribution learnt by a quantum circuit that plays against a classical critic."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import hadamard
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput
from noclone.models.card import Card
from noclone.models.parameters import check_parameters
from noclone.models.perceptron import Perceptron
from noclone.optimise.gradient import adam
from noclone.quantum.circuit import Circuit
from noclone.quantum.engine import Engine
from noclone.quantum.layers import hadamards, strongly_entangling
from noclone.quantum.observables import pauli

Floats = NDArray[np.float64]
Generator = Callable[[Floats], tuple[Floats, Callable[[Floats], Floats]]]
"""Weights (W,) to the probabilities of the bins, and the pullback of gradients by probability to weights."""

MOST_QUBITS = 10
START_SPREAD = 0.1


def born(circuit: Circuit, precision: str = "float64") -> Generator:
    """Return the outcome probabilities of a circuit without data, as a differentiable function of weights.

    The probabilities are the Walsh-Hadamard transform of the expectation values of all words of Z and I.

    Examples
    --------
    >>> from noclone.quantum import gate, w
    >>> shares, pullback = born(Circuit(1, (gate("ry", 0, angle=w[0]),)))(np.array([np.pi / 2]))
    >>> shares.round(12).tolist(), pullback(np.array([0.0, 1.0])).round(12).tolist()
    ([0.5, 0.5], [0.5])
    """
    qubits = circuit.qubits
    words = [
        "".join("Z" if mask >> (qubits - 1 - wire) & 1 else "I" for wire in range(qubits))
        for mask in range(2**qubits)
    ]
    engine = Engine(circuit, [pauli(word) for word in words], precision)
    transform = hadamard(2**qubits) / 2**qubits

    def generate(weights: Floats) -> tuple[Floats, Callable[[Floats], Floats]]:
        values, pullback = engine.vjp(None, weights)

        def back(by_share: Floats) -> Floats:
            return np.asarray(pullback((transform @ by_share)[None])[0], float)

        return np.maximum(transform @ np.asarray(values[0], float), 0.0), back

    return generate


def play(
    generate: Generator,
    weights: Floats,
    shares: Floats,
    marks: Floats,
    random: np.random.RandomState,
    *,
    hidden: int = 32,
    learning_rate: float = 0.02,
    max_iter: int = 500,
    critic_steps: int = 5,
    batch_size: int | None = None,
) -> tuple[Floats, Floats]:
    """Train any generator of bins against a critic, with Adam at rates that fall to zero.

    The critic, a perceptron, tells real bins from generated ones by logistic regression; the generator lowers
    the mean of -log(critic) over its bins.

    Parameters
    ----------
    generate : callable
    weights : ndarray, shape (W,)
        Where the generator starts.
    shares : ndarray, shape (bins,)
        Share of the data in each bin.
    marks : ndarray, shape (bins, M)
        What the critic sees of each bin.
    random : RandomState
    hidden, learning_rate, max_iter, critic_steps, batch_size
        As in `QuantumGAN`.

    Returns
    -------
    weights : ndarray, shape (W,)
    losses : ndarray, shape (max_iter,)
        The critic's: 2 log 2 where it cannot tell the two apart.

    Notes
    -----
    Source: I. Goodfellow et al., arXiv:1406.2661, with the non-saturating loss of section 3.
    """
    critic = Perceptron((marks.shape[1], hidden, 1))
    opinion = critic.start(random)
    moments, critic_moments = adam.Moments.none(len(weights)), adam.Moments.none(len(opinion))
    losses = np.empty(max_iter)

    def seen(expected: Floats) -> Floats:
        if batch_size is None:
            return expected
        return np.asarray(random.multinomial(batch_size, expected / expected.sum()) / batch_size)

    for turn in range(max_iter):
        rate = learning_rate * (1 - turn / max_iter)
        generated, pullback = generate(weights)
        for _ in range(critic_steps):
            real, made = seen(shares), seen(generated)
            values, criticise = critic.vjp(marks, opinion)
            logit = values[:, 0]
            losses[turn] = real @ np.logaddexp(0, -logit) + made @ np.logaddexp(0, logit)
            belief = 0.5 + 0.5 * np.tanh(0.5 * logit)
            slope, _ = criticise((made * belief - real * (1 - belief))[:, None])
            opinion, critic_moments = adam.step(opinion, slope, critic_moments, rate)
        logit = critic.expectations(marks, opinion)[:, 0]
        slope = pullback(np.logaddexp(0, -logit))
        weights, moments = adam.step(weights, slope, moments, rate)
    return weights, losses


class QuantumGAN(DensityMixin, BaseEstimator):
    """Hybrid generative adversarial network: a circuit generates, a perceptron criticises.

    The range of the data is cut into ``2**max_qubits`` bins of equal size; the probability of a bin is that
    of measuring its number at the end of the circuit. Several features share the qubits, the first features
    getting one more where they do not divide; a feature without a qubit is taken for uniform.

    Parameters
    ----------
    max_qubits : int
        From 1 to 10.
    layers : int
        Strongly entangling layers after a Hadamard gate on each qubit.
    entangled : bool
        False leaves the CNOT gates out: each bit of the bin's number is then independent.
    bounds : (low, high), optional
        Range of the data; of every feature the same, or arrays with an entry per feature. The smallest and
        largest value seen if None.
    hidden : int
        Hidden units of the critic.
    learning_rate : float
        Of Adam at the start, for both sides; falls linearly to 0.
    max_iter : int
        Steps of the generator.
    critic_steps : int
        Steps of the critic for each of them.
    batch_size : int, optional
        Real samples, and shots of the circuit, that the critic sees per step; exact probabilities if None.
        The generator's own gradient is exact in both cases.
    precision : {"float64", "float32"}
    random_state : int, RandomState or None

    Attributes
    ----------
    probabilities_ : ndarray, shape (bins,)
        Of all bins; reshaped to `bins_`, one axis per feature.
    bins_ : ndarray of int, shape (features,)
    low_, high_ : ndarray, shape (features,)
    weights_ : ndarray, shape (W,)
    loss_curve_ : ndarray, shape (max_iter,)
        The critic's loss; 2 log 2 means that it cannot tell generated from real.
    n_iter_ : int
    circuit_ : Circuit

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(1000, 1))
    >>> gan = QuantumGAN(max_qubits=3, layers=2, random_state=0).fit(X)
    >>> gan.sample(2, random_state=0).shape, len(gan.probabilities_)
    ((2, 1), 8)
    """

    NAME = "quantum-gan"
    CARD = Card(
        title="Quantum generative adversarial network",
        family="hybrid",
        what="Learns a distribution over bins from samples, and draws new samples from it.",
        quantum="The generator is a circuit whose measured bit string is the number of a bin. The critic "
        "that it is trained against is a classical perceptron.",
        cost="log2(bins) qubits, 3 weights per qubit and layer; critic_steps * max_iter passes of the critic "
        "over the bins. Simulated from all 2**qubits probabilities; on a quantum computer, two more "
        "circuits per weight and step for the gradient.",
        avoid="Almost always: a histogram of the same bins has a closed form and is what the trained circuit "
        "comes down to when it has enough weights; a kernel density estimate is closer to a smooth law. Of "
        "use to load a distribution into a quantum state. Not for data with many features.",
        source="A reconstruction of the hybrid network of N.-R. Zhou et al. (2023), whose text was not "
        "available; the design follows C. Zoufal et al., npj Quantum Information 5, 103 (2019), with the "
        "losses of I. Goodfellow et al., arXiv:1406.2661.",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "max_qubits": [3, 4, 5],
        "layers": [1, 2, 4, 6],
        "learning_rate": [0.01, 0.02, 0.05],
        "hidden": [16, 32, 64],
    }

    def __init__(
        self,
        max_qubits: int = 5,
        layers: int = 4,
        entangled: bool = True,
        bounds: tuple[ArrayLike, ArrayLike] | None = None,
        hidden: int = 32,
        learning_rate: float = 0.02,
        max_iter: int = 500,
        critic_steps: int = 5,
        batch_size: int | None = None,
        precision: str = "float64",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.max_qubits = max_qubits
        self.layers = layers
        self.entangled = entangled
        self.bounds = bounds
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.critic_steps = critic_steps
        self.batch_size = batch_size
        self.precision = precision
        self.random_state = random_state

    def example_circuit(self, features: int) -> Circuit:
        """Return the generator; it is the same for any number of features."""
        n = self.max_qubits
        return hadamards(n) + strongly_entangling(n, self.layers, entangled=self.entangled)

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the distribution of samples.

        Parameters
        ----------
        X : array_like, shape (samples, features)
        y : ignored

        Raises
        ------
        InvalidInput
            A parameter out of range, or data outside `bounds`.
        """
        check_parameters(self)
        if self.max_qubits > MOST_QUBITS:
            raise InvalidInput("max_qubits", f"must be from 1 to {MOST_QUBITS}, but is {self.max_qubits}")
        data = validate_data(self, X, dtype=np.float64)
        features = data.shape[1]
        random = check_random_state(self.random_state)
        self.low_, self.high_ = self._range(data)
        qubits = self.max_qubits // features + (np.arange(features) < self.max_qubits % features)
        self.bins_ = 2**qubits
        index, inside = self._bin(data)
        if not inside.all():
            raise InvalidInput("X", f"must lie within the bounds, but {np.sum(~inside)} samples do not")
        shares = np.bincount(index, minlength=2**self.max_qubits) / len(data)
        self.circuit_ = self.example_circuit(features)
        generate = born(self.circuit_, self.precision)
        start = random.normal(scale=START_SPREAD, size=self.circuit_.n_weights)
        self.weights_, self.loss_curve_ = play(
            generate,
            start,
            shares,
            bin_marks(self.bins_),
            random,
            hidden=self.hidden,
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            critic_steps=self.critic_steps,
            batch_size=self.batch_size,
        )
        self.n_iter_ = self.max_iter
        probabilities, _ = generate(self.weights_)
        self.probabilities_ = probabilities / probabilities.sum()
        return self

    def _range(self, data: Floats) -> tuple[Floats, Floats]:
        if self.bounds is None:
            return data.min(axis=0), data.max(axis=0)
        low, high = (np.broadcast_to(np.asarray(end, float), data.shape[1:]).copy() for end in self.bounds)
        if not np.all(low <= high):
            raise InvalidInput("bounds", f"must be lower ends and upper ends, but are {self.bounds}")
        return low, high

    def _bin(self, data: Floats) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the number of each sample's bin, and whether the sample is within the range."""
        span = np.where(self.high_ > self.low_, self.high_ - self.low_, 1.0)
        place = np.clip(np.floor((data - self.low_) / span * self.bins_), 0, self.bins_ - 1).astype(np.intp)
        inside = np.all((data >= self.low_) & (data <= self.high_), axis=1)
        return np.ravel_multi_index(tuple(place.T), tuple(self.bins_)), inside

    def score_samples(self, X: ArrayLike) -> Floats:
        """Return the logarithm of the density at each sample, shape (samples,); -inf outside the range.

        Features that were constant in training have no density and are left out, unless they differ now.
        """
        check_is_fitted(self)
        data = validate_data(self, X, dtype=np.float64, reset=False)
        index, inside = self._bin(data)
        moving = self.high_ > self.low_
        volume = np.log(((self.high_ - self.low_) / self.bins_)[moving]).sum()
        with np.errstate(divide="ignore"):
            return np.where(inside, np.log(self.probabilities_[index]) - volume, -np.inf)

    def score(self, X: ArrayLike, y: object = None) -> float:
        """Return the mean logarithm of the density."""
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None) -> Floats:
        """Draw samples in the units of the data, shape (n_samples, features); uniform within a bin."""
        check_is_fitted(self)
        random = check_random_state(random_state)
        index = random.choice(len(self.probabilities_), size=n_samples, p=self.probabilities_)
        place = np.stack(np.unravel_index(index, tuple(self.bins_)), axis=1)
        share = (place + random.uniform(size=place.shape)) / self.bins_
        return np.asarray(self.low_ + share * (self.high_ - self.low_))


def bin_marks(bins: NDArray[np.integer]) -> Floats:
    """Return what the critic sees of each bin: its place on each feature's axis, and the bits of its number.

    With the place alone a small critic is blind to fine structure.

    Parameters
    ----------
    bins : ndarray of int, shape (features,)
        Powers of 2.

    Returns
    -------
    ndarray, shape (product of bins, features + qubits)
        Places with mean 0 and variance at most 1; bits as 1 and -1.

    Examples
    --------
    >>> bin_marks(np.array([4]))[:, 1:].astype(int).tolist()
    [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    """
    count = int(np.prod(bins))
    number = np.arange(count)
    place = np.stack(np.unravel_index(number, tuple(bins)), axis=1)
    bits = number[:, None] >> np.arange(count.bit_length() - 2, -1, -1) & 1
    return np.hstack([np.sqrt(12) * ((place + 0.5) / bins - 0.5), 1.0 - 2 * bits])
