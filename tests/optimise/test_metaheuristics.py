"""Heuristic searches against a key rate, test functions, SciPy, and the formulas of their papers."""

import subprocess
import sys
from functools import cache, partial

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import kstest

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.core.registry import named_modules
from noclone.optimise.decoy_bb84 import FreeParameters
from noclone.optimise.links import Links
from noclone.optimise.metaheuristics import (
    Task,
    ant_colony,
    bat,
    fruit_fly,
    genetic,
    gravitational_search,
    heuristics,
    migrating_quantum_particle_swarm,
    nelder_mead,
    particle_swarm,
    quantum_particle_swarm,
    search,
    searches,
    simulated_annealing,
)

NAMES = list(heuristics())
KEY_RATE_OPTIMUM = 2.7458572e-4
"""Secret bits per pulse; evidence/metaheuristics.py finds it by `tune`, differential evolution and CMA-ES."""
SHIFT = np.array([1.3, -2.1, 0.7, 3.3, -1.4])
LOW, HIGH = np.full(5, -5.12), np.full(5, 5.12)


def task(size, evaluations=1000, start=()):
    return Task(size, evaluations, np.reshape(start, (-1, size)), np.random.default_rng(3))


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


def test_nelder_mead_moves_as_scipy_does():
    """Every corner, reflection, expansion, contraction and shrink, with walls in the way."""

    def valley(points):
        x = 4 * points - 2
        return -(100 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1 - x[:, 0]) ** 2 + np.abs(x[:, 2]) ** 1.5)

    corners = np.array([[0.05, 0.9, 0.8], [0.15, 0.9, 0.8], [0.05, 0.99, 0.8], [0.05, 0.9, 0.99]])
    theirs = []
    minimize(
        lambda x: theirs.append(x.copy()) or -valley(x[None])[0],
        corners[0],
        method="Nelder-Mead",
        bounds=[(0, 1)] * 3,
        options={"initial_simplex": corners, "maxfev": 250, "xatol": 1e-9, "fatol": 1e-9},
    )
    ours, climb = [], nelder_mead.climb(corners, 0.0)
    asked = next(climb)
    while sum(map(len, ours)) < len(theirs):
        ours.append(asked)
        asked = climb.send(valley(asked))
    np.testing.assert_allclose(np.concatenate(ours)[: len(theirs)], theirs, rtol=0, atol=1e-12)
    assert len(theirs) == 250


def test_nelder_mead_leaves_a_small_simplex_for_a_new_one():
    counting, asked = counted(sphere)
    search("nelder-mead", counting, LOW, HIGH, evaluations=1500, seed=1)
    assert sum(len(points) == 6 for points in asked) > 1


def test_particle_swarm_has_the_constriction_of_clerc_and_kennedy():
    """chi = 2 / |2 - phi - sqrt(phi^2 - 4 phi)| with phi = 4.1, shared evenly by the two attractions."""
    phi = 4.1
    chi = 2 / abs(2 - phi - np.sqrt(phi**2 - 4 * phi))
    inertia, attraction = (particle_swarm.propose.__kwdefaults__[key] for key in ("inertia", "attraction"))
    assert inertia == pytest.approx(chi, abs=5e-5)
    assert attraction == pytest.approx(chi * phi / 2, abs=1e-4)


def test_quantum_particles_are_drawn_from_the_double_exponential():
    """The swarm's best is its own attractor and moves by a Laplace variate times beta |m - x|."""
    size = 20_000
    start = np.repeat([[0.4], [0.6]], size, axis=1)
    swarm = quantum_particle_swarm.propose(task(size, 4, start), particles=2, contraction=(0.02, 0.02))
    x = next(swarm)
    moved = swarm.send(np.array([1.0, 0.0]))
    assert kstest((moved - x)[0] / (0.02 * 0.1), "laplace").pvalue > 1e-3
    # The other's attractor lies anywhere between the two.
    attractor = (0.6 - moved[1]) / 0.2
    assert np.mean(attractor) == pytest.approx(0.5, abs=0.01)
    assert np.var(attractor) == pytest.approx(1 / 12 + 2 * (0.02 * 0.1 / 0.2) ** 2, rel=0.02)


