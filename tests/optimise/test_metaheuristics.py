"""Heuristic searches against a key rate and test functions: what all of them promise."""

import subprocess
import sys
from functools import cache, partial

import numpy as np
import pytest

import noclone as nc
from noclone.core.registry import named_modules
from noclone.optimise.decoy_bb84 import FreeParameters
from noclone.optimise.links import Links
from noclone.optimise.metaheuristics import heuristics, search, searches

NAMES = list(heuristics())
KEY_RATE_OPTIMUM = 2.7458572e-4
"""Secret bits per pulse; evidence/metaheuristics.py finds it by `tune`, differential evolution and CMA-ES."""
SHIFT = np.array([1.3, -2.1, 0.7, 3.3, -1.4])
LOW, HIGH = np.full(5, -5.12), np.full(5, 5.12)


def sphere(points):
    return -((points - SHIFT) ** 2).sum(axis=1)


def rosenbrock(points):
    ahead, behind = points[:, 1:], points[:, :-1]
    return -(100 * (ahead - behind**2) ** 2 + (1 - behind) ** 2).sum(axis=1)


def rastrigin(points):
    away = points - SHIFT
    return -(10 * away.shape[1] + (away**2 - 10 * np.cos(2 * np.pi * away)).sum(axis=1))


def counted(objective):
    asked = []

    def counting(points):
        asked.append(points.copy())
        return objective(points)

    return counting, asked


def test_all_that_were_promised_are_there_and_say_what_they_are():
    assert set(NAMES) == {
        *(
            "particle-swarm",
            "quantum-particle-swarm",
            "migrating-quantum-particle-swarm",
            "ant-colony",
            "bat",
        ),
        *("simulated-annealing", "genetic", "fruit-fly", "gravitational-search", "cma-es", "nelder-mead"),
    }
    modules = named_modules("noclone.optimise.metaheuristics")
    assert all(module.SOURCE for module in modules.values())
    inspired = {name for name, module in modules.items() if module.QUANTUM.startswith("quantum-inspired: ")}
    assert inspired == {"quantum-particle-swarm", "migrating-quantum-particle-swarm"}
    assert all(modules[name].QUANTUM == "classical" for name in set(NAMES) - inspired)
    assert "reconstruction" in modules["migrating-quantum-particle-swarm"].TITLE


def test_a_search_loads_no_protocol():
    program = (
        "import sys, noclone.optimise.metaheuristics as m; m.heuristics();"
        "print([x for x in sys.modules if x.startswith(('noclone.protocols', 'noclone.setup', 'cma'))])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_every_seed_reaches_99_percent_of_the_best_key_rate(name):
    """Rusca et al. 2018, one decoy, 80 km, finite key, four free parameters, from random points."""
    setup = nc.load("rusca-2018").replace({"channel.length_km": 80.0})
    free = FreeParameters.of(setup)
    links = Links(nc.Grid.over(setup, {}), pulses=None, sifted_bits=None, asymptotic=False, bound=None)

    def key_rate(points):
        return links.rate(np.array([0]), free.fields(points[None])).rate_per_pulse[0]

    # Less for two that ask for one or two points at a time, each time for a whole rate.
    evaluations = 1000 if name in ("simulated-annealing", "ant-colony") else 2000
    runs = searches(name, key_rate, *free.box.T, evaluations=evaluations, seeds=range(10))
    assert all(run.evaluations == evaluations for run in runs)
    assert min(run.value for run in runs) >= 0.99 * KEY_RATE_OPTIMUM
    assert max(run.value for run in runs) <= KEY_RATE_OPTIMUM * (1 + 1e-6)


@cache
def values_found(name, objective):
    """Return the best value of each of five seeds, from 2000 evaluations."""
    runs = searches(name, objective, LOW, HIGH, evaluations=2000, seeds=range(5))
    return [run.value for run in runs]


@pytest.mark.parametrize("objective", [sphere, rosenbrock, rastrigin], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_better_than_random_points(name, objective):
    random = [objective(np.random.default_rng(seed).uniform(LOW, HIGH, (2000, 5))).max() for seed in range(5)]
    found = values_found(name, objective)
    assert np.median(found) > np.max(random)
    if objective is not rastrigin:  # which has a top in every cell
        assert np.min(found) > np.max(random)


def test_which_searches_find_their_way_among_many_tops():
    def median(name):
        return np.median(values_found(name, rastrigin))

    good = ("simulated-annealing", "genetic", "quantum-particle-swarm")
    caught = ("particle-swarm", "nelder-mead", "ant-colony", "bat")
    assert min(map(median, good)) > max(map(median, caught))


@pytest.mark.parametrize("evaluations", [1, 7, 137])
@pytest.mark.parametrize("name", NAMES)
def test_the_budget_is_spent_exactly_and_inside_the_box(name, evaluations):
    counting, asked = counted(rastrigin)
    found = search(name, counting, LOW, SHIFT, evaluations=evaluations, seed=4)  # the top lies in a corner
    points = np.concatenate(asked)
    assert len(points) == found.evaluations == found.curve.size == evaluations
    assert ((points >= LOW) & (points <= SHIFT)).all()
    values = rastrigin(points)
    assert found.curve.tolist() == np.maximum.accumulate(values).tolist()
    assert found.value == values.max()
    assert found.point.tolist() == points[values.argmax()].tolist()


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_gives_one_search_alone_or_in_company(name):
    ask = partial(search, name, rastrigin, LOW, HIGH, evaluations=300)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    together = searches(name, rastrigin, LOW, HIGH, evaluations=300, seeds=[5, 6])
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    for seed, run in zip([5, 6], together, strict=True):
        assert ask(seed=seed).curve.tolist() == run.curve.tolist()
    assert together[0].curve.tolist() != together[1].curve.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_nan_is_the_worst(name):
    def holed(points):
        return np.where(points[:, 0] > 0, sphere(points), np.nan)

    found = search(name, holed, LOW, HIGH, evaluations=500, seed=2)
    assert found.value > -10
    nowhere = search(name, lambda points: np.full(len(points), np.nan), LOW, HIGH, evaluations=200, seed=2)
    assert nowhere.value == -np.inf
    assert nowhere.evaluations_to(0.0) is None


@pytest.mark.parametrize("name", NAMES)
def test_no_worse_than_its_start(name):
    starts = [SHIFT - 0.01, SHIFT + 1.0]
    for start in (starts[0], starts):
        found = search(name, sphere, LOW, HIGH, evaluations=40, seed=1, start=start)
        assert found.value >= sphere(starts[0][None])[0]


@pytest.mark.parametrize("name", NAMES)
def test_one_coordinate(name):
    found = search(name, lambda x: -np.abs(x[:, 0] - 2.0), [0], [10], evaluations=500, seed=1)
    assert found.point == pytest.approx([2.0], abs=0.05)


def test_cma_es_climbs_a_bent_valley_to_its_top():
    found = search("cma-es", rosenbrock, LOW, HIGH, evaluations=6000, seed=1)
    assert found.point == pytest.approx(np.ones(5), abs=1e-4)
