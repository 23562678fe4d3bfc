"""Rényi entropies, their scores and the keys of finite blocks against all attacks."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

from noclone.core.errors import InvalidInput
from noclone.proofs.case import of_channel
from noclone.proofs.finite.coherent import CoherentBlock, fixed_length, variable_length
from noclone.proofs.finite.expected import acceptance_radius
from noclone.proofs.finite.rounds import Rounds, numbers, rounds
from noclone.proofs.finite.saddle import best_score, nearest
from noclone.proofs.finite.score import certified
from noclone.proofs.library.lossy import loss, with_loss
from noclone.protocols.declaration import depolarising
from noclone.protocols.four_states import bb84_declaration


def random_operator(rng: np.random.Generator, size: int) -> np.ndarray:
    root = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return root @ root.conj().T / size


def random_channel(rng: np.random.Generator, inputs: int, outputs: int) -> np.ndarray:
    point = random_operator(rng, inputs * outputs)
    side = np.einsum("ikjk->ij", point.reshape(inputs, outputs, inputs, outputs))
    levels, vectors = np.linalg.eigh(side)
    inverse = np.kron((vectors / np.sqrt(levels)) @ vectors.conj().T, np.eye(outputs))
    return inverse @ point @ inverse


def petz_by_purification(found: Rounds, point: np.ndarray, alpha: float) -> float:
    """Return tr (sum_r rho_E|r^alpha)^(1/alpha) of Eve's states, from a purification of the operator."""
    (group,) = found.groups
    levels, vectors = np.linalg.eigh(group.rows @ point @ group.rows.conj().T)
    pure = vectors * np.sqrt(np.maximum(levels, 0))
    total = np.zeros((len(levels), len(levels)), complex)
    for rows in group.symbols:
        with_eve = rows @ pure
        heights, axes = np.linalg.eigh(with_eve.T @ with_eve.conj())
        total += (axes * np.maximum(heights, 0) ** alpha) @ axes.conj().T
    return float(np.sum(np.linalg.eigvalsh(total) ** (1 / alpha)))


@pytest.mark.parametrize("alpha", [1.00002, 1.1, 1.7, 2.0])
def test_the_number_of_key_rounds_is_the_petz_entropy_given_eve(alpha: float) -> None:
    rng = np.random.default_rng(4)
    found = rounds(with_loss(bb84_declaration(0.8, "z")))
    point = random_operator(rng, 6)
    values, gradients = numbers(found, point, alpha)
    rest = float(np.trace(found.rest @ point).real)
    assert values[-1] - rest == pytest.approx(petz_by_purification(found, point, alpha), abs=1e-12)
    # Homogeneous of degree 1 and concave: tangents lie above, and meet at the point.
    assert np.einsum("kij,ji->k", gradients, point).real == pytest.approx(values, abs=1e-12)
    for _ in range(20):
        other = random_operator(rng, 6)
        tangent = np.einsum("kij,ji->k", gradients, other).real
        assert (numbers(found, other, alpha)[0] <= tangent + 1e-12).all()


def test_gradient_by_differences() -> None:
    rng = np.random.default_rng(5)
    found = rounds(bb84_declaration(0.6, "both"), 0.1)
    point, change = (
        random_operator(rng, 4) + 0.2 * np.eye(4),
        random_operator(rng, 4) - random_operator(rng, 4),
    )
    for alpha in (1.0001, 1.3):
        above, below = (numbers(found, point + s * 1e-5 * change, alpha)[0] for s in (1, -1))
        slopes = np.einsum("kij,ji->k", numbers(found, point, alpha)[1], change).real
        assert (above - below) / 2e-5 == pytest.approx(slopes, abs=1e-8)


