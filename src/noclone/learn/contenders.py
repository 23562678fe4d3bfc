"""What is compared: models with their hyperparameters, unentangled twins, classical baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from noclone.core.errors import InvalidInput
from noclone.learn.task import CLASSIFICATION, ONE_CLASS, REGRESSION

QUANTUM, UNENTANGLED, CLASSICAL = "quantum", "unentangled", "classical"
"""Sides. An unentangled model has no gate on more than one qubit between its encoding and its measurement.

Where the encoding is made of single-qubit gates too, its states are products, which any classical computer
follows; amplitude encodings are entangled themselves, and their two-qubit gates remain and are counted.
Classical is all of which nothing would run on a quantum computer, quantum-inspired models included.
"""

_LOGARITHMIC = [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]


@dataclass(frozen=True, eq=False)
class Contender:
    """A model and what may be tried of it.

    Attributes
    ----------
    name : str
    estimator : object
        With scikit-learn's interface.
    space : mapping
        Values to try of each parameter, by the name that ``set_params`` takes; empty to take it as given.
    side : str
        ``"quantum"``, ``"unentangled"`` or ``"classical"``.
    """

    name: str
    estimator: Any
    space: Mapping[str, Sequence[Any]]
    side: str

    @classmethod
    def of(cls, estimator: Any, name: str | None = None) -> Contender:
        """Return an estimator as a contender: name, hyperparameters and side are what its class says.

        Quantum is what has a card, or a step with a card, that says quantum or hybrid; without any card, what
        has a parameter ``entangled``. A model that is only quantum-inspired counts as classical, because
        nothing of it would run on a quantum computer: it is among those that a quantum model has to beat. Its
        `label` says so.

        Examples
        --------
        >>> from sklearn.dummy import DummyClassifier
        >>> contender = Contender.of(DummyClassifier())
        >>> contender.name, contender.side
        ('DummyClassifier', 'classical')
        """
        if isinstance(estimator, Contender):
            return estimator
        if not hasattr(estimator, "get_params") or isinstance(estimator, type):
            raise InvalidInput("models", f"must have scikit-learn's interface, but has {estimator!r}")
        families, switch = _families(estimator), _switch(estimator)
        quantum = bool(families & {"quantum", "hybrid"}) or (not families and switch is not None)
        side = CLASSICAL
        if quantum:
            side = UNENTANGLED if switch and not estimator.get_params()[switch] else QUANTUM
        own_name = getattr(estimator, "NAME", type(estimator).__name__)
        return cls(name or own_name, estimator, getattr(estimator, "SPACE", {}), side)

    @property
    def label(self) -> str:
        """The side as a table shows it: ``"classical (quantum-inspired)"`` where a card says so."""
        inspired = self.side == CLASSICAL and "quantum-inspired" in _families(self.estimator)
        return f"{self.side} (quantum-inspired)" if inspired else self.side


def _families(estimator: Any) -> set[str]:
    """Return what the cards of a model and its steps say that they are."""
    parts = [estimator, *estimator.get_params().values()]
    return {part.CARD.family for part in parts if hasattr(part, "CARD")}


def _switch(estimator: Any) -> str | None:
    """Return the name of the parameter that turns entanglement off, also inside a pipeline."""
    names = estimator.get_params()
    return next((name for name in names if name == "entangled" or name.endswith("__entangled")), None)


def twin(contender: Contender) -> Contender | None:
    """Return the same model without entanglement, or None where there is no such thing."""
    from sklearn.base import clone

    switch = _switch(contender.estimator)
    if switch is None or contender.side != QUANTUM:
        return None
    estimator = clone(contender.estimator).set_params(**{switch: False})
    space = {name: values for name, values in contender.space.items() if name != switch}
    return Contender(f"{contender.name}, unentangled", estimator, space, UNENTANGLED)


def baselines(kind: str) -> tuple[Contender, ...]:
    """Return the usual classical models for a kind of task, with the hyperparameters that are usually tried.

    Examples
    --------
    >>> [contender.name for contender in baselines("regression")]
    ['ridge', 'svr-rbf', 'k-neighbours', 'mlp', 'gradient-boosting']
    """
    makers = {CLASSIFICATION: _classifiers, REGRESSION: _regressors, ONE_CLASS: _detectors}
    return tuple(
        Contender(name, estimator, space, CLASSICAL) for name, (estimator, space) in makers[kind]().items()
    )


Space = dict[str, list[Any]]
Table = dict[str, tuple[Any, Space]]

_LAYERS = [(100,), (50, 10, 5), (10, 10, 10, 10)]
_BOOSTING: Space = {
    "learning_rate": [0.03, 0.1, 0.3],
    "max_iter": [50, 100, 200],
    "max_leaf_nodes": [4, 8, 31],
    "min_samples_leaf": [5, 20],
}
_NEIGHBOURS: Space = {"n_neighbors": [1, 3, 5, 9, 15, 25], "weights": ["uniform", "distance"]}
_RADIAL: Space = {"C": [0.1, 1.0, 10.0, 100.0, 1000.0], "gamma": ["scale", 0.001, 0.01, 0.1, 1.0]}
_NETWORK: Space = {
    "hidden_layer_sizes": _LAYERS,
    "alpha": [1e-4, 1e-3, 1e-2, 1e-1],
    "learning_rate_init": [1e-3, 1e-2, 1e-1],
}


def _classifiers() -> Table:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    return {
        "logistic": (_scaled(LogisticRegression(max_iter=1000)), _under("model", {"C": _LOGARITHMIC})),
        "svc-rbf": (_scaled(SVC()), _under("model", _RADIAL)),
        "k-neighbours": (_scaled(KNeighborsClassifier()), _under("model", _NEIGHBOURS)),
        "mlp": (_scaled(MLPClassifier(max_iter=500)), _under("model", _NETWORK)),
        "gradient-boosting": (HistGradientBoostingClassifier(), _BOOSTING),
    }


def _regressors() -> Table:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.neural_network import MLPRegressor
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVR

    def standard(regressor: Any) -> Any:
        return TransformedTargetRegressor(_scaled(regressor), transformer=StandardScaler())

    tube = {**_RADIAL, "epsilon": [0.01, 0.1, 0.3]}
    return {
        "ridge": (_scaled(Ridge()), _under("model", {"alpha": _LOGARITHMIC})),
        "svr-rbf": (standard(SVR()), _under("regressor__model", tube)),
        "k-neighbours": (_scaled(KNeighborsRegressor()), _under("model", _NEIGHBOURS)),
        "mlp": (standard(MLPRegressor(max_iter=500)), _under("regressor__model", _NETWORK)),
        "gradient-boosting": (HistGradientBoostingRegressor(), _BOOSTING),
    }


def _detectors() -> Table:
    from sklearn.covariance import EllipticEnvelope
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.svm import OneClassSVM

    support: Space = {"nu": [0.01, 0.05, 0.1, 0.3], "gamma": ["scale", 0.001, 0.01, 0.1, 1.0, 10.0]}
    trees: Space = {"n_estimators": [50, 100, 200], "max_samples": [0.3, 1.0]}
    near: Space = {"n_neighbors": [1, 5, 10, 20, 50]}
    return {
        "svm-rbf": (_scaled(OneClassSVM()), _under("model", support)),
        "mahalanobis": (EllipticEnvelope(), {"support_fraction": [None, 0.7, 1.0]}),
        "isolation-forest": (IsolationForest(), trees),
        "local-outliers": (_scaled(LocalOutlierFactor(novelty=True)), _under("model", near)),
    }


def _scaled(estimator: Any) -> Any:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    return Pipeline([("scaler", StandardScaler()), ("model", estimator)])


def _under(step: str, space: Space) -> Space:
    return {f"{step}__{name}": values for name, values in space.items()}
