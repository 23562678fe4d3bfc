"""Fitted models as files of data alone: a description in JSON, arrays beside it, no code and no pickle."""

from __future__ import annotations

import hashlib
import io
import json
import math
import textwrap
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import sklearn
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

import noclone
from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.models.encoded_state import KINDS, decoded, encoded
from noclone.models.known_parts import check_whole

FORMAT, VERSION = "noclone-model", 1

MAX_BYTES = 256 * 2**20
"""Most that the entries of a file may hold, uncompressed."""

MAX_DESCRIPTION_BYTES = 16 * 2**20
"""Most that the description may hold: as objects it takes some twenty times the memory."""

_DESCRIPTION = "model.json"
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
        Fitted, from `noclone.models`, or a Pipeline that ends in one; its parameters and what it has learnt
        are kept.
    path : path-like
        Written whole or not at all.

    Raises
    ------
    InvalidInput
        If the model is not one of noclone's, holds something that is not data (a function, a random
        generator), or is larger than `MAX_BYTES`.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    check_whole(model)
    arrays: list[np.ndarray] = []
    description = {
        "format": FORMAT,
        "version": VERSION,
        "noclone": noclone.__version__,
        "scikit_learn": sklearn.__version__,
        "features": feature_schema(model),
        "model": encoded(model, "model", arrays),
    }
    entries = {_DESCRIPTION: json.dumps(description, indent=1, allow_nan=False).encode()}
    for number, array in enumerate(arrays):
        content = io.BytesIO()
        np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
        entries[_array_entry(number)] = content.getvalue()
    problem = _size_problem({entry: len(content) for entry, content in entries.items()})
    if problem:
        raise InvalidInput("model", problem)

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, content in entries.items():
                archive.writestr(zipfile.ZipInfo(entry, _DATES), content, zipfile.ZIP_DEFLATED)

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
        If the file is not a model, is damaged, larger than `MAX_BYTES` or newer than this version, or
        `features` are not the model's.
    """
    name = str(path)
    with _faults_of(name):
        entries = _entries(path)
        description = json.loads(entries.pop(_DESCRIPTION), parse_constant=_refused_constant)
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise InvalidInput(name, "must be a model that noclone saved, but is something else")
    if description.get("version") != VERSION:
        raise InvalidInput(name, f"must be of version {VERSION}, but is of {description.get('version')!r}")
    with _faults_of(name):
        # each array is taken once, so that no file grows by naming one many times
        model = decoded(description["model"], lambda number: _array(entries.pop(_array_entry(number))))
        check_whole(model)
        stored, schema = description["features"], feature_schema(model)
    if schema != stored:
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


def _array_entry(number: int) -> str:
    return f"arrays/{number}.npy"


@contextmanager
def _faults_of(name: str) -> Iterator[None]:
    """Turn whatever a file's content makes fail into one sentence that names the file."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(name, f"cannot be read ({error.strerror or error})") from error
    except Exception as error:
        what = (
            f"no entry {error}"
            if isinstance(error, KeyError)
            else str(error).rstrip(".") or type(error).__name__
        )
        reason = textwrap.shorten(what, 300)
        raise InvalidInput(name, f"must be a model that noclone saved, but is damaged ({reason})") from error


def _size_problem(sizes: dict[str, int]) -> str | None:
    if sum(sizes.values()) > MAX_BYTES:
        return f"must hold at most {MAX_BYTES} bytes, but holds {sum(sizes.values())}"
    if sizes.get(_DESCRIPTION, 0) > MAX_DESCRIPTION_BYTES:
        return f"must be described in {MAX_DESCRIPTION_BYTES} bytes, but takes {sizes[_DESCRIPTION]}"
    return None


def _entries(path: Path | str) -> dict[str, bytes]:
    """Return the archive's entries, none read beyond the size that it states."""
    with zipfile.ZipFile(path) as archive:
        listed = {info.filename: info for info in archive.infolist()}
        if len(listed) < len(archive.infolist()):
            raise ValueError("an entry is there twice")
        problem = _size_problem({name: info.file_size for name, info in listed.items()})
        if problem:
            raise ValueError(f"it {problem}")
        if any(
            info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in listed.values()
        ):
            raise ValueError("an entry is compressed in another way than by deflation")
        contents = {}
        for name, info in listed.items():
            with archive.open(info) as entry:
                contents[name] = entry.read(info.file_size)
    return contents


def _array(content: bytes) -> np.ndarray:
    """Return the array of an `.npy` entry, whose header must state the size that is there."""
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("an array is not in version 1.0 of NumPy's format")
    shape, by_columns, kind = np.lib.format.read_array_header_1_0(file)
    data = content[file.tell() :]
    if kind.kind not in KINDS or not kind.itemsize or len(data) != math.prod(shape) * kind.itemsize:
        raise ValueError(f"an array of {kind} and shape {shape} has {len(data)} bytes")
    array = np.ndarray(shape, kind, data, order="F" if by_columns else "C").copy(order="K")
    if kind.kind == "b" and array.view(np.uint8).max(initial=0) > 1:  # NumPy counts on 0 and 1
        raise ValueError("an array of truth values holds others")
    return array


def _refused_constant(text: str) -> None:
    raise ValueError(f"{text} in JSON")