def test_contraction_falls_from_one_to_a_half():
    size, rounds = 20_000, 5
    start = np.repeat([[0.499], [0.501]], size, axis=1)
    swarm = quantum_particle_swarm.propose(task(size, 2 * rounds, start), particles=2)
    x, contraction = next(swarm), []
    for _ in range(rounds - 1):  # the heights never change, and so do neither best point nor mean
        moved = swarm.send(np.array([1.0, 0.0]))
        contraction.append(np.abs(moved[0] - 0.499).mean() / np.abs(0.5 - x[0]).mean())
        x = moved
    assert contraction == pytest.approx([0.9, 0.8, 0.7, 0.6], rel=0.03)


def test_hamming_distances_are_those_of_gray_coded_strings():
    points = np.random.default_rng(0).random((6, 3))

    def written(point):
        cells = [min(int(value * 16), 15) for value in point]
        return "".join(format(cell ^ (cell >> 1), "04b") for cell in cells)

    strings = [written(point) for point in points]
    expected = [[sum(a != b for a, b in zip(s, t, strict=True)) for t in strings] for s in strings]
    assert migrating_quantum_particle_swarm.hamming_distances(points, 4).tolist() == expected
    neighbours = (np.arange(16)[:, None] + 0.5) / 16
    assert (np.diag(migrating_quantum_particle_swarm.hamming_distances(neighbours, 4), 1) == 1).all()


def test_only_low_stragglers_migrate_and_they_move_towards_the_centre():
    best = np.array([[0.50], [0.51], [0.52], [0.99], [0.01]])
    heights = np.array([1.0, 4.0, 3.0, 2.0, 5.0])
    apart = migrating_quantum_particle_swarm.hamming_distances(best, 10).sum(axis=1) / 4
    assert (apart > apart.mean()).tolist() == [True, False, True, False, True]
    assert (heights < np.median(heights)).tolist() == [True, False, False, True, False]
    assert apart.argmin() == 1

    x = np.full((5, 1), 0.9)
    moved = migrating_quantum_particle_swarm.migrated(x, best, heights, np.random.default_rng(1), 10)
    assert (moved != x).ravel().tolist() == [True, False, False, False, False]
    assert 0.51 <= moved[0, 0] < 0.9


@pytest.mark.parametrize("locality", [1e-4, 0.5])
def test_ants_follow_ranks_and_spread_as_the_archive_does(locality):
    """Eqs. (7)-(9) of Socha and Dorigo: Gaussian weights over the ranks, xi times the mean distance."""
    archive = np.array([[0.47], [0.5], [0.51], [0.48]])
    heights = np.array([1.0, 4.0, 3.0, 2.0])
    colony = ant_colony.propose(task(1, start=archive), archive=4, ants=200_000, locality=locality)
    assert next(colony).tolist() == archive.tolist()
    drawn = colony.send(heights)
    ranked = np.array([0.5, 0.51, 0.48, 0.47])
    weights = np.exp(-(np.arange(4.0) ** 2) / (2 * (locality * 4) ** 2))
    weights /= weights.sum()
    spread = 0.85 * np.abs(ranked[:, None] - ranked).sum(axis=1) / 3
    mean = weights @ ranked
    assert drawn.mean() == pytest.approx(mean, abs=3e-4)
    assert drawn.var() == pytest.approx(weights @ (spread**2 + (ranked - mean) ** 2), rel=0.02)


def test_crossover_keeps_the_middle_and_spreads_as_deb_and_agrawal_say():
    """Density (eta + 1) / 2 beta^eta below 1, (eta + 1) / 2 / beta^(eta + 2) above."""
    u = np.random.default_rng(0).random(100_000)
    eta = 3.0
    factor = genetic.spread_factor(u, eta)

    def cumulated(beta):
        return np.where(beta < 1, beta ** (eta + 1) / 2, 1 - beta ** -(eta + 1) / 2)

    assert kstest(factor, cumulated).pvalue > 1e-3
    assert np.corrcoef(u, factor)[0, 1] > 0


def test_mutants_stay_near_and_inside():
    """Moments of Deb's polynomial distribution, density (eta + 1) / 2 (1 - |step|)^eta."""
    eta = 20.0
    steps = genetic.mutation_step(np.random.default_rng(0).random(200_000), eta)
    assert np.abs(steps).max() < 1
    assert np.abs(steps).mean() == pytest.approx(1 / (eta + 2), rel=0.01)
    assert (steps**2).mean() == pytest.approx(2 / ((eta + 2) * (eta + 3)), rel=0.02)
    assert steps.mean() == pytest.approx(0, abs=3e-4)


