import sys

import pytest

from noclone.core.errors import InvalidInput
from noclone.core.extras import EXTRAS, need


@pytest.mark.parametrize("package", EXTRAS)
def test_an_absent_extra_is_one_sentence_with_the_command(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InvalidInput, match=rf'pip install "noclone\[{EXTRAS[package]}\]"'):
        need(package)
