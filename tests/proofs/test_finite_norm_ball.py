"""The norm ball of openQKDsecurity's finite BB84, and the multipliers that price it."""

import math

import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.optimize import linprog

from noclone.core.errors import InvalidInput
from noclone.proofs.barrier import minimise
from noclone.proofs.certificate import certify
from noclone.proofs.finite.norm_ball import Block, ball_radius, norm_ball_terms
from noclone.proofs.leak import leak_bits
from noclone.proofs.multipliers import cheapest_multipliers
from noclone.proofs.objective import gradient
from noclone.proofs.problem import Problem, problem
from noclone.proofs.reduction import reduce
from noclone.protocols.declaration import depolarising
from noclone.protocols.four_states import bb84_declaration

BB84 = bb84_declaration(0.5)
PRESET = Block(10**6, 0.05, tolerance=1e-7)


def rotated(degrees: float):
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return lambda state: turn @ state @ turn.T


def entropy(error: float) -> float:
    return -error * math.log2(error) - (1 - error) * math.log2(1 - error)


def bound(task: Problem, point: np.ndarray, multipliers: np.ndarray) -> float:
    """Return the certified bound in bits."""
    rest = gradient(task, point) - np.tensordot(multipliers, task.operators, 1)
    lowest = eigh((rest + rest.conj().T) / 2, task.unit, eigvals_only=True)[0]
    return (task.support(multipliers) + float(lowest)) / math.log(2)


def test_terms_of_the_published_preset() -> None:
    # BasicBB84Alice2DFinitePreset of openQKDsecurity 2.2: N = 1e6, pTest = .05, tExp = -7, eps .25e-10.
    terms = norm_ball_terms(BB84, BB84.joint(rotated(0)), PRESET)
    assert terms.seen.radius == pytest.approx(0.088888451 + 1e-7, abs=5e-10)
    costs = dict(terms.adjustments)
    assert costs["smoothing"] == pytest.approx(-0.0272402116, abs=5e-11)
    assert costs["amplification"] == pytest.approx(-7.6251e-5, abs=5e-10)
    assert costs["verification"] == pytest.approx(-3.5219e-5, abs=5e-10)
    assert terms.security.attacks == "collective"
    assert terms.security.eps_sec + terms.security.eps_cor == pytest.approx(1e-10)


@pytest.mark.parametrize("error", [0.0, 0.02])
def test_entropy_in_the_ball_is_that_of_the_errors_it_allows(error: float) -> None:
    # Both bases' errors can rise by the radius: a quarter of the rounds is matched in each basis, and what
    # is added to errors is taken from their complements.
    terms = norm_ball_terms(BB84, BB84.joint(depolarising(2 * error)), PRESET)
    task = problem(BB84, terms.seen)
    solution = minimise(reduce(task))
    exact = (1 - entropy(error + terms.seen.radius)) / 2
    multipliers = cheapest_multipliers(task, certify(task, solution.point, 1e-9).multipliers)
    certified = bound(task, solution.point, multipliers)
    assert exact - 1e-7 < certified <= exact


def test_rates_over_misalignment() -> None:
    last = math.inf
    for degrees in range(6):
        table = BB84.joint(rotated(degrees))
        terms = norm_ball_terms(BB84, table, PRESET)
        task = problem(BB84, terms.seen)
        point = minimise(reduce(task)).point
        multipliers = cheapest_multipliers(task, certify(task, point, 1e-9).multipliers)
        rate = terms.share * (bound(task, point, multipliers) - leak_bits(BB84, table, 1.16))
        rate += sum(bits for _, bits in terms.adjustments)
        error = max(math.sin(math.radians(degrees)) ** 2, 1e-300)
        # The rotation is not noise: Eve is left no more than an unrotated channel with the ball's errors
        # would leave her, and no less than depolarisation by both.
        costs = sum(bits for _, bits in terms.adjustments) - 0.95 * 1.16 * entropy(error) / 2
        assert rate >= 0.95 * (1 - entropy(error + terms.seen.radius)) / 2 + costs - 1e-7
        assert rate < last
        last = rate
        if degrees == 0:
            assert rate == pytest.approx(0.2420925, abs=2e-7)
    assert last > 0.2


def test_ball_holds_the_truth() -> None:
    rng = np.random.default_rng(3)
    truth = rng.dirichlet(np.ones(16))
    seen = rng.multinomial(2000, truth, size=3000) / 2000
    assert np.abs(seen - truth).sum(axis=1).max() < ball_radius(2000, 16, 1e-3)


def test_multipliers_reach_the_refined_support() -> None:
    # Between two distributions a 1-norm ball costs radius (max y - min y) / 2: by linear programming.
    rng = np.random.default_rng(8)
    y, radius = rng.normal(size=16), 0.1
    split = linprog(
        np.concatenate([y, -y]),
        A_ub=np.ones((1, 32)),
        b_ub=[radius],
        A_eq=np.concatenate([np.ones(16), -np.ones(16)])[None],
        b_eq=[0],
        bounds=(0, None),
    )
    assert split.fun == pytest.approx(-radius / 2 * np.ptp(y))
    terms = norm_ball_terms(BB84, BB84.joint(depolarising(0.05)), PRESET)
    task = problem(BB84, terms.seen)
    given = np.concatenate([np.zeros(4), y])
    better = cheapest_multipliers(task, given)
    seen = np.array([item.low for item in terms.seen.items])
    assert task.support(better) >= y @ seen - terms.seen.radius / 2 * np.ptp(y) - 1e-9
    assert np.abs(np.tensordot(better - given, task.operators, 1)).max() < 1e-9


def test_bad_input() -> None:
    with pytest.raises(InvalidInput, match="test_share"):
        Block(10**6, 1.0)
    with pytest.raises(InvalidInput, match="eps_smoothing"):
        Block(10**6, 0.5, eps_smoothing=0.0)
    with pytest.raises(InvalidInput, match="signals"):
        Block(0, 0.5)
    with pytest.raises(InvalidInput, match="tolerance"):
        Block(10, 0.5, tolerance=math.nan)
