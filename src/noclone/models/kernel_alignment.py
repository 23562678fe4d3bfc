"""A quantum kernel whose bandwidths are trained: one per angle, chosen to agree best with the labels."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from noclone.models.card import Card
from noclone.models.encoding import AngleEncoder
from noclone.models.feature_maps import feature_map
from noclone.models.fidelity_kernel import fidelities, gram
from noclone.models.parameters import check_parameters
from noclone.models.state_encoding import map_states
from noclone.quantum.circuit import Circuit

Floats = NDArray[np.float64]

FACTORS = (0.01, 10.0)
"""A trained bandwidth stays between these multiples of where it started."""
_STEP = 1e-4  # of central differences in the logarithm: errors of 1e-8 from curvature, 1e-12 from rounding


def _centred(matrices: Floats) -> Floats:
    """Return matrices with rows and columns that sum to 0: the features' means removed."""
    rows = matrices - matrices.mean(axis=-1, keepdims=True)
    return np.asarray(rows - rows.mean(axis=-2, keepdims=True))


def target_alignment(matrices: Floats, labels: ArrayLike) -> Floats:
    """Return how well kernels agree with labels: the centred kernel-target alignment, at most 1.

    The target is 1 for two samples of one class and 0 otherwise; for two classes, labels of +1 and -1 and
    their product give the same. Source: C. Cortes et al., Journal of Machine Learning Research 13, 795
    (2012).

    Parameters
    ----------
    matrices : ndarray, shape (..., N, N)
    labels : array_like, shape (N,)

    Returns
    -------
    ndarray, shape (...)
        0 where a kernel or the labels are constant.

    Examples
    --------
    >>> float(target_alignment(np.array([[1.0, 0.0], [0.0, 1.0]]), [0, 1]).round(12))
    1.0
    """
    classes = np.asarray(labels)
    target = _centred((classes[:, None] == classes).astype(float))
    kernels = _centred(np.asarray(matrices, float))
    size = np.sqrt((kernels**2).sum(axis=(-2, -1)) * (target**2).sum())
    return np.asarray((kernels * target).sum(axis=(-2, -1)) / np.where(size > 1e-12, size, np.inf))


class Trained(NamedTuple):
    """Factors of the angles, shape (F,); the alignments before and after; steps taken, at least 1."""

    factors: Floats
    alignments: tuple[float, float]
    steps: int


def train_bandwidths(circuit: Circuit, angles: Floats, labels: ArrayLike, max_iter: int = 30) -> Trained:
    """Find factors of the angles that maximise the alignment of the fidelity kernel with the labels.

    Gradient ascent (L-BFGS) on the factors' logarithms from all factors 1; derivatives by central
    differences, all in one batch.

    Parameters
    ----------
    circuit : Circuit
        Feature map.
    angles : ndarray, shape (N, F)
    labels : array_like, shape (N,)
    max_iter : int

    Returns
    -------
    Trained
    """
    count, width = angles.shape
    moves = _STEP * np.concatenate([np.zeros((1, width)), np.eye(width), -np.eye(width)])

    def loss(logs: Floats) -> tuple[float, Floats]:
        scaled = angles * np.exp(logs + moves)[:, None, :]
        states = map_states(circuit, scaled.reshape(-1, width)).reshape(len(moves), count, -1)
        found = np.stack([target_alignment(gram(one), labels) for one in states])
        return -found[0], (found[1 + width :] - found[1 : 1 + width]) / (2 * _STEP)

    before = -loss(np.zeros(width))[0]
    limits = [(np.log(FACTORS[0]), np.log(FACTORS[1]))] * width
    best = minimize(
        loss, np.zeros(width), jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": max_iter}
    )
    return Trained(np.exp(best.x), (float(before), float(-best.fun)), max(int(best.nit), 1))


def balanced_subset(labels: ArrayLike, size: int, rng: np.random.RandomState) -> NDArray[np.int64]:
    """Return indices of at most `size` random samples, as many of each class as there are."""
    classes = np.asarray(labels)
    order = rng.permutation(len(classes))
    rank = np.empty(len(classes), int)
    for label in np.unique(classes):
        inside = order[classes[order] == label]
        rank[inside] = np.arange(len(inside))
    return np.asarray(np.sort(order[np.argsort(rank[order], kind="stable")][:size]))


