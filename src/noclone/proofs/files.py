"""Proof files: JSON, or the same content with its arrays in an .npz archive."""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically, write_bytes

UNREADABLE = (
    *(ValueError, KeyError, OSError, EOFError, NotImplementedError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error),
)
"""What the decoders of JSON, archives and arrays raise, unknown compression and deep nesting included."""
MAX_BYTES = 32 << 20
"""Larger files are refused, and archives that unpack to more."""

MAX_PARTS = 1_000_000
"""Texts with more lists and objects are refused: each takes far more memory than its two characters."""

_LISTS = ("re", "im", "multipliers")
_TEXT = "document"


def write_document(content: dict[str, Any], path: str | Path) -> None:
    """Write a proof's content: as an archive if the name ends in ``.npz``, else as JSON.

    Raises
    ------
    InvalidInput
        If the file cannot be written; nothing is left behind.
    """
    if Path(path).suffix != ".npz":
        write_bytes(Path(path), _json(content))
        return
    arrays: dict[str, Any] = {}
    slim = _without_arrays(content, "", arrays)
    arrays[_TEXT] = np.frombuffer(_json(slim), np.uint8)
    write_atomically(path, lambda file: np.savez_compressed(file, allow_pickle=False, **arrays))


def read_document(path: str | Path) -> dict[str, Any]:
    """Return the content of a proof file of either kind, without checking what it says.

    Raises
    ------
    InvalidInput
        If the file cannot be read, is larger than 32 MiB, holds more than `MAX_PARTS` lists and objects, is
        cut short, or is something else.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "x.npz"
    >>> write_document({"format": "noclone-proof/1", "point": {"re": [[0.5]]}}, path)
    >>> read_document(path)
    {'format': 'noclone-proof/1', 'point': {'re': [[0.5]]}}
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else error
        raise InvalidInput(str(path), f"cannot be read ({reason})") from error
    if len(raw) > MAX_BYTES:
        raise InvalidInput(str(path), f"must be no larger than {MAX_BYTES >> 20} MiB")
    try:
        content = _unpacked(raw) if raw[:2] == b"PK" else _parsed(raw)
    except UNREADABLE as error:
        raise InvalidInput(str(path), f"is no complete proof file ({error})") from error
    if not isinstance(content, dict):
        raise InvalidInput(str(path), "is no proof file: it must hold one JSON object")
    return content


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _parsed(raw: bytes) -> Any:
    if raw.count(b"{") + raw.count(b"[") > MAX_PARTS:
        raise ValueError(f"it has more than {MAX_PARTS} lists and objects")
    return json.loads(
        raw.decode(), parse_constant=_finite, parse_float=_finite, object_pairs_hook=_without_repeats
    )


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no finite number")
    return number


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _without_arrays(node: Any, path: str, arrays: dict[str, Any]) -> Any:
    """Return the content with None for each array of numbers, which moves to `arrays` under its path."""
    if isinstance(node, list):
        return [_without_arrays(each, f"{path}{i}.", arrays) for i, each in enumerate(node)]
    if not isinstance(node, dict):
        return node
    slim: dict[str, Any] = {}
    for key, each in node.items():
        if key in _LISTS:
            arrays[path + key] = np.array(each, np.float64)
            slim[key] = None
        else:
            slim[key] = _without_arrays(each, f"{path}{key}.", arrays)
    return slim


def _with_arrays(node: Any, path: str, arrays: dict[str, Any]) -> Any:
    """Return the content with its arrays, each in one place: names with dots could ask for one again."""
    if isinstance(node, list):
        return [_with_arrays(each, f"{path}{i}.", arrays) for i, each in enumerate(node)]
    if not isinstance(node, dict):
        return node
    return {
        key: arrays.pop(path + key).tolist()
        if key in _LISTS and each is None
        else _with_arrays(each, f"{path}{key}.", arrays)
        for key, each in node.items()
    }


def _unpacked(raw: bytes) -> Any:
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MAX_BYTES:
            raise ValueError(f"it unpacks to more than {MAX_BYTES >> 20} MiB")
        for member in members:
            data = archive.read(member)
            arrays[member.filename.removesuffix(".npy")] = _array(data, member.filename)
    text = arrays.pop(_TEXT)
    if text.dtype != np.uint8:
        raise ValueError("its text is no sequence of bytes")
    if any(each.dtype != np.float64 for each in arrays.values()):
        raise ValueError("its arrays are not of 64-bit floating-point numbers")
    return _with_arrays(_parsed(text.tobytes()), "", arrays)


def _array(data: bytes, name: str) -> Any:
    """Return a stored array; its header may claim no more than the bytes that follow."""
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{name} is not in version 1.0 of NumPy's format")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise ValueError(f"{name} does not hold what its header says")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)
