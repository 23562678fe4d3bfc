"""The solver against derivatives, closed forms, another solver and statistics that leave little room."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_array

from noclone.core.errors import InvalidInput
from noclone.proofs.barrier import minimise, minimise_linear
from noclone.proofs.certificate import certify
from noclone.proofs.hessian import Entropies
from noclone.proofs.library.quaternary import quaternary
from noclone.proofs.observations import Observation, Observations
from noclone.proofs.problem import problem
from noclone.proofs.reduced import Reduced, Term, smat, svec
from noclone.proofs.reduction import reduce
from noclone.protocols.declaration import Declaration, depolarising
from noclone.protocols.four_states import basis_outcomes, basis_signals, bb84_declaration
from noclone.rates.entropy import binary_entropy

LN2 = float(np.log(2))


def random_matrix(rng, shape, real):
    found = rng.normal(size=shape)
    return found if real else found + 1j * rng.normal(size=shape)


def pinched(rng, sizes, real):
    """Two terms: tr X log X of the whole and minus that of a pinching, with X scaled by a random factor."""
    whole = random_matrix(rng, (sum(sizes), sum(sizes)), real)
    half = len(whole) // 2
    ends = np.cumsum(sizes)[:-1]

    def term(weight, rows):
        return Term(weight, tuple(enumerate(np.split(rows, ends, axis=1))))

    return term(1.0, whole), term(-1.0, whole[:half]), term(-1.0, whole[half:])


def six_states():
    probs = {"x": 1 / 3, "y": 1 / 3, "z": 1 / 3}
    bits = {(basis, f"{basis}{bit}"): bit for basis in probs for bit in (0, 1)}
    return Declaration(basis_signals(probs), basis_outcomes(probs), bits)


def plain(sizes, rows, values, real=True, terms=(), scalars=0):
    lifts = tuple(part[None] for part in np.split(np.eye(sum(sizes)), np.cumsum(sizes)[:-1], axis=1))
    return Reduced(sizes, real, scalars, np.array(rows), np.array(values), terms, lifts)


@pytest.mark.parametrize("real", [True, False])
def test_derivatives_are_those_of_differences(real):
    rng = np.random.default_rng(5)
    sizes = (3, 2)
    parts = [(0, (4, 3)), (1, (4, 2))], [(1, (2, 2))], [(0, (2, 3))]
    terms = tuple(
        Term(weight, tuple((block, random_matrix(rng, shape, real)) for block, shape in part))
        for weight, part in zip((1.0, -0.7, 0.5), parts, strict=True)
    )
    task = plain(sizes, np.zeros((0, 10 if real else 14)), (), real, terms, scalars=1)
    roots = tuple(random_matrix(rng, (d, d), real) for d in sizes)
    ends = np.cumsum([d * (d + 1) // 2 if real else d * d for d in sizes])

    def value(step):
        moved = [
            root @ np.linalg.cholesky(np.eye(d) + smat(part, d, real))
            for root, d, part in zip(roots, sizes, np.split(step, ends), strict=False)
        ]
        return Entropies.at(task, tuple(moved)).value

    near = Entropies.at(task, roots)
    h, axes = 1e-4, np.eye(len(near.slope))
    slope = [(value(h * a) - value(-h * a)) / (2 * h) for a in axes]
    np.testing.assert_allclose(near.slope, slope, atol=1e-6)
    second = [
        [
            (value(h * (a + b)) - value(h * (a - b)) - value(h * (b - a)) + value(-h * (a + b))) / (4 * h * h)
            for a in axes
        ]
        for b in axes
    ]
    np.testing.assert_allclose(near.curvature(), second, atol=1e-4)


@pytest.mark.parametrize("error", [0.05, 0.11, 1e-3, 1e-6, 1e-9])
def test_bb84_is_its_closed_form(error):
    bb84 = bb84_declaration(0.5)
    seen = Observations.error_rates(bb84, bb84.joint(depolarising(2 * error)))
    task = problem(bb84, seen)
    found = minimise(reduce(task), barrier=1e-10)
    exact = (1 - binary_entropy(error)) / 2
    bound = certify(task, found.point, found.barrier).bound / LN2
    assert found.converged
    assert exact - 1e-8 < bound <= exact + 1e-12
    assert found.value / LN2 == pytest.approx(exact, abs=1e-9)


def test_a_range_gives_what_its_worst_end_gives():
    bb84 = bb84_declaration(0.5)
    seen = Observations.error_rates(bb84, bb84.joint(depolarising(0.1)))
    wide = Observations(
        tuple(
            Observation(
                item.name, item.weights, 0.4 * item.low if "wrong" in item.name else item.low, item.high
            )
            for item in seen.items
        )
    )
    task = reduce(problem(bb84, wide))
    assert task.scalars
    found = minimise(task, barrier=1e-10)
    assert found.converged
    assert found.value / LN2 == pytest.approx((1 - binary_entropy(0.05)) / 2, abs=1e-8)


def test_statistics_that_leave_no_freedom_need_no_step():
    declared = six_states()
    seen = Observations.of_channel(declared, depolarising(0.1))
    found = minimise(reduce(problem(declared, seen)))
    q = 0.05
    mutual = (1 - 1.5 * q) * np.log2(1 - 1.5 * q) + 1.5 * q * np.log2(q / 2)
    assert found.converged
    assert found.steps == 0
    assert found.value / LN2 == pytest.approx((1 + mutual + binary_entropy(q)) / 3, abs=1e-12)


@pytest.mark.parametrize("modelled", [True, False])
def test_quaternary_modulation_lies_above_its_rigorous_bound(modelled):
    # 1.98780087398942: ball arithmetic on the result of another implementation.
    case = quaternary(amplitude=0.35, length_km=60, excess_noise_snu=0.05)
    task = problem(case.declared, case.seen)
    small = reduce(task, case.declared.symmetries)
    found = minimise(small, case.start if modelled else None, barrier=1e-9)
    bound = certify(task, found.point, found.barrier).bound
    assert found.converged
    assert 1.98780087398942 - 1e-9 < bound / LN2 < found.value / LN2 < 1.98780094
    assert found.value - bound < 1.05 * found.barrier * 44


def test_noise_near_zero_leaves_a_thin_interior():
    rng = np.random.default_rng(20)
    for _ in range(4):
        case = quaternary(
            amplitude=rng.uniform(0.5, 1.0),
            length_km=rng.uniform(5, 100),
            excess_noise_snu=10 ** rng.uniform(-4, -3),
        )
        task = problem(case.declared, case.seen)
        found = minimise(reduce(task, case.declared.symmetries), case.start, barrier=1e-8)
        assert found.converged
        assert found.value - certify(task, found.point, found.barrier).bound < 1e-6


def test_contradictions_are_reported_with_the_least_miss():
    # 1/2 on the diagonal bounds the entry beside it by 1/2; its coordinate here says 0.7. The least miss t
    # has 0.7 - t / sqrt(2) = 0.5 + t.
    task = plain((2,), np.eye(3), [0.5, 0.5, 0.7 * 2**0.5])
    with pytest.raises(InvalidInput, match="no state gives them all") as caught:
        minimise(task)
    least = float(re.search(r"at least ([\d.e-]+) times", str(caught.value))[1])
    assert 0.97 < least / (0.2 / (1 + 0.5**0.5)) <= 1


def test_a_channel_that_is_none_is_refused():
    declared = six_states()

    def channel(state):
        """Depolarising by 1.4, which `depolarising` itself refuses."""
        return 1.4 * np.trace(state) * np.eye(2) / 2 - 0.4 * state

    seen = Observations.of_channel(declared, channel)
    with pytest.raises(InvalidInput, match="contradict"):
        minimise(reduce(problem(declared, seen)))


def test_an_empty_interior_is_met_nearly_and_said_so():
    task = plain(
        (2,), [[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]], [1.0, -1e-11], terms=(Term(1.0, ((0, np.eye(2)),)),)
    )
    found = minimise(task)
    assert not found.converged
    assert found.value == pytest.approx(0, abs=1e-8)
    np.testing.assert_allclose(found.point, np.diag([1.0, 0.0]), atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.sampled_from([(4,), (2, 3), (3, 1, 2)]), st.integers(1, 4))
def test_random_problems_end_below_a_known_state_and_at_an_optimum(seed, real, sizes, count):
    rng = np.random.default_rng(seed)
    blocks = [random_matrix(rng, (d, d), real) for d in sizes]
    blocks = [block @ block.conj().T for block in blocks]
    trace = sum(np.trace(block).real for block in blocks)
    known = np.concatenate([svec(block / trace, real) for block in blocks])
    unit = np.concatenate([svec(np.eye(d), real) for d in sizes])
    rows = np.vstack([unit, rng.normal(size=(count, len(known)))])
    task = plain(sizes, rows, rows @ known, real, pinched(rng, sizes, real))
    found = minimise(task, barrier=1e-9)
    ends = np.cumsum([d * (d + 1) // 2 if real else d * d for d in sizes])
    there = [smat(x, d, real) for x, d in zip(np.split(known, ends), sizes, strict=False)]
    above = Entropies.at(task, tuple(np.linalg.cholesky(block) for block in there)).value
    reached = np.concatenate([svec(block, real) for block in found.blocks])
    assert found.converged
    assert found.value <= above + 1e-9 * sum(sizes)
    np.testing.assert_allclose(rows @ reached, task.values, atol=1e-12)


def test_linear_costs_against_another_solver():
    import clarabel

    rng = np.random.default_rng(3)
    size = 5
    cost = random_matrix(rng, (size, size), True)
    cost = cost + cost.T
    rows = np.vstack([svec(np.eye(size), True), svec(np.diag(np.arange(size)), True), rng.normal(size=15)])
    known = random_matrix(rng, (size, size), True)
    known = known @ known.T
    values = rows @ svec(known, True)
    found = minimise_linear(plain((size,), rows, values), (cost,), barrier=1e-10)
    # Clarabel's triangle is the upper one, column by column, scaled as here.
    order = [(i, j) for j in range(size) for i in range(j + 1)]
    ours = [*((i, i) for i in range(size)), *zip(*np.triu_indices(size, 1), strict=True)]
    place = [ours.index(pair) for pair in order]
    matrix = csc_array(np.vstack([rows, -np.eye(15)[place]]))
    cones = [clarabel.ZeroConeT(3), clarabel.PSDTriangleConeT(size)]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    target = np.concatenate([values, np.zeros(15)])
    other = clarabel.DefaultSolver(
        csc_array((15, 15)), svec(cost, True), matrix, target, cones, settings
    ).solve()
    assert found.converged
    assert found.value == pytest.approx(other.obj_val, abs=1e-6)


def test_progress_ends_at_the_whole():
    told = []
    task = plain((2,), [[1.0, 1.0, 0.0]], [1.0], terms=(Term(1.0, ((0, np.diag([1.0, 2.0])),)),))
    minimise(task, progress=lambda stage, share: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize("barrier", [0.0, -1e-9, np.nan])
def test_a_barrier_that_is_not_positive_is_refused(barrier):
    with pytest.raises(InvalidInput, match="barrier must be a positive number"):
        minimise(plain((2,), [[1.0, 1.0, 0.0]], [1.0]), barrier=barrier)


def test_a_start_of_another_size_is_refused():
    with pytest.raises(InvalidInput, match="start must be a finite 2 x 2 matrix"):
        minimise(plain((2,), [[1.0, 1.0, 0.0]], [1.0]), np.eye(3))
