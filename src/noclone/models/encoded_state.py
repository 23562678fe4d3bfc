"""What a model has learnt as JSON, its arrays beside it: the forms, and the way back to objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from noclone.core.errors import InvalidInput
from noclone.models.known_parts import check_part, name_of, rebuilt
from noclone.quantum.angle import Angle, Term
from noclone.quantum.circuit import Circuit, Gate
from noclone.quantum.observables import Observable

KINDS = "biufcUS"
"""Kinds of arrays (`numpy.dtype.kind`): truth values, numbers and text; nothing that refers to objects."""

_RECORDS: dict[str, Any] = {kind.__name__: kind for kind in (Angle, Term, Circuit, Gate, Observable)}


def encoded(value: Any, where: str, arrays: list[np.ndarray]) -> Any:
    """Return a value as JSON, and put its arrays into the list.

    Parameters
    ----------
    value : None, bool, number, str, ndarray, list, tuple, dict, Circuit, Observable or estimator
        And whatever is made of these.
    where : str
        Name of the value, for the sentence if it cannot be encoded.
    arrays : list of ndarray
        Is added to; the JSON has the indices.

    Raises
    ------
    InvalidInput
        If it holds something that is not data.

    Examples
    --------
    >>> encoded((1, np.ones(2)), "model", [])
    {'tuple': [1, {'array': 0}]}
    """
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return value
    if isinstance(value, float) and not isinstance(value, np.floating) and np.isfinite(value):
        return value
    if isinstance(value, (np.ndarray, np.generic, float)):
        return _encoded_array(value, where, arrays)
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [encoded(part, f"{where}[{i}]", arrays) for i, part in enumerate(value)]}
    if isinstance(value, dict):
        pairs = (
            (encoded(key, where, arrays), encoded(part, f"{where}.{key}", arrays))
            for key, part in value.items()
        )
        return {"dict": [list(pair) for pair in pairs]}
    if type(value) in _RECORDS.values():
        fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        return {"record": type(value).__name__, "fields": _members(fields, where, arrays)}
    if isinstance(value, BaseEstimator):
        name, state = name_of(value, where), _members(value.__getstate__(), where, arrays)
        check_part(value)
        return {"estimator": name, "state": state}
    wanted = "an int" if isinstance(value, np.random.RandomState) else "data"
    raise InvalidInput(where, f"must be {wanted} to be saved, but is a {type(value).__name__}")


def _encoded_array(value: Any, where: str, arrays: list[np.ndarray]) -> Any:
    array = np.asarray(value)
    if array.dtype.kind == "O":
        parts = [encoded(part, where, arrays) for part in array.ravel().tolist()]
        return {"objects": parts, "shape": list(array.shape)}
    if array.dtype.kind not in KINDS:
        raise InvalidInput(where, f"must be of numbers or text to be saved, but is of {array.dtype}")
    arrays.append(array)
    kind = "array" if isinstance(value, np.ndarray) else "number" if isinstance(value, float) else "scalar"
    return {kind: len(arrays) - 1}


def _members(state: dict[str, Any], where: str, arrays: list[np.ndarray]) -> dict[str, Any]:
    return {key: encoded(part, f"{where}.{key}", arrays) for key, part in state.items()}


def decoded(value: Any, array: Callable[[int], np.ndarray]) -> Any:
    """Return what `encoded` made JSON of; `array` gives the array of an index.

    Raises
    ------
    InvalidInput, ValueError, KeyError, TypeError and others
        If it is not of that form.
    """
    if not isinstance(value, dict):
        if isinstance(value, list):
            raise ValueError("a bare list")
        return value
    if "estimator" in value:
        return rebuilt(
            value["estimator"], {key: decoded(part, array) for key, part in value["state"].items()}
        )
    if "record" in value:
        return _record(value["record"], {key: decoded(part, array) for key, part in value["fields"].items()})
    ((kind, content),) = ((key, part) for key, part in value.items() if key != "shape")
    match kind:
        case "array":
            return array(content)
        case "scalar":
            return array(content)[()]
        case "number":
            return float(array(content))
        case "objects":
            parts = np.empty(len(content), object)
            for i, part in enumerate(content):
                parts[i] = decoded(part, array)
            return parts.reshape(value["shape"])
        case "list":
            return [decoded(part, array) for part in content]
        case "tuple":
            return tuple(decoded(part, array) for part in content)
        case "dict":
            return {decoded(key, array): decoded(part, array) for key, part in content}
    raise ValueError(f"an unknown entry {kind!r}")


def _record(name: str, fields: dict[str, Any]) -> Any:
    """Return a circuit, an observable or a part of one; they check their numbers, but not what holds them."""
    made = _RECORDS[name](**fields)
    parts: tuple[Any, ...]
    match made:
        case Angle(terms=parts):
            kind: type = Term
        case Circuit(gates=parts):
            kind = Gate
        case Gate(angle=angle) if angle is not None:
            parts, kind = (angle,), Angle
        case _:
            return made
    if not isinstance(parts, tuple) or not all(isinstance(part, kind) for part in parts):
        raise ValueError(f"{name} must be made of {kind.__name__}, but is not")
    return made
