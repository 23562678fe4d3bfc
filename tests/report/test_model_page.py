"""The pages of the models say what the code declares."""

from pathlib import Path

import pytest

from noclone.models.registry import models
from noclone.report.model_page import described_parameters, model_index, model_page

DOCS = Path(__file__).parents[2] / "docs" / "models"


@pytest.mark.parametrize("name", list(models()))
def test_committed_pages_are_current(name):
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == model_page(models()[name])
    assert (DOCS / f"{name}-circuit.svg").exists()


def test_the_committed_index_is_current():
    assert (DOCS / "README.md").read_text(encoding="utf-8") == model_index()


@pytest.mark.parametrize("name", list(models()))
def test_every_parameter_is_described_and_every_search_is_possible(name):
    kind = models()[name]
    described = described_parameters(kind)
    assert set(kind.SPACE) <= set(described)
    for values in kind.SPACE.values():
        assert len(values) > 1
    card = kind.CARD
    for words in (card.title, card.what, card.quantum, card.cost, card.avoid, card.source):
        assert words.strip()
    assert card.family in ("quantum", "quantum-inspired", "hybrid")