@pytest.mark.parametrize(("alpha", "seen_error"), [(1.001, 0.05), (1.2, 0.03), (1.8, 0.08)])
def test_bb84_is_the_least_over_the_phase_error(alpha: float, seen_error: float) -> None:
    # With phase error e Eve leaves 1 - H_(1/alpha)(e) bits (Petz), so that only e is to be found.
    share = 0.7
    a = alpha / (alpha - 1)
    found = rounds(bb84_declaration(share, "z"))
    table = bb84_declaration(share, "z").joint(depolarising(2 * seen_error))
    seen = np.array([table[event] for event in found.events])
    frequencies = np.append(seen, 1 - seen.sum())

    def cost(error: float) -> float:
        key = share * (1 - share)
        key += share**2 * 2 ** (1 / alpha - 1) * (error ** (1 / alpha) + (1 - error) ** (1 / alpha))
        both = (1 - share) ** 2
        total = share * math.log(share / key)
        for q, p in ((seen_error, error), (1 - seen_error, 1 - error)):
            total += both * q * math.log(q / p)
        return a * total / math.log(2)

    least = minimize_scalar(cost, bounds=(1e-4, 0.5), method="bounded", options={"xatol": 1e-9}).fun
    score = best_score(found, frequencies, alpha)
    assert least - 2e-7 < score.entropy(frequencies) <= least


def test_order_one_is_the_von_neumann_entropy() -> None:
    found = rounds(bb84_declaration(0.5, "z"))
    table = bb84_declaration(0.5, "z").joint(depolarising(0.1))
    seen = np.array([table[event] for event in found.events])
    frequencies = np.append(seen, 1 - seen.sum())
    entropy = best_score(found, frequencies, 1 + 1e-5).entropy(frequencies)
    exact = 0.25 * (1 + 0.05 * math.log2(0.05) + 0.95 * math.log2(0.95))
    assert exact - 1e-5 < entropy <= exact


@pytest.mark.parametrize("alpha", [1.01, 1.5])
def test_constant_holds_for_random_channels_and_random_scores(alpha: float) -> None:
    rng = np.random.default_rng(6)
    found = rounds(with_loss(bb84_declaration(0.8, "z")))
    for _ in range(5):
        scores = rng.normal(size=len(found.events) + 1)
        score = certified(found, alpha, scores, random_channel(rng, 2, 3))
        weights = np.exp((alpha - 1) / alpha * scores)
        for _ in range(20):
            reached = float(weights @ numbers(found, random_channel(rng, 2, 3), alpha)[0])
            assert score.constant <= -alpha / (alpha - 1) * math.log2(reached)


def test_nearest_is_the_constrained_minimum() -> None:
    rng = np.random.default_rng(7)
    for radius in (0.02, 0.2, 0.6):
        values, expected = rng.uniform(0.05, 1, 5), rng.dirichlet(np.ones(5))
        values /= 1.3 * values.sum()
        found = nearest(values, expected, radius)
        assert found.sum() == pytest.approx(1)
        assert np.abs(found - expected).sum() <= radius + 1e-12
        # Split the change into what is added and what is taken away; both are at least 0.
        start = np.concatenate([np.maximum(found - expected, 0), np.maximum(expected - found, 0)]) * 0.5
        constraints = [
            {"type": "eq", "fun": lambda z: z[:5].sum() - z[5:].sum()},
            {"type": "ineq", "fun": lambda z, radius=radius: radius - z.sum()},
        ]

        def cost(z: np.ndarray, values: np.ndarray = values, expected: np.ndarray = expected) -> float:
            q = np.maximum(expected + z[:5] - z[5:], 1e-12)
            return float(np.sum(q * np.log(q / values)))

        bounds = [(0, 1)] * 5 + [(0, each) for each in expected]
        other = minimize(cost, start, bounds=bounds, constraints=constraints, options={"ftol": 1e-13})
        assert np.sum(found * np.log(found / values)) == pytest.approx(other.fun, abs=1e-7)


def bb84_at(loss_db: float, key_prob: float):
    declared = with_loss(bb84_declaration(key_prob, "z"))
    return of_channel("BB84", declared, loss(10 ** (-loss_db / 10), before=depolarising(0.03)), f_ec=1.16)


