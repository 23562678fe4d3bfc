"""Each heuristic against SciPy or the formulas of its paper."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import kstest

from noclone.optimise.metaheuristics import (
    Task,
    ant_colony,
    bat,
    fruit_fly,
    genetic,
    gravitational_search,
    migrating_quantum_particle_swarm,
    nelder_mead,
    particle_swarm,
    quantum_particle_swarm,
    search,
    simulated_annealing,
)

SHIFT = np.array([1.3, -2.1, 0.7, 3.3, -1.4])
LOW, HIGH = np.full(5, -5.12), np.full(5, 5.12)


def task(size, evaluations=1000, start=()):
    return Task(size, evaluations, np.reshape(start, (-1, size)), np.random.default_rng(3))


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
    sizes = []

    def bowl(points):
        sizes.append(len(points))
        return -((points - SHIFT) ** 2).sum(axis=1)

    search("nelder-mead", bowl, LOW, HIGH, evaluations=1500, seed=1)
    assert sizes.count(6) > 1


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


def test_far_masses_attract_as_strongly_as_near_ones():
    """Eq. (7) divides by the distance, which the way is as long as."""
    x = np.array([[0.5, 0.5], [0.5001, 0.5], [1.0, 0.5]])

    class Ones:
        def random(self, shape):
            return np.ones(shape)

    near, far = (
        gravitational_search.acceleration(x[[0, other]], np.array([0.0, 1.0]), 1, Ones()) for other in (1, 2)
    )
    np.testing.assert_allclose(near, far, atol=1e-9)


def test_two_percent_of_the_masses_attract_at_the_end(monkeypatch):
    """The authors' program, `final_per` of 2: of 100 agents, 100 - 98 t / T in round t."""
    attracting, pull = [], gravitational_search.acceleration

    def counting(x, heights, number, rng):
        attracting.append(number)
        return pull(x, heights, number, rng)

    monkeypatch.setattr(gravitational_search, "acceleration", counting)
    agents = gravitational_search.propose(task(2, 1000), agents=100)
    x = next(agents)
    for _ in range(9):
        x = agents.send(x[:, 0])
    with pytest.raises(StopIteration):
        agents.send(x[:, 0])
    assert attracting == [round(100 - 98 * t / 10) for t in range(1, 11)]


def test_only_coordinates_outside_the_box_are_drawn_anew():
    x = np.array([[0.3, 1.2, -0.1], [0.0, 0.5, 1.0]])
    moved = gravitational_search.inside(x, np.random.default_rng(2))
    assert (moved == x).tolist() == [[True, False, False], [True, True, True]]
    assert ((moved >= 0) & (moved <= 1)).all()


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
