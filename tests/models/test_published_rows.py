"""The committed table of stochastic models beside the rows published with arXiv:2403.07059.

`evidence/data_reuploading.py` makes the table. With five seeds on either side a mean is uncertain by about a
third of its standard deviation, so both standard deviations count.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

PAPER = {
    (row[0], row[1]): row
    for row in json.loads((Path(__file__).parent / "bowles_2024" / "reference.json").read_text())
}
TABLE = Path(__file__).parents[2] / "evidence" / "results" / "data_reuploading.csv"


def found():
    scores = {}
    with open(TABLE, newline="") as file:
        for row in csv.DictReader(file):
            scores.setdefault((row["data_set"], row["model"]), []).append(float(row["test_accuracy"]))
    return scores


@pytest.mark.parametrize(("key", "scores"), found().items(), ids=lambda part: str(part)[:60])
def test_means_agree_within_their_standard_deviations(key, scores):
    mean, spread = PAPER[key][3:5]
    assert len(scores) >= 5
    assert abs(np.mean(scores) - mean) <= np.hypot(np.std(scores), spread) + 1e-12


def test_perceptrons_meet_the_published_rows_to_four_decimals():
    rows = {key: scores[:5] for key, scores in found().items() if key[1] == "MLPClassifier"}
    assert len(rows) == 7
    for key, scores in rows.items():
        assert [np.mean(scores), np.std(scores)] == pytest.approx(PAPER[key][3:5], abs=5e-5)
