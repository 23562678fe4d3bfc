from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import log

import numpy as np
import pytest

from noclone.proofs.case import Case
from noclone.proofs.library.quaternary import quaternary
from noclone.proofs.objective import value
from noclone.proofs.observations import Observations
from noclone.proofs.opinions import frank_wolfe, qics_solver
from noclone.proofs.opinions.equations import equations
from noclone.proofs.opinions.opinion import Opinion
from noclone.proofs.problem import Problem, problem
from noclone.proofs.proving import prove_case
from noclone.proofs.subjects import case_of

LN2 = log(2)

CASES: dict[str, Callable[[], Case]] = {
    "BB84, 1 %": lambda: case_of("bb84", qber=0.01, basis_prob=0.5, keyed_bases="both"),
    "BB84, 5 %": lambda: case_of("bb84", qber=0.05, basis_prob=0.5, keyed_bases="both"),
    "BB84, 11 %": lambda: case_of("bb84", qber=0.11, basis_prob=0.5, keyed_bases="both"),
    "six states": lambda: case_of("six-state", qber=0.05),
    "three states": lambda: case_of("three-state", qber=0.02),
    "B92": lambda: case_of("b92", depolarising=0.03),
    "SARG04": lambda: case_of("sarg04", depolarising=0.05),
    "relay": lambda: case_of("mdi", qber=0.03),
    "two bases of 3": lambda: case_of("mub", dimension=3, bases=2, qber=0.05),
    "four bases of 3": lambda: case_of("mub", dimension=3, bases=4, qber=0.05),
    "four phases": lambda: quaternary(amplitude=0.35, length_km=60, excess_noise_snu=0.05, cutoff=4),
    "few photons": lambda: quaternary(amplitude=0.35, length_km=60, excess_noise_snu=0.05, cutoff=2),
}

SLOW = ("B92", "four phases", "few photons")
"""Where steps towards vertices come near the optimum slowly."""


@cache
def task(name: str) -> Problem:
    case = CASES[name]()
    return problem(case.declared, case.seen)


@cache
def qics(name: str) -> Opinion:
    return qics_solver.solve(task(name))


@pytest.mark.parametrize("name", CASES)
def test_qics_finds_the_same(name: str) -> None:
    proof, opinion = prove_case(CASES[name]()), qics(name)
    assert opinion.status == "optimal"
    assert opinion.value / LN2 == pytest.approx(proof.entropy_bits, abs=1e-6)
    assert opinion.certificate.bound / LN2 <= proof.value_bits + 1e-9
    assert opinion.certificate.bound / LN2 == pytest.approx(proof.entropy_bits, abs=1e-4)


@pytest.mark.parametrize("name", [name for name in CASES if name not in SLOW])
def test_frank_wolfe_finds_the_same(name: str) -> None:
    opinion = frank_wolfe.solve(task(name))
    assert opinion.status == "optimal"
    assert opinion.value == pytest.approx(qics(name).value, abs=2e-6)
    assert opinion.value - 1e-6 <= opinion.certificate.bound <= opinion.value + 1e-9


@pytest.mark.parametrize("name", ["B92", "few photons"])
def test_frank_wolfe_takes_many_steps_where_the_optimum_is_no_vertex(name: str) -> None:
    few, more = (frank_wolfe.solve(task(name), steps=steps) for steps in (1, 6))
    assert few.status == more.status == "out of steps"
    assert few.certificate.bound <= more.certificate.bound < qics(name).value < more.value < few.value


def test_qics_gives_the_entropy_of_its_own_example() -> None:
    """Entanglement-based BB84, test_examples.py of QICS 1.1.3: ln 2 - h(.25) = .1308120 nats."""
    expected = log(2) + 0.25 * log(0.25) + 0.75 * log(0.75)
    pairs = case_of("bb84-pairs", qber_z=0.25, qber_x=0.25, key_prob=0.5)
    found = qics_solver.solve(problem(pairs.declared, pairs.seen)).value
    assert found / 0.25 == pytest.approx(expected, abs=1e-7)
    assert expected == pytest.approx(0.1308120, abs=1e-7)


def ball(seen: Observations) -> Observations:
    return Observations(seen.items, 0.01)


def ranges(seen: Observations) -> Observations:
    return Observations(
        tuple(replace(item, low=item.low - 1e-3, high=item.high + 1e-3) for item in seen.items)
    )


@pytest.mark.parametrize("loosened", [ranges, ball])
def test_ranges_and_a_ball_cost_the_same_everywhere(loosened: Callable[[Observations], Observations]) -> None:
    case = CASES["BB84, 5 %"]()
    loose = problem(case.declared, loosened(case.seen))
    opinions = [qics_solver.solve(loose), frank_wolfe.solve(loose)]
    values = [opinion.value for opinion in opinions]
    assert values[0] == pytest.approx(values[1], abs=1e-7)
    assert values[0] < qics("BB84, 5 %").value - 1e-3
    for opinion in opinions:
        assert opinion.value - 1e-6 < opinion.certificate.bound < opinion.value + 1e-8


def test_frank_wolfe_needs_no_interior() -> None:
    """Without errors the pair is pure: there is no positive definite operator among the allowed ones."""
    case = case_of("bb84", qber=0.0, basis_prob=0.5, keyed_bases="both")
    opinion = frank_wolfe.solve(problem(case.declared, case.seen))
    assert opinion.certificate.bound / LN2 == pytest.approx(0.5, abs=1e-6)


def test_kraus_operators_and_pinching_give_the_objective() -> None:
    given = task("relay")
    rng = np.random.default_rng(0)
    root = rng.normal(size=(2, given.size, given.size))
    point = (root[0] + 1j * root[1]) @ (root[0] + 1j * root[1]).conj().T
    kraus, symbols = qics_solver.kraus_operators(given)
    output = sum(each @ point @ each.conj().T for each in kraus)
    side = len(output) // symbols

    def negative_entropy(state: np.ndarray) -> float:
        levels = np.linalg.eigvalsh(state)
        levels = levels[levels > 1e-12]
        return float(levels @ np.log(levels))

    blocks = [slice(i * side, (i + 1) * side) for i in range(symbols)]
    pinched = sum(negative_entropy(output[block, block]) for block in blocks)
    assert negative_entropy(output) - pinched == pytest.approx(value(given, point), rel=1e-9)


def test_equations_say_what_the_problem_says() -> None:
    case = CASES["six states"]()
    given = problem(case.declared, case.seen)
    found = equations(given)
    assert len(found.table) == np.linalg.matrix_rank(given.operators.reshape(len(given.operators), -1))
    own = np.arange(1.0, 1 + len(found.table))
    total = np.tensordot(found.multipliers(given, own), given.operators, 1)
    assert np.allclose(total, np.tensordot(own, given.operators[found.constraints], 1))
