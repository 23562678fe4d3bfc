"""The classes that a stored model may be built of, and what must hold of each before it is used."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, SVR, OneClassSVM
from sklearn.utils.validation import check_is_fitted

from noclone.core.errors import InvalidInput
from noclone.core.registry import modules

_LIBRARY: dict[str, Any] = {
    "sklearn.decomposition.PCA": PCA,
    "sklearn.pipeline.Pipeline": Pipeline,
    "sklearn.preprocessing.MinMaxScaler": MinMaxScaler,
    "sklearn.preprocessing.StandardScaler": StandardScaler,
    "sklearn.svm.OneClassSVM": OneClassSVM,
    "sklearn.svm.SVC": SVC,
    "sklearn.svm.SVR": SVR,
}


@cache
def known_parts() -> dict[str, Any]:
    """Return the classes by name: the estimators that `noclone.models` defines, and parts of scikit-learn.

    Examples
    --------
    >>> "noclone.models.kernel_classifier.QuantumKernelClassifier" in known_parts()
    True
    >>> "noclone.models.kernel_classifier.SVC" in known_parts()
    False
    """
    own = {
        f"{module.__name__}.{name}": kind
        for module in modules("noclone.models")
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, BaseEstimator) and kind.__module__ == module.__name__
    }
    return own | _LIBRARY


def name_of(part: BaseEstimator, where: str) -> str:
    """Return the name under which `known_parts` has an estimator's class.

    Raises
    ------
    InvalidInput
        If it has none; `where` is where the estimator was found.
    """
    for name, kind in known_parts().items():
        if type(part) is kind:
            return name
    raise InvalidInput(
        where,
        "must be a model of noclone or a known part of scikit-learn, but is a "
        f"{type(part).__module__}.{type(part).__name__}",
    )


def rebuilt(name: str, state: dict[str, Any]) -> Any:
    """Return an estimator with these attributes, without calling its constructor.

    Raises
    ------
    InvalidInput
        A class that is not known, an attribute that would hide the class's own, a constructor parameter that
        is missing, or a support vector machine whose arrays do not fit together.
    """
    if name not in known_parts():
        raise InvalidInput("model", f"must be built from noclone's models, but the file names {name!r}")
    kind = known_parts()[name]
    own = {key for base in kind.__mro__ for key in vars(base)}
    for key in state:
        if key in own or key.startswith("__"):
            raise InvalidInput(kind.__name__, f"must keep its own {key!r}, but the file has another")
    missing = sorted(set(kind._get_param_names()) - state.keys())
    if missing:
        raise InvalidInput(kind.__name__, f"must have all its parameters, but lacks {', '.join(missing)}")
    part = kind.__new__(kind)
    part.__setstate__(state)
    check_part(part)
    return part


def check_part(part: BaseEstimator) -> None:
    """Raise `InvalidInput` if a support vector machine's arrays do not fit together.

    libsvm reads them by address, and scikit-learn checks nothing where the kernel is precomputed, which it is
    in noclone's models: an array too short or an index too large would end the process.
    """
    if not isinstance(part, (SVC, SVR, OneClassSVM)):
        return
    held, name = vars(part), type(part).__name__
    if held["kernel"] != "precomputed" or held["_sparse"] is not False:
        raise InvalidInput(name, "must have a precomputed, dense kernel to be stored, but has another")
    classes = len(held["classes_"]) if isinstance(part, SVC) else 2
    pairs, vectors = classes * (classes - 1) // 2, len(held["support_"])
    for key, kind, shape in (
        ("support_", np.int32, (vectors,)),
        ("support_vectors_", np.float64, (0, 0)),
        ("_n_support", np.int32, (classes,)),
        ("dual_coef_", np.float64, (classes - 1, vectors)),
        ("_dual_coef_", np.float64, (classes - 1, vectors)),
        ("intercept_", np.float64, (pairs,)),
        ("_intercept_", np.float64, (pairs,)),
        ("_probA", np.float64, (0,)),
        ("_probB", np.float64, (0,)),
    ):
        array = held[key]
        if not isinstance(array, np.ndarray) or array.dtype != kind or array.shape != shape:
            raise InvalidInput(name, f"must have {key} of {np.dtype(kind)} and shape {shape}, but has not")
    counts, samples = held["_n_support"], held["n_features_in_"]
    total = counts.sum() if isinstance(part, SVC) else counts
    if classes < 2 or counts.min() < 0 or np.any(total != vectors):
        raise InvalidInput(name, f"must share its {vectors} support vectors out among its classes")
    if type(samples) is not int or held["shape_fit_"] != (samples, samples):
        raise InvalidInput(name, "must have been fitted on a square kernel, but was not")
    if vectors and not 0 <= held["support_"].min() <= held["support_"].max() < samples:
        raise InvalidInput(name, f"must have support vectors among its {samples} samples, but has others")


def check_whole(model: Any) -> None:
    """Check that this is something to be stored: a model of noclone, alone or at the end of a Pipeline.

    Raises
    ------
    InvalidInput
        If it is something else.
    sklearn.exceptions.NotFittedError
        If it, or a step of the Pipeline, is not fitted.
    """
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    for step in steps:
        if not isinstance(step, BaseEstimator):
            raise InvalidInput("model", f"must be an estimator, or made of them, but has {step!r}")
    last = name_of(steps[-1], "model")
    if not last.startswith("noclone."):
        raise InvalidInput(
            "model", f"must be one of noclone's, or a Pipeline that ends in one, but is a {last}"
        )
    for step in steps:
        check_is_fitted(step)