# Share of key rounds and order at the ends of the tables in the public code of arXiv:2511.10584.
@pytest.mark.parametrize(
    ("signals", "loss_db", "key_prob", "alpha"),
    [(10**5, 10, 0.602, 1.350870072), (10**7, 30, 0.595, 1.352872384), (10**9, 50, 0.568, 1.410857299)],
)
def test_variable_length_reaches_the_published_losses(
    signals: int, loss_db: float, key_prob: float, alpha: float
) -> None:
    block = CoherentBlock(signals, 0.0, 5e-80, 5e-80)
    found = variable_length(bb84_at(loss_db, key_prob), block, alpha=alpha)
    assert found.rate > 0
    assert found.security.attacks == "coherent"


@pytest.mark.parametrize(
    ("signals", "loss_db", "key_prob", "alpha"),
    [(10**5, 7, 0.337, 1.25), (10**6, 14, 0.245, 1.27), (10**7, 20, 0.196, 1.22), (10**9, 30, 0.215, 1.057)],
)
def test_fixed_length_reaches_the_published_losses(
    signals: int, loss_db: float, key_prob: float, alpha: float
) -> None:
    block = CoherentBlock(signals, 0.0, 5e-11, 5e-11)
    radius = acceptance_radius(signals, 13)
    case = bb84_at(loss_db, key_prob)
    found = fixed_length(case, block, radius=radius, alpha=alpha)
    assert 0 < found.rate < variable_length(case, block, alpha=alpha).rate


def test_rates_approach_the_asymptotic_one_from_below() -> None:
    case = bb84_at(10, 0.9)
    error = 0.015
    entropy = 1 + error * math.log2(error) + (1 - error) * math.log2(1 - error)
    asymptotic = 0.1 * 0.81 * (entropy - 1.16 * (1 - entropy))
    last = -1.0
    for signals, alpha in ((10**7, 1.01), (10**9, 1.001), (10**11, 1.0001), (10**13, 1.00001)):
        rate = variable_length(case, CoherentBlock(signals), alpha=alpha).rate
        assert last < rate < asymptotic
        last = rate
    assert last > 0.999 * asymptotic


def test_order_is_found_and_lengths_follow_what_is_seen() -> None:
    block = CoherentBlock(10**6)
    case = bb84_at(3, 0.75)
    found = variable_length(case, block)
    assert found.rate >= variable_length(case, block, alpha=1.01).rate
    counts = {
        event: round(1e6 * q) for event, q in zip(found.score.events, found.frequencies[:-1], strict=True)
    }
    length = found.key_length(counts, math.ceil(found.leak_bits * 1e6))
    assert length == pytest.approx(found.rate * 1e6, abs=50)
    worse = dict(counts)
    worse["x0", "x1"] += 500
    worse["x0", "x0"] -= 500
    assert found.key_length(worse, math.ceil(found.leak_bits * 1e6)) < length
    fixed = fixed_length(case, block, radius=0.005, alpha=1.05)
    assert fixed.key_length(worse, math.ceil(fixed.leak_bits * 1e6)) == math.floor(
        fixed.rate * 1e6 + fixed.leak_bits * 1e6 - math.ceil(fixed.leak_bits * 1e6)
    )
    worse["x0", "x1"] += 20_000
    assert fixed.key_length(worse, 0) == 0
    assert "coherent attacks" in str(found)


def test_bad_input() -> None:
    case = bb84_at(3, 0.75)
    with pytest.raises(InvalidInput, match="alpha"):
        variable_length(case, CoherentBlock(10**6), alpha=2.5)
    with pytest.raises(InvalidInput, match="radius"):
        fixed_length(case, CoherentBlock(10**6), radius=0.0)
    with pytest.raises(InvalidInput, match="test_share"):
        rounds(bb84_declaration(0.5, "both"))
    with pytest.raises(InvalidInput, match="eps_secret"):
        CoherentBlock(10**6, eps_secret=0.0)
    found = variable_length(case, CoherentBlock(10**6), alpha=1.01)
    with pytest.raises(InvalidInput, match="not disclosed"):
        found.key_length({("z0", "z0"): 5}, 0)
    with pytest.raises(InvalidInput, match="more than the signals"):
        found.key_length({("x0", "x0"): 10**7}, 0)
