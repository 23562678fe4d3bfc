"""Files are whole or absent."""

import os

import pytest

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically


def test_a_failing_write_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "key"
    target.write_bytes(b"old")

    def explode(file):
        file.write(b"new")
        raise OSError(28, "No space left on device")

    with pytest.raises(InvalidInput, match="No space left on device"):
        write_atomically(target, explode)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["key"]


def test_mode_and_missing_folder(tmp_path):
    write_atomically(tmp_path / "key", lambda file: file.write(b"x"), mode=0o600)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_atomically(tmp_path / "no" / "key", lambda file: file.write(b"x"))