class TrainableKernelClassifier(ClassifierMixin, BaseEstimator):
    """Support vector machine on a fidelity kernel with one trained bandwidth per angle.

    Parameters
    ----------
    C : float
        Inverse strength of the regularisation, as in `sklearn.svm.SVC`.
    feature_map : {"iqp", "angle", "tilted"}
    layers : int
        Repetitions of the feature map.
    bandwidth : float
        Where training starts.
    max_qubits : int
        More features than this are first projected on principal axes.
    entangled : bool
    max_iter : int
        Steps of training.
    batch_size : int
        Most samples, in balanced classes, on which the bandwidths are trained.
    precision : {"float64", "float32"}
        Of the final kernel; training is in double precision.
    random_state : int, RandomState or None
        Of the samples chosen for training.

    Attributes
    ----------
    classes_ : ndarray
    bandwidths_ : ndarray, shape (angles,)
        Near 0 where an angle does not help.
    alignments_ : tuple of float
        Before and after training, on the samples chosen.
    n_iter_ : int
    svc_ : sklearn.svm.SVC
    circuit_ : Circuit
        Reads angles that are scaled already.

    Examples
    --------
    >>> X = np.random.default_rng(0).uniform(size=(60, 2))
    >>> model = TrainableKernelClassifier(random_state=0).fit(X, X[:, 0] > 0.5)
    >>> before, after = model.alignments_
    >>> bool(after > before), bool(model.bandwidths_[1] < model.bandwidths_[0])
    (True, True)
    """

    NAME = "trainable-kernel-classifier"
    CARD = Card(
        title="Trainable quantum kernel classifier",
        family="quantum",
        what="A support vector machine on the fidelity of quantum states, after one bandwidth per angle "
        "has been trained to make samples of one class alike and samples of different classes unlike.",
        quantum="The kernel's entries, in training and after (exact states here); the training and the "
        "support vector machine are classical.",
        cost="As the quantum kernel classifier, times the kernel evaluations of training: with n angles 2 "
        "n + 1 kernels of batch_size samples per step.",
        avoid="With few samples per feature: the alignment overfits. The classical counterpart is an RBF "
        "kernel with automatic relevance determination; and where the kernel has concentrated, its "
        "gradient has too.",
        source="T. Hubregtsen et al., Phys. Rev. A 106, 042431 (2022), with the centred alignment of C. "
        "Cortes et al., JMLR 13, 795 (2012) and L-BFGS for its stochastic gradient.",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "C": [0.1, 1.0, 10.0, 100.0],
        "layers": [1, 5],
        "bandwidth": [0.1, 0.3, 1.0],
    }

    def __init__(
        self,
        C: float = 1.0,
        feature_map: str = "iqp",
        layers: int = 1,
        bandwidth: float = 0.3,
        max_qubits: int = 8,
        entangled: bool = True,
        max_iter: int = 30,
        batch_size: int = 100,
        precision: str = "float64",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.C = C
        self.feature_map = feature_map
        self.layers = layers
        self.bandwidth = bandwidth
        self.max_qubits = max_qubits
        self.entangled = entangled
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.precision = precision
        self.random_state = random_state

    def example_circuit(self, features: int) -> Circuit:
        """Return the feature map for this many features."""
        return feature_map(self.feature_map, min(features, self.max_qubits), self.layers, self.entangled)

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the bandwidths, then fit the support vector machine."""
        check_parameters(self)
        data, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.encoder_ = AngleEncoder(self.max_qubits, self.bandwidth).fit(data)
        self.circuit_ = self.example_circuit(self.encoder_.n_angles_)
        angles = self.encoder_.transform(data)
        chosen = balanced_subset(labels, self.batch_size, check_random_state(self.random_state))
        trained = train_bandwidths(self.circuit_, angles[chosen], labels[chosen], self.max_iter)
        self.factors_, self.alignments_, self.n_iter_ = trained.factors, trained.alignments, trained.steps
        self.bandwidths_ = self.bandwidth * self.factors_
        self.embedded_ = map_states(self.circuit_, angles * self.factors_, self.precision)
        self.svc_ = SVC(C=self.C, kernel="precomputed").fit(gram(self.embedded_), labels)
        self.classes_ = self.svc_.classes_
        return self

    def _matrix(self, X: ArrayLike) -> Floats:
        check_is_fitted(self)
        angles = self.encoder_.transform(validate_data(self, X, dtype=np.float64, reset=False))
        return fidelities(map_states(self.circuit_, angles * self.factors_, self.precision), self.embedded_)

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the distance from the boundary, shape (samples,) or (samples, classes) for more than two."""
        matrix = self._matrix(X)
        return np.asarray(self.svc_.decision_function(matrix))

    def predict(self, X: ArrayLike) -> NDArray:
        """Return labels, shape (samples,)."""
        matrix = self._matrix(X)
        return np.asarray(self.svc_.predict(matrix))
