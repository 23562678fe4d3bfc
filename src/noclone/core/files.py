"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from noclone.core.errors import InvalidInput


def write_atomically(path: Path | str, write: Callable[[BinaryIO], object], mode: int = 0o644) -> None:
    """Write a file by way of a temporary neighbour that replaces it when complete.

    Parameters
    ----------
    path : path-like
        Where the file shall be; its folder must exist.
    write : callable
        Receives the open binary file and writes the content.
    mode : int
        Permissions of the finished file.

    Raises
    ------
    InvalidInput
        If the folder cannot be written or the disk is full; nothing is left behind.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "x.bin"
    >>> write_atomically(target, lambda file: file.write(b"ok"))
    >>> target.read_bytes()
    b'ok'
    """
    path = Path(path)
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be written ({error.strerror or error})") from error
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)


def write_bytes(path: Path | str, content: bytes, mode: int = 0o644) -> None:
    """Write a small file whole or not at all; see `write_atomically`."""
    write_atomically(path, lambda file: file.write(content), mode)
