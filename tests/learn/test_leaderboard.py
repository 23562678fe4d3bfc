"""The leaderboard resumes, makes anew what was made of something else, and covers all there is."""

import json
from pathlib import Path

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.learn import Data, Task, leaderboard
from noclone.learn.leaderboard import board_table, board_tasks
from noclone.learn.leaderboard import leaderboard as run_board

ROOT = Path(__file__).parents[2]


def tiny(shift=1.0, kind="classification"):
    """Return a task that every watcher answers in milliseconds."""

    def draw(seed):
        rng = np.random.default_rng(seed)
        y = np.repeat(["normal", "shifted"] if kind == "classification" else [1, -1], 40)
        return Data(rng.normal(size=(80, 2)) + shift * (np.arange(80) >= 40)[:, None], y)

    return Task("tiny", "Two heaps", "this test", kind, draw, "known", columns=("a", "b"))


@pytest.fixture
def board(monkeypatch, tmp_path):
    """Return a function that runs the board on one small task with two quick watchers, and says which ran."""
    from noclone.learn import benchmark
    from noclone.learn import watch_contenders as home

    watchers = {"classification": ("logistic", "naive-bayes"), "one-class": ("chi-square", "knn-distance")}
    real, ran = home.watch_contenders, []

    def few(task, names=()):
        return real(task, tuple(names) or watchers[task.kind])

    def run(task, **settings):
        for module in (home, benchmark):
            monkeypatch.setattr(module, "watch_contenders", few, raising=False)
        monkeypatch.setattr(leaderboard, "board_tasks", lambda: {task.name: task})
        monkeypatch.setattr(leaderboard, "_run", lambda *given: ran.append(given[1]) or made(*given))
        made = _REAL_RUN
        return run_board(tmp_path, **settings), ran

    return run


_REAL_RUN = leaderboard._run


def test_what_is_done_is_not_done_again(board):
    rows, ran = board(tiny(), budget=1)
    again, ran = board(tiny(), budget=1)
    assert len(ran) == 1
    assert rows == again
    assert {row["model"] for row in rows} == {"logistic", "naive-bayes"}
    assert all(row["task"] == "tiny" and row["family"] == "supervised" for row in rows)


def test_other_settings_or_other_data_are_another_result(board):
    board(tiny(), budget=1)
    board(tiny(), budget=2)
    _, ran = board(tiny(shift=2.0), budget=2)
    assert len(ran) == 3


def test_unknown_attacks_choose_no_settings(board):
    _, ran = board(tiny(kind="one-class"), budget=6)
    assert ran[0]["budget"] == 1


def test_a_file_that_is_none_of_ours_is_not_overwritten(board, tmp_path):
    (tmp_path / "tiny.json").write_text("[1, 2]")
    with pytest.raises(InvalidInput, match="holds no results of the leaderboard; remove it"):
        board(tiny(), budget=1)
    assert (tmp_path / "tiny.json").read_text() == "[1, 2]"


def test_an_unknown_task_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="task 'cv' is not known"):
        run_board(tmp_path, ["cv"])


def test_every_task_about_telemetry_has_been_run_with_every_watcher():
    """What is committed covers the tasks and the watchers that there are."""
    for name, task in board_tasks().items():
        found = json.loads((ROOT / "evidence" / "results" / "leaderboard" / f"{name}.json").read_text())
        assert found["settings"]["models"] == leaderboard._names(task), name
        assert found["settings"]["data"] == leaderboard._digest(task, leaderboard.SEED), name
        assert found["settings"]["seeds"] >= 5
        quantum = {row["model"] for row in found["rows"] if row["family"] == "quantum"}
        twins = {
            row["model"].removesuffix(", unentangled")
            for row in found["rows"]
            if row["side"] == "unentangled"
        }
        assert twins <= quantum


def test_the_table_holds_every_task_and_its_ceiling():
    row = {"model": "logistic", "family": "supervised", "score": 0.5, "half_width": 0.1}
    results = [
        {"task": name, "metric": "accuracy", "ceiling": ceiling, "rows": [row]}
        for name, ceiling in (("one", 0.75), ("two", None))
    ]
    lines = board_table(results).splitlines()
    assert lines[0] == "| watcher | family | one (accuracy) | two (accuracy) |"
    assert lines[-1] == "| *ceiling* |  | .750 |  |"


def test_the_page_is_that_of_the_committed_results():
    results = [
        json.loads((ROOT / "evidence" / "results" / "leaderboard" / f"{name}.json").read_text())
        for name in board_tasks()
    ]
    page = (ROOT / "docs" / "leaderboard.md").read_text()
    assert board_table(results) in page
    assert all(f"### {result['task']}" in page and result["verdict"] in page for result in results)
