"""``noclone task`` and the picture of a comparison."""

from __future__ import annotations

import json

import numpy as np
import pytest
import typer
from matplotlib.figure import Figure
from sklearn.datasets import load_iris
from typer.testing import CliRunner

from noclone.cli import task
from noclone.core.errors import InvalidInput
from noclone.learn import all_tasks, compare
from noclone.learn.contenders import baselines
from noclone.models.kernel_classifier import QuantumKernelClassifier
from noclone.report import learning_scores
from noclone.report.learning_scores import scores_figure, scores_picture


def call(*arguments):
    app = typer.Typer()
    app.callback()(lambda: None)
    task.register(app)
    return CliRunner().invoke(app, ["task", *arguments], standalone_mode=False)


def test_list_names_every_task():
    rows = json.loads(call("--list", "--json").output)["rows"]
    assert [row["name"] for row in rows] == list(all_tasks())
    assert "iris" in call("--list").output


def test_quick_run_prints_json_and_writes_table_and_picture(tmp_path):
    models = ("--models", "quantum-kernel-classifier")
    result = call("iris", "--quick", *models, "--budget", "1", "--json", "--out", str(tmp_path))
    found = json.loads(result.output)
    assert found["quick"]
    assert found["verdict"].endswith("no basis for a statement.")
    assert found["rows"][0]["model"] == "quantum-kernel-classifier"
    assert found["verdict"] in (tmp_path / "iris.txt").read_text()
    assert "<svg" in (tmp_path / "iris.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "task must be named"),
        (("irus",), "task 'irus'"),
        (("iris", "--seeds", "3"), "seeds must be at least"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence):
    result = call(*arguments, "--models", "quantum-kernel-classifier")
    assert isinstance(result.exception, InvalidInput)
    assert sentence in str(result.exception)


def test_picture_for_a_page_shows_every_model_and_the_ceiling(tmp_path):
    X, y = load_iris(return_X_y=True)
    classical = baselines("classification")[:2]
    found = compare([QuantumKernelClassifier()], X, y, 1, classical=classical, ceiling=0.98)
    picture = scores_picture(found)
    for entry in found.entries:
        assert (entry.name if entry.entangled_name is None else ">unentangled<") in picture.svg
    assert "ceiling" in picture.svg
    assert "var(--blue" in picture.svg
    assert found.verdict in picture.caption
    with pytest.raises(InvalidInput):
        scores_figure(found, tmp_path / "scores.gif")


def test_bars_end_where_scores_do():
    """The interval of accuracies near 1 reaches beyond it; the bar does not, nor below 0."""
    found = compare([QuantumKernelClassifier()], *load_iris(return_X_y=True), 1, classical=())
    best = max(found.entries, key=lambda entry: found.score(entry).mean)
    assert found.score(best).mean + found.score(best).half_width > 1
    figure = Figure()
    learning_scores._draw(figure, found)
    bars = [bar for part in figure.axes[0].containers for bar in part[2]]
    ends = np.array([bar.get_segments()[0][:, 0] for bar in bars])
    assert len(ends) == len(found.entries)
    assert ends.max() == 1.0
    assert ends.min() >= 0.0
