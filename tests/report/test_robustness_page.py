"""The page on robustness: what the committed results say, of every watcher."""

import json
from pathlib import Path

import numpy as np
import pytest

from noclone.learn.robustness.evasion import BEST_STEP
from noclone.report.robustness_page import robustness_page
from noclone.watchers import watchers

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def results():
    folder = ROOT / "evidence" / "results"
    return [json.loads((folder / f"{name}.json").read_text()) for name in ("robustness", "intrusion")]


@pytest.fixture(scope="module")
def page(results):
    return robustness_page(*results)


def test_the_committed_page_is_current(page):
    written = (ROOT / "docs" / "robustness.md").read_text(encoding="utf-8")
    assert written == page, "make docs writes another page"


def test_every_watcher_is_in_every_part(page):
    parts = dict(part.split("\n", 1) for part in page.split("\n## ")[1:])
    for name in watchers():
        for part in ("Unknown attacks", "Two attacks at once", "Drift", "Evasion"):
            assert f"| {name} |" in parts[part], (name, part)


def test_all_rows_come_from_five_seeds(results):
    rows, intrusion = results
    assert {row["seeds"] for row in rows} == {5}
    draws = {}
    for row in intrusion["rows"]:
        draws.setdefault((row["regime"], row["model"]), []).append(row["seed"])
    assert all(sorted(seeds) == [1, 2, 3, 4, 5] for seeds in draws.values())


def test_one_table_per_link_has_one_row_per_watcher_and_equal_columns(page, results):
    tables = [part.splitlines() for part in page.split("\n\n") if part.startswith("| watcher")]
    assert len(tables) == 12  # unknown 2, coexisting 2 x 2, drift 2, evasion 2 x 2
    for table in tables:
        assert len({line.count("|") for line in table}) == 1
    for place, link in ((0, "pulses"), (1, "symbols")):
        names = dict.fromkeys(row["watcher"] for row in results[0] if row["link"] == link)
        assert [line.split(" | ")[0][2:] for line in tables[place][2:]] == list(names)


def test_false_alarm_rates_do_not_depend_on_the_attack(results):
    """The table of drift shows one attack's row for all."""
    rates = {}
    for row in results[0]:
        if row["test"] == "drifting":
            key = row["watcher"], row["link"], row["case"]
            rates.setdefault(key, set()).add((row["far"], row["far_half_width"]))
    assert all(len(each) == 1 for each in rates.values())


def test_binary_relevance_has_the_figures_of_its_model(results):
    """The page says so."""
    found = {}
    for row in results[0]:
        key = row["link"], row["test"], row["attack"], row["case"]
        found.setdefault(row["watcher"], {})[key] = row["tpr"], row["far"]
    assert found["binary-relevance"] == found["logistic"]
    assert found["binary-relevance-boosting"] == found["gradient-boosting"]


def test_figures_follow_the_rows(results):
    rows, intrusion = results
    page = robustness_page(rows, intrusion)
    row = next(row for row in rows if row["watcher"] == "chi-square" and row["test"] == "unknown")
    assert f"| chi-square | exact | {row['tpr']:.3f} ± {row['half_width']:.3f} |" in page
    best = [row for row in rows if row["case"] == BEST_STEP and row["link"] == "symbols"]
    by_watcher = {}
    for row in best:
        by_watcher.setdefault(row["watcher"], []).append(row["drop"])
    median = np.median([np.mean(drops) for drops in by_watcher.values()])
    assert f"{median:.3f} on symbols from the median watcher" in page
    for file in intrusion["files"]:
        assert file["sha256"] in page
    changed = [{**row, "far": 0.123} if row["case"].startswith("drift") else row for row in rows]
    assert "0.123 ±" in robustness_page(changed, intrusion)
