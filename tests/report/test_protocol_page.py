"""The pages of the documentation say what the code declares and computes."""

import re
from pathlib import Path

import pytest

from noclone.protocols import protocols
from noclone.report.protocol_page import index, page, write_pages

DOCS = Path(__file__).parents[2] / "docs" / "protocols"
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def same(written, fresh):
    """Words must be equal; numbers may differ in their last digit between machines."""
    assert NUMBER.sub("#", written) == NUMBER.sub("#", fresh), "make docs writes another page"
    for old, new in zip(NUMBER.findall(written), NUMBER.findall(fresh), strict=True):
        assert float(old) == pytest.approx(float(new), rel=2e-3)


@pytest.mark.parametrize("name", list(protocols()))
def test_committed_pages_are_current(name):
    same((DOCS / f"{name}.md").read_text(encoding="utf-8"), page(protocols()[name]))
    for picture in ("steps", "rate"):
        assert (DOCS / f"{name}-{picture}.svg").exists()


def test_the_committed_index_is_current():
    assert (DOCS / "README.md").read_text(encoding="utf-8") == index()


@pytest.mark.parametrize("name", list(protocols()))
def test_a_page_says_what_users_must_know(name):
    kind, text = protocols()[name], page(protocols()[name])
    for heading in ("## Steps", "## Key rate", "## Assumptions", "## What can be set"):
        assert heading in text
    assert kind.FORMULA in text
    assert kind.SOURCE in text
    for step in kind.STEPS:
        assert step.does in text
    for limit in kind.LIMITS:
        assert limit[1:].rstrip(".") in text
    if kind.BROKEN:
        assert "**Broken**" in text


def test_pages_and_pictures_are_written(tmp_path):
    written = write_pages(tmp_path, ["mdi"])
    assert {path.name for path in written} == {"mdi.md", "mdi-steps.svg", "mdi-rate.svg", "README.md"}
    assert ">bob<" in (tmp_path / "mdi-steps.svg").read_text()
    first = (tmp_path / "mdi-rate.svg").read_bytes()
    write_pages(tmp_path, ["mdi"])
    assert (tmp_path / "mdi-rate.svg").read_bytes() == first
