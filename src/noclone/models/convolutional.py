"""Classification by a convolutional stem whose outputs are the angles of a trained circuit."""

from __future__ import annotations

from functools import cache
from itertools import islice
from math import pi, prod
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput
from noclone.core.extras import need
from noclone.models.card import Card
from noclone.models.parameters import check_parameters
from noclone.optimise.gradient.descent import batches
from noclone.quantum.bridges.torch import circuit_layer
from noclone.quantum.circuit import Circuit
from noclone.quantum.layers import angle_embedding, strongly_entangling
from noclone.quantum.observables import Observable, z

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

Floats = NDArray[np.float64]

CONSTANT = 1e-12
"""Features whose spread is a smaller share of the largest value are constant, but for rounding."""
POOLED = 4
"""Places along each side to which the stem averages before its linear layer."""
REDUCTION = 2
"""Channels per unit in the bottleneck of squeeze and excitation."""


class ConvolutionalClassifier(ClassifierMixin, BaseEstimator):
    """Hybrid classifier for signals and images: convolutions find features, a circuit combines them.

    Standardised samples pass two convolutions, squeeze and excitation (each channel scaled by a function of
    all channels' means), averaging, and a linear layer whose tanh gives one angle per qubit. RY of these
    angles and strongly entangling layers follow; logits are a linear map of ``<Z>`` of each wire. All is
    trained together with Adam on the cross-entropy. Needs torch.

    Parameters
    ----------
    image_shape : (int, int), optional
        Height and width of images whose rows of pixels follow one another in a sample; signals in one
        dimension if None.
    channels : int
        Of both convolutions.
    kernel_size : int
        Odd; of both convolutions.
    layers : int
        Strongly entangling layers.
    learning_rate : float
    max_iter : int
        Steps of Adam.
    batch_size : int or None
        Samples per step; all if None.
    precision : {"float64", "float32"}
    max_qubits : int
        Qubits of the circuit; the stem makes as many angles of any number of features.
    bandwidth : float
        Scale of the angles, which fill ``bandwidth * (-pi/2, pi/2)``.
    entangled : bool
        False leaves the CNOT gates out.
    random_state : int, RandomState or None
        Of the first weights and the batches.

    Attributes
    ----------
    classes_ : ndarray
    circuit_ : Circuit
    observables_ : tuple of Observable
    network_ : dict of str to ndarray
        The weights of all layers by torch's names.
    mean_, scale_ : ndarray, shape (features,)
        Of the standardisation; features that were constant in training have the scale infinity, and are 0.
    loss_curve_ : ndarray, shape (n_iter_,)
    n_iter_ : int

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> edge, place = random.choice([-1, 1], 80), random.integers(2, 10, 80)
    >>> X = edge[:, None] * np.sign(np.arange(12) - place[:, None]) + random.normal(scale=0.1, size=(80, 12))
    >>> model = ConvolutionalClassifier(max_qubits=3, max_iter=60, random_state=0).fit(X, edge)
    >>> model.score(X, edge)
    1.0
    """

    NAME = "convolutional-classifier"
    CARD = Card(
        title="Convolutional classifier with a quantum head",
        family="hybrid",
        what="Classifies signals or images: a small convolutional network with channel attention turns each "
        "sample into a few angles, and a trained circuit turns these into logits.",
        quantum="Only the circuit after the stem, simulated exactly. Convolutions, squeeze and excitation, "
        "the linear read-out and the optimiser are classical, and hold most of the weights.",
        cost="max_qubits qubits whatever the number of features, 3 * layers * max_qubits weights in the "
        "circuit; per training step one circuit per sample, and on a quantum computer two more per angle and "
        "per weight for the gradient.",
        avoid="Where features have no order or neighbourhood, and where accuracy is what counts: the stem "
        "with a linear layer in place of the circuit is the baseline to beat, and costs less.",
        source="A reconstruction of St-HQCNN (She, 2025), whose text was not available: stem, squeeze and "
        "excitation, and a strongly entangling head are its parts; their sizes are ours. Squeeze and "
        "excitation: J. Hu et al., arXiv:1709.01507. Head: M. Schuld et al., Phys. Rev. A 101, 032308 "
        "(2020).",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "layers": [1, 2, 4],
        "channels": [4, 8, 16],
        "learning_rate": [0.005, 0.02, 0.05],
        "kernel_size": [3, 5],
    }

    def __init__(
        self,
        image_shape: tuple[int, int] | None = None,
        channels: int = 8,
        kernel_size: int = 3,
        layers: int = 2,
        learning_rate: float = 0.02,
        max_iter: int = 100,
        batch_size: int | None = 64,
        precision: str = "float64",
        max_qubits: int = 8,
        bandwidth: float = 1.0,
        entangled: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.image_shape = image_shape
        self.channels = channels
        self.kernel_size = kernel_size
        self.layers = layers
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.precision = precision
        self.max_qubits = max_qubits
        self.bandwidth = bandwidth
        self.entangled = entangled
        self.random_state = random_state

    def example_circuit(self, features: int) -> Circuit:
        """Return the circuit; it is the same for any number of features."""
        n = self.max_qubits
        embedding = angle_embedding(n, scale=self.bandwidth * pi / 2)
        return embedding + strongly_entangling(n, self.layers, entangled=self.entangled)

    def _checked_shape(self, features: int) -> tuple[int, ...]:
        """Return the shape of a sample, after a look at all parameters."""
        check_parameters(self)
        if self.kernel_size % 2 == 0:
            raise InvalidInput("kernel_size", f"must be odd, but is {self.kernel_size}")
        shape = (features,) if self.image_shape is None else tuple(self.image_shape)
        if prod(shape) != features:
            raise InvalidInput("image_shape", f"must have {features} pixels like X, but is {shape}")
        return shape

    def _network(self) -> Any:
        """Return the network with random weights from torch's generator."""
        torch = need("torch")
        shape = self._checked_shape(self.n_features_in_)
        body = stem(shape, self.channels, self.kernel_size, self.circuit_.qubits)
        circuit = circuit_layer(self.circuit_, self.observables_)
        readout = torch.nn.Linear(len(self.observables_), len(self.classes_))
        return torch.nn.Sequential(body, circuit, readout).to(getattr(torch, self.precision))

    def _tensor(self, data: Floats) -> Tensor:
        torch = need("torch")
        scaled = (data - self.mean_) / self.scale_
        return torch.as_tensor(scaled, dtype=getattr(torch, self.precision))  # type: ignore[no-any-return]

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train from new random weights.

        Parameters
        ----------
        X : array_like, shape (samples, features)
        y : array_like, shape (samples,)
            Labels of at least two classes.

        Raises
        ------
        InvalidInput
            A parameter out of range, `image_shape` for other samples, or torch not installed.
        """
        torch = need("torch")
        data, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, targets = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"Classifier can't train when only one class is present: {self.classes_}")
        self._checked_shape(data.shape[1])
        spread = data.std(axis=0)
        moving = spread > CONSTANT * np.abs(data).max(axis=0)
        self.mean_, self.scale_ = data.mean(axis=0), np.where(moving, spread, np.inf)
        self.circuit_ = self.example_circuit(data.shape[1])
        self.observables_: tuple[Observable, ...] = tuple(
            z(wire, self.max_qubits) for wire in range(self.max_qubits)
        )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        random = np.random.default_rng(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = self._network()
        samples, classes = self._tensor(data), torch.as_tensor(targets)
        descent = torch.optim.Adam(network.parameters(), lr=self.learning_rate)
        losses = []
        for rows in islice(batches(len(data), self.batch_size, random), self.max_iter):
            descent.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(samples[rows]), classes[rows])
            loss.backward()
            descent.step()
            losses.append(loss.item())
        self.loss_curve_, self.n_iter_ = np.array(losses), len(losses)
        self.network_ = {name: value.numpy().copy() for name, value in network.state_dict().items()}
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probability of each class, shape (samples, classes), in the order of ``classes_``."""
        check_is_fitted(self)
        data = validate_data(self, X, dtype=np.float64, reset=False)
        torch = need("torch")
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            network = self._network()
            weights = {name: torch.from_numpy(value) for name, value in self.network_.items()}
            network.load_state_dict(weights)
            logits = network(self._tensor(data))
            return np.asarray(torch.softmax(logits.double(), dim=1).numpy())

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the likeliest class of each sample."""
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])


def stem(shape: tuple[int, ...], channels: int, kernel_size: int, angles: int) -> Module:
    """Return the classical part: samples (B, product of shape) to numbers (B, angles) between -1 and 1.

    Parameters
    ----------
    shape : tuple of int
        Of a sample: one side for signals, two for images.
    channels, kernel_size : int
        Of the two convolutions.
    angles : int
    """
    nn = need("torch").nn
    convolve, average = ((nn.Conv1d, nn.AdaptiveAvgPool1d), (nn.Conv2d, nn.AdaptiveAvgPool2d))[len(shape) - 1]
    pooled = tuple(min(side, POOLED) for side in shape)
    return nn.Sequential(  # type: ignore[no-any-return]
        nn.Unflatten(1, (1, *shape)),
        convolve(1, channels, kernel_size, padding="same"),
        nn.ReLU(),
        convolve(channels, channels, kernel_size, padding="same"),
        nn.ReLU(),
        _squeeze_excitation()(channels),
        average(pooled),
        nn.Flatten(),
        nn.Linear(channels * prod(pooled), angles),
        nn.Tanh(),
    )


@cache
def _squeeze_excitation() -> Any:
    torch = need("torch")

    class SqueezeExcitation(torch.nn.Module):  # type: ignore[name-defined]
        """J. Hu et al., arXiv:1709.01507, section 3."""

        def __init__(self, channels: int) -> None:
            super().__init__()
            narrow = max(channels // REDUCTION, 1)
            self.gate = torch.nn.Sequential(
                torch.nn.Linear(channels, narrow),
                torch.nn.ReLU(),
                torch.nn.Linear(narrow, channels),
                torch.nn.Sigmoid(),
            )

        def forward(self, maps: Tensor) -> Tensor:
            """Scale each channel of maps (B, channels, ...)."""
            weights = self.gate(maps.flatten(2).mean(dim=2))
            return maps * weights.reshape(*weights.shape, *(1,) * (maps.ndim - 2))  # type: ignore[no-any-return]

    return SqueezeExcitation
