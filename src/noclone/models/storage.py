"""Fitted models as files of data alone: a description in JSON, arrays beside it, no code and no pickle."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import sklearn
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

import noclone
from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.quantum.angle import Angle, Term
from noclone.quantum.circuit import Circuit, Gate
from noclone.quantum.observables import Observable

FORMAT, VERSION = "noclone-model", 1

_RECORDS = {kind.__name__: kind for kind in (Angle, Term, Circuit, Gate, Observable)}
_LIBRARY = {
    "sklearn.cluster.KMeans",
    "sklearn.decomposition.KernelPCA",
    "sklearn.decomposition.PCA",
    "sklearn.linear_model.LogisticRegression",
    "sklearn.linear_model.Ridge",
    "sklearn.preprocessing.KernelCenterer",
    "sklearn.preprocessing.LabelBinarizer",
    "sklearn.preprocessing.LabelEncoder",
    "sklearn.preprocessing.MinMaxScaler",
    "sklearn.preprocessing.StandardScaler",
    "sklearn.svm.OneClassSVM",
    "sklearn.svm.SVC",
    "sklearn.svm.SVR",
}
"""Parts of scikit-learn that a model may hold; nothing else is ever built from a file."""
_DATES = (1980, 1, 1, 0, 0, 0)


def feature_schema(of: Any) -> dict[str, Any]:
    """Return what names a set of features, and its hash.

    Parameters
    ----------
    of : fitted estimator, table, array or list of str
        A table has named columns; of an array only the number of columns is known.

    Returns
    -------
    dict
        ``count``, ``names`` (list of str, or None) and ``sha256`` of both in canonical JSON.

    Examples
    --------
    >>> feature_schema(["qber", "gain"])["count"]
    2
    >>> feature_schema(["qber", "gain"])["sha256"] == feature_schema(["gain", "qber"])["sha256"]
    False
    """
    if isinstance(of, BaseEstimator):
        names = getattr(of, "feature_names_in_", None)
        count = of.n_features_in_
    elif isinstance(of, list) and of and all(isinstance(name, str) for name in of):
        names, count = of, len(of)
    else:
        names = getattr(of, "column_names", getattr(of, "columns", None))
        count = np.shape(of)[1] if names is None else len(names)
    listed = None if names is None else [str(name) for name in names]
    content = json.dumps({"count": int(count), "names": listed}, sort_keys=True, separators=(",", ":"))
    return {"count": int(count), "names": listed, "sha256": hashlib.sha256(content.encode()).hexdigest()}


def save(model: BaseEstimator, path: Path | str) -> None:
    """Write a fitted model to a file.

    Parameters
    ----------
    model : estimator
        Fitted, from `noclone.models`; its parameters and what it has learnt are kept.
    path : path-like
        Written whole or not at all.

    Raises
    ------
    InvalidInput
        If the model is not one of noclone's or holds something that is not data (a function, a random
        generator).
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    check_is_fitted(model)
    arrays: list[np.ndarray] = []
    description = {
        "format": FORMAT,
        "version": VERSION,
        "noclone": noclone.__version__,
        "scikit_learn": sklearn.__version__,
        "features": feature_schema(model),
        "model": _encoded(model, "model", arrays),
    }
    text = json.dumps(description, indent=1, allow_nan=False).encode()

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("model.json", _DATES), text, zipfile.ZIP_DEFLATED)
            for number, array in enumerate(arrays):
                content = io.BytesIO()
                np.lib.format.write_array(content, array, allow_pickle=False)
                entry = zipfile.ZipInfo(f"arrays/{number}.npy", _DATES)
                archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED)

    write_atomically(path, write)


def load(path: Path | str, features: ArrayLike | list[str] | None = None) -> Any:
    """Read a model that `save` wrote; nothing in the file is executed.

    Parameters
    ----------
    path : path-like
    features : table, array or list of str, optional
        What it shall be used on, or the names of the columns; refused if it was fitted on others.

    Returns
    -------
    estimator
        Fitted.

    Raises
    ------
    InvalidInput
        If the file is not a model, is damaged or newer than this version, or `features` are not the model's.
    """
    name = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            description = json.loads(archive.read("model.json"))
            _check_header(description, name)
            model = _decoded(description["model"], lambda number: _array(archive, number))
    except OSError as error:
        raise InvalidInput(name, f"cannot be read ({error.strerror or error})") from error
    except InvalidInput:
        raise
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        EOFError,
    ) as error:
        raise InvalidInput(name, f"must be a model that noclone saved, but is damaged ({error})") from error
    stored = description["features"]
    if feature_schema(model) != stored:
        raise InvalidInput(name, "must hold the features that its header names, but was changed")
    if features is not None:
        given = feature_schema(features)
        wanted = stored if given["names"] else {**stored, "names": None}
        if (given["count"], given["names"]) != (wanted["count"], wanted["names"]):
            raise InvalidInput(
                "features", f"must be the model's ({_listed(stored)}), but are {_listed(given)}"
            )
    return model