def test_jumps_follow_the_distribution_of_ingber():
    """Of Ingber 1989: 1/2 + sgn(s) ln(1 + |s| / T) / (2 ln(1 + 1/T)), given that it stays inside."""
    temperature, x = 0.01, np.array([0.2])
    u = np.random.default_rng(0).random(20_000)
    landed = np.array([simulated_annealing.jump(x, temperature, value[None])[0] for value in u])
    assert ((landed >= 0) & (landed <= 1)).all()

    def below(step):
        reach = np.log1p(np.abs(step) / temperature) / np.log1p(1 / temperature)
        return 0.5 + np.sign(step) * reach / 2

    def cumulated(place):
        return (below(place - 0.2) - below(-0.2)) / (below(0.8) - below(-0.2))

    assert kstest(landed, cumulated).pvalue > 1e-3


def test_annealing_goes_downhill_as_metropolis_says():
    assert simulated_annealing.acceptance(-0.5, 0.5) == pytest.approx(np.exp(-1))
    assert simulated_annealing.acceptance(-0.5, 0.0) == 0


def test_masses_attract_by_the_law_of_the_paper():
    """Two bodies, the random factors set to 1: shares of the mass, times the way over the distance."""
    x = np.array([[0.2, 0.2], [0.5, 0.6]])  # a distance of .5

    class Ones:
        def random(self, shape):
            return np.ones(shape)

    pull = gravitational_search.acceleration(x, np.array([0.0, 3.0]), 1, Ones())
    np.testing.assert_allclose(pull, [[0.6, 0.8], [0.0, 0.0]], atol=1e-12)
    equal = gravitational_search.acceleration(x, np.array([3.0, 3.0]), 2, Ones())
    np.testing.assert_allclose(equal, [[0.3, 0.4], [-0.3, -0.4]], atol=1e-12)
    hidden = gravitational_search.acceleration(x, np.array([-np.inf, 3.0]), 1, Ones())
    assert np.isfinite(hidden).all()


def test_fruit_flies_do_not_care_where_the_origin_is():
    """The method of 2012 finds optima at 0 and misses others; in coordinates of the box all are alike."""

    def bowl_at(place):
        return lambda points: -((points - place) ** 2).sum(axis=1)

    for place in (np.zeros(5), SHIFT):
        moved = search("fruit-fly", bowl_at(place), LOW + place, HIGH + place, evaluations=900, seed=1)
        assert moved.point - place == pytest.approx(
            search("fruit-fly", bowl_at(0), LOW, HIGH, evaluations=900, seed=1).point, abs=1e-9
        )
    flies = fruit_fly.propose(task(2, start=[[0.5, 0.5]]), flies=1000, narrower=0.5)
    next(flies)
    around = flies.send(np.arange(1000.0)[::-1])
    assert np.abs(around - 0.5).max() == pytest.approx(0.25, abs=0.005)


def test_bats_walk_around_the_best_in_the_end():
    """After many rounds no bat flies, and the walk has shrunk with the loudness, as in Yang's program."""
    bats = bat.propose(task(1, start=[[0.5]]), bats=2000, walk=0.1, quieter=0.99, faster=1.0)
    next(bats)
    best = np.zeros(2000)
    best[0] = 1.0
    for _ in range(60):
        walked = bats.send(best)
        best = np.zeros(2000)
    assert walked.std() == pytest.approx(0.1 * 0.99**60, rel=0.05)
    assert walked.mean() == pytest.approx(0.5, abs=0.01)


def test_cma_es_climbs_a_bent_valley_to_its_top():
    found = search("cma-es", rosenbrock, LOW, HIGH, evaluations=6000, seed=1)
    assert found.point == pytest.approx(np.ones(5), abs=1e-4)


def test_without_its_package_one_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "cma", None)
    with pytest.raises(InvalidInput, match=r'^cma is not installed.*pip install "noclone\[cma\]"\.$'):
        search("cma-es", sphere, LOW, HIGH, evaluations=10, seed=1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"heuristic": "particle-swam"}, "search 'particle-swam'"),
        ({"evaluations": 0}, "evaluations must be at least 1, but is 0."),
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
