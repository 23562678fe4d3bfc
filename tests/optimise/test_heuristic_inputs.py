"""What a search cannot use is refused with one sentence, and nothing runs for ever."""

import sys
from functools import partial

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.core.registry import named_modules
from noclone.optimise.metaheuristics import heuristics, search, searches

MODULES = named_modules("noclone.optimise.metaheuristics")
SHIFT = np.array([1.3, -2.1, 0.7, 3.3, -1.4])
LOW, HIGH = np.full(5, -5.12), np.full(5, 5.12)


def sphere(points):
    return -((points - SHIFT) ** 2).sum(axis=1)


def test_without_its_package_one_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "cma", None)
    with pytest.raises(InvalidInput, match=r'^cma is not installed.*pip install "noclone\[cma\]"\.$'):
        search("cma-es", sphere, LOW, HIGH, evaluations=10, seed=1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"heuristic": "particle-swam"}, "search 'particle-swam'"),
        ({"evaluations": 0}, "evaluations must be at least 1, but is 0."),
        ({"evaluations": 50.5}, "evaluations must be a whole number, but is 50.5."),
        ({"low": HIGH}, "low must lie below high in every coordinate, both finite."),
        ({"low": np.full(5, -np.inf)}, "low must lie below high in every coordinate, both finite."),
        ({"low": 0.0}, r"low, high must be of one shape \(d,\), but are \(\) and \(5,\)."),
        ({"start": np.zeros(4)}, r"start must have 5 coordinates, but is of shape \(1, 4\)."),
        ({"start": np.full(5, 9.0)}, "start must lie within the box."),
        ({"objective": lambda points: 1.0}, r"objective must return an array of shape \(\d+,\)"),
    ],
)
def test_bad_input_is_named(changes, sentence):
    given = {"heuristic": "bat", "objective": sphere, "low": LOW, "high": HIGH, "evaluations": 50, "seed": 1}
    with pytest.raises(InvalidInput, match=sentence):
        search(**(given | changes))


@pytest.mark.parametrize("name", list(heuristics()))
def test_an_infinite_objective_is_refused(name):
    """Infinity minus infinity is no number, and would be asked for as a point."""
    with pytest.raises(InvalidInput, match=r"^objective must be finite, minus infinity or NaN"):
        search(name, lambda points: np.where(points[:, 0] > 0, np.inf, 0), LOW, HIGH, evaluations=200, seed=1)


WHOLE = {
    "ant-colony": {"archive": 2, "ants": 1},
    "bat": {"bats": 1},
    "fruit-fly": {"flies": 1},
    "genetic": {"population": 2},
    "gravitational-search": {"agents": 2},
    "migrating-quantum-particle-swarm": {"particles": 2, "bits": 1},
    "particle-swarm": {"particles": 1},
    "quantum-particle-swarm": {"particles": 1},
    "simulated-annealing": {"samples": 1},
}
ABOVE_ZERO = {
    "ant-colony": ("locality", "evaporation"),
    "bat": ("frequency", "walk", "quieter", "faster"),
    "cma-es": ("deviation",),
    "fruit-fly": ("width", "narrower"),
    "gravitational-search": ("gravity",),
    "nelder-mead": ("edge",),
    "simulated-annealing": ("coldest",),
}
FROM_ZERO = {
    "genetic": ("crossover_prob", "crossover_index", "mutation_index"),
    "gravitational-search": ("fading",),
    "nelder-mead": ("smallest",),
    "particle-swarm": ("inertia", "attraction"),
}


def run(name, **settings):
    return search(partial(MODULES[name].propose, **settings), sphere, LOW, HIGH, evaluations=60, seed=1)


@pytest.mark.parametrize(("name", "least"), WHOLE.items())
def test_populations_are_whole_numbers_and_not_empty(name, least):
    for field, low in least.items():
        assert np.isfinite(run(name, **{field: low}).value)
        for wrong in (low - 1, -3):
            with pytest.raises(InvalidInput, match=f"^{field} must be at least {low}, but is {wrong}"):
                run(name, **{field: wrong})
        for wrong in (2.5, True, None, np.nan):
            with pytest.raises(InvalidInput, match=f"^{field} must be a whole number, but is {wrong}"):
                run(name, **{field: wrong})


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name, fields in ABOVE_ZERO.items() for field in fields]
)
def test_lengths_and_rates_are_above_zero(name, field):
    for wrong in (0.0, -1.0, np.nan, np.inf, "1"):
        with pytest.raises(InvalidInput, match=f"^{field} must be "):
            run(name, **{field: wrong})


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name, fields in FROM_ZERO.items() for field in fields]
)
def test_other_settings_are_not_negative(name, field):
    assert np.isfinite(run(name, **{field: 0.0}).value)
    for wrong in (-1.0, np.nan, np.inf, "1"):
        with pytest.raises(InvalidInput, match=f"^{field} must be "):
            run(name, **{field: wrong})


def test_every_setting_is_in_one_of_the_lists():
    for name, module in MODULES.items():
        listed = {*WHOLE.get(name, ()), *ABOVE_ZERO.get(name, ()), *FROM_ZERO.get(name, ())}
        assert set(module.propose.__kwdefaults__) - listed <= {"contraction", "migration"}


def test_other_bad_settings():
    with pytest.raises(InvalidInput, match=r"^population must be even, but is 7\.$"):
        run("genetic", population=7)
    with pytest.raises(InvalidInput, match=r"^crossover_prob must be a number from 0 to 1, but is 1\.5\.$"):
        run("genetic", crossover_prob=1.5)
    with pytest.raises(InvalidInput, match=r"^contraction must be a number from 0 up, but is nan\.$"):
        run("quantum-particle-swarm", contraction=(1.0, np.nan))


def test_a_heuristic_that_proposes_nothing_is_refused():
    def empty(task):
        while True:
            yield np.empty((0, task.size))

    def short(task):
        yield task.first(10)

    for heuristic in (empty, short):
        with pytest.raises(InvalidInput, match="must propose points until the budget is spent"):
            searches(heuristic, sphere, LOW, HIGH, evaluations=20, seeds=[1, 2])