def _listed(schema: dict[str, Any]) -> str:
    return ", ".join(schema["names"]) if schema["names"] else f"{schema['count']} without names"


def _check_header(description: Any, name: str) -> None:
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise InvalidInput(name, "must be a model that noclone saved, but is something else")
    if description.get("version") != VERSION:
        raise InvalidInput(name, f"must be of version {VERSION}, but is of {description.get('version')}")


def _array(archive: zipfile.ZipFile, number: int) -> np.ndarray:
    content = io.BytesIO(archive.read(f"arrays/{int(number)}.npy"))
    return np.lib.format.read_array(content, allow_pickle=False)


def _encoded(value: Any, where: str, arrays: list[np.ndarray]) -> Any:
    """Return a value as JSON, and put its arrays into the list."""
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return value
    if isinstance(value, float) and not isinstance(value, np.floating) and np.isfinite(value):
        return value
    if isinstance(value, (np.ndarray, np.generic, float)):
        array = np.asarray(value)
        if array.dtype.hasobject:
            parts = [_encoded(part, where, arrays) for part in array.ravel().tolist()]
            return {"objects": parts, "shape": list(array.shape)}
        arrays.append(array)
        kind = (
            "array" if isinstance(value, np.ndarray) else "number" if isinstance(value, float) else "scalar"
        )
        return {kind: len(arrays) - 1}
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_encoded(part, f"{where}[{i}]", arrays) for i, part in enumerate(value)]}
    if isinstance(value, dict):
        pairs = (
            (_encoded(key, where, arrays), _encoded(part, f"{where}.{key}", arrays))
            for key, part in value.items()
        )
        return {"dict": [list(pair) for pair in pairs]}
    if type(value) in _RECORDS.values():
        fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        return {"record": type(value).__name__, "fields": _members(fields, where, arrays)}
    if isinstance(value, BaseEstimator):
        return {
            "estimator": _class_name(value, where),
            "state": _members(value.__getstate__(), where, arrays),
        }
    raise InvalidInput(where, f"must be data to be saved, but is a {type(value).__name__}")


def _members(state: dict[str, Any], where: str, arrays: list[np.ndarray]) -> dict[str, Any]:
    return {key: _encoded(part, f"{where}.{key}", arrays) for key, part in state.items()}


def _class_name(value: BaseEstimator, where: str) -> str:
    kind = type(value)
    module = (
        kind.__module__.rpartition("._")[0] if kind.__module__.startswith("sklearn.") else kind.__module__
    )
    name = f"{module}.{kind.__name__}"
    if name in _LIBRARY or (
        module.startswith("noclone.models.")
        and getattr(importlib.import_module(module), kind.__name__) is kind
    ):
        return name
    raise InvalidInput(where, f"must be a model of noclone or a known part of scikit-learn, but is a {name}")


def _class_of(name: str) -> Any:
    module, _, kind = name.rpartition(".")
    if name in _LIBRARY or module.startswith("noclone.models."):
        found = getattr(importlib.import_module(module), kind, None)
        if isinstance(found, type) and issubclass(found, BaseEstimator):
            return found
    raise InvalidInput("model", f"must be built from noclone's models, but the file names {name!r}")


def _decoded(value: Any, array: Callable[[int], np.ndarray]) -> Any:
    """Return what `_encoded` made JSON of."""
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise ValueError("a bare list")
        return value
    if "estimator" in value:
        kind = _class_of(value["estimator"])
        model = kind.__new__(kind)
        model.__setstate__({key: _decoded(part, array) for key, part in value["state"].items()})
        return model
    if "record" in value:
        fields = {key: _decoded(part, array) for key, part in value["fields"].items()}
        return _RECORDS[value["record"]](**fields)
    ((kind_, content),) = ((key, part) for key, part in value.items() if key != "shape")
    match kind_:
        case "array":
            return array(content)
        case "scalar":
            return array(content)[()]
        case "number":
            return float(array(content))
        case "objects":
            parts = np.empty(len(content), object)
            parts[:] = [_decoded(part, array) for part in content]
            return parts.reshape(value["shape"])
        case "list":
            return [_decoded(part, array) for part in content]
        case "tuple":
            return tuple(_decoded(part, array) for part in content)
        case "dict":
            return {_decoded(key, array): _decoded(part, array) for key, part in content}
    raise ValueError(f"an unknown entry {kind_!r}")
