"""Each row of reference_rates.csv, values that this code did not produce, under the row's own definition.

The modules in the folder ``reference`` say how this package evaluates them, one module for each family.
"""

import csv
import importlib.util
import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent

with (HERE / "reference_rates.csv").open(newline="") as table:
    ROWS = list(csv.DictReader(table))


def evaluators():
    found = {}
    for path in sorted((HERE / "reference").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"reference_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found |= module.EVALUATORS
    return found


EVALUATORS = evaluators()


def row_name(row):
    p = json.loads(row["params_json"])
    place = " ".join(str(p[key]) for key in ("L_km", "T_km", "nX", "nZ", "nu1", "Q", "f", "xi") if key in p)
    return f"{row['protocol']} {place} {row['quantity']} {row['how_obtained'][:5]}".replace("  ", " ")


def value(row):
    """What this package gives for a row of the table."""
    return float(EVALUATORS[row["protocol"], row["quantity"]](json.loads(row["params_json"])))


@pytest.mark.parametrize("row", [row for row in ROWS if row["use"] == "test"], ids=row_name)
def test_row_within_its_tolerance(row):
    expected = float(row["value"])
    assert value(row) == pytest.approx(expected, rel=float(row["rel_tol"]), abs=1e-12)


@pytest.mark.parametrize("row", [row for row in ROWS if row["use"] == "bound"], ids=row_name)
def test_measured_figure_is_below_the_model(row):
    assert float(row["value"]) <= value(row)


def test_no_row_was_lost():
    assert len(ROWS) == 223
    assert {row["use"] for row in ROWS} == {"test", "bound", "information"}
