"""Finite keys of quaternary modulation against all attacks, from coarse bins of heterodyne outcomes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import dblquad

from noclone.core.errors import InvalidInput
from noclone.proofs.barrier import minimise
from noclone.proofs.certificate import certify
from noclone.proofs.finite.coherent import (
    CoherentBlock,
    RenyiRate,
    expected_frequencies,
    fixed_length,
    variable_length,
)
from noclone.proofs.finite.expected import acceptance_radius
from noclone.proofs.finite.rounds import numbers, rounds
from noclone.proofs.finite.saddle import best_score
from noclone.proofs.library.coarse_heterodyne import binned_quaternary, relative_bins
from noclone.proofs.library.coherent_states import photon_amplitudes
from noclone.proofs.observations import Event, Observation, Observations
from noclone.proofs.problem import problem
from noclone.proofs.reduction import reduce


def random_channel(rng: np.random.Generator, outputs: int) -> np.ndarray:
    size = 4 * outputs
    # Weights over many magnitudes, as few channels have a spectrum that is flat.
    root = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    point = root * np.exp(-rng.uniform(0, 12, size)) @ root.conj().T
    side = np.einsum("ikjk->ij", point.reshape(4, outputs, 4, outputs))
    levels, vectors = np.linalg.eigh(side)
    inverse = np.kron((vectors / np.sqrt(levels)) @ vectors.conj().T, np.eye(outputs))
    found: np.ndarray = inverse @ point @ inverse
    return found


def at(kind: str, signals: int, length_km: float, setting: tuple[float, float, float]) -> RenyiRate:
    amplitude, key_share, excess = setting
    case = binned_quaternary(amplitude=amplitude, length_km=length_km, excess_noise_snu=0.01, cutoff=5)
    merged = relative_bins(case.declared)
    block = CoherentBlock(signals, 1 - key_share, 9e-11, 1e-11)
    if kind == "variable":
        return variable_length(case, block, alpha=1 + excess, merged=merged)
    radius = acceptance_radius(signals, 25, 9e-11)
    return fixed_length(case, block, radius=radius, alpha=1 + excess, merged=merged)


def test_bins_are_integrals_over_phase_space() -> None:
    case = binned_quaternary(amplitude=0.9, length_km=10, excess_noise_snu=0.05, cutoff=4)
    table = {event: item.low for item in case.seen.items for event in item.weights}
    assert sum(table.values()) == pytest.approx(1, abs=1e-12)
    through = 10**-0.2
    spread, centre = 1 + through * 0.05 / 2, np.sqrt(through) * 0.9 * 1j
    edges = (0.0, 1.5, 4.0, 12.0)
    for z, ring in ((0, 0), (1, 0), (3, 1), (1, 2)):

        def density(r: float, phase: float) -> float:
            return r * math.exp(-(abs(r * np.exp(1j * phase) - centre) ** 2) / spread) / (math.pi * spread)

        lowest = (z - 0.5) * math.pi / 2
        seen = dblquad(density, lowest, lowest + math.pi / 2, edges[ring], edges[ring + 1], epsabs=1e-11)[0]
        assert table["state 1", f"sector {z}, ring {ring}"] == pytest.approx(seen / 4, abs=1e-9)


def test_bins_of_operators_are_those_of_probabilities() -> None:
    case = binned_quaternary(amplitude=0.9, length_km=0, excess_noise_snu=0.0, cutoff=30)
    table = {event: item.low for item in case.seen.items for event in item.weights}
    arrived = photon_amplitudes([0.9 * 1j**k for k in range(4)], 31)
    for (sent, seen), prob in table.items():
        state = arrived[int(sent[-1])]
        element = case.declared.outcomes[seen].element
        assert (state.conj() @ element @ state).real / 4 == pytest.approx(prob, abs=1e-13)


@pytest.mark.parametrize("alpha", [1.002, 1.5])
def test_key_rounds_have_the_sandwiched_entropy_of_the_pinched_state(alpha: float) -> None:
    rng = np.random.default_rng(1)
    case = binned_quaternary(amplitude=0.8, length_km=5, excess_noise_snu=0.0, cutoff=2)
    found = rounds(case.declared, 0.3)
    point = random_channel(rng, 3)
    blocks = []
    for operator in found.certain.key[0]:
        levels, vectors = np.linalg.eigh(operator)
        blocks.append((vectors * np.sqrt(np.maximum(levels, 0))) @ vectors.conj().T)
    isometry = np.concatenate(blocks)
    state = isometry @ point @ isometry.conj().T
    size, order = len(point), 1 / alpha
    power = np.zeros_like(state)
    for r in range(4):
        part = slice(r * size, (r + 1) * size)
        levels, vectors = np.linalg.eigh(state[part, part])
        powers = np.maximum(levels, 0) ** ((1 - order) / (2 * order))
        power[part, part] = (vectors * powers) @ vectors.conj().T
    levels = np.linalg.eigvalsh(power @ state @ power)
    expected = float(np.sum(np.maximum(levels, 0) ** order))
    assert numbers(found, point, alpha)[0][-1] == pytest.approx(expected, abs=1e-7)


# Amplitude, share of key rounds and order where the tables in the public code of arXiv:2511.10584 end.
@pytest.mark.parametrize(
    ("signals", "length_km", "setting"),
    [(10**7, 15, (0.84, 0.3, 1.5e-3)), (10**8, 29, (0.77, 0.45, 2.58e-4))],
)
def test_lengths_of_the_published_tables_are_reached(
    signals: int, length_km: float, setting: tuple[float, float, float]
) -> None:
    fixed = at("fixed", signals, length_km, setting)
    assert 0.002 < fixed.rate < at("variable", signals, length_km, setting).rate
    assert fixed.radius == pytest.approx(math.sqrt((50 * math.log(2) - 2 * math.log(9e-11)) / signals))
    assert fixed.security.attacks == "coherent"
    assert "photons (the cutoff)" in fixed.security.assumptions[0]
    beyond = at("fixed", signals, 1.8 * length_km, setting)
    assert beyond.rate < 0
    assert beyond.key_bits == 0


def test_events_may_be_merged_and_symmetries_used_without_loss() -> None:
    case = binned_quaternary(amplitude=0.8, length_km=10, excess_noise_snu=0.01, cutoff=3)
    block = CoherentBlock(10**8, 0.4, 9e-11, 1e-11)
    merged = relative_bins(case.declared)
    # The paper's 24 events: outer rings as wholes for each state.
    rings = {event: (event[0], event[1][-6:]) for event in merged if not event[1].endswith("ring 0")}
    apart = replace(case, declared=replace(case.declared, symmetries=()))
    for radius in (None, 1e-3):
        found = []
        for each, events in ((case, merged), (case, rings), (apart, rings)):
            if radius is None:
                found.append(variable_length(each, block, alpha=1.0002, merged=events))
            else:
                found.append(fixed_length(each, block, alpha=1.0002, merged=events, radius=radius))
        assert [len(each.score.events) for each in found] == [6, 24, 24]
        assert np.ptp([each.rate for each in found]) < 1e-7
    few = fixed_length(case, block, alpha=1.0002, merged=merged)
    assert few.radius < fixed_length(case, block, alpha=1.0002, merged=rings).radius


def test_bound_is_within_the_solvers_barrier_of_a_channel_that_reaches_it() -> None:
    alpha, radius = 1.0003, 9e-4
    case = binned_quaternary(amplitude=0.8, length_km=15, excess_noise_snu=0.01, cutoff=6)
    merged = relative_bins(case.declared)
    found = rounds(case.declared, 0.45, merged)
    table = {event: item.low for item in case.seen.items for event in item.weights}
    frequencies = expected_frequencies(found, case.declared, table, 0.45, merged)
    for allowed in (0.0, radius):
        score = best_score(found, frequencies, alpha, allowed)
        values = numbers(found, score.point, alpha)[0]
        weights = 2 ** ((alpha - 1) / alpha * score.bits)
        reached = -alpha / (alpha - 1) * math.log2(float(weights @ values))
        assert 0 <= reached - score.constant < 3e-7


@pytest.mark.parametrize("alpha", [1.0005, 1.2])
def test_constant_holds_for_random_channels_and_those_near_the_worst(alpha: float) -> None:
    rng = np.random.default_rng(2)
    case = binned_quaternary(amplitude=0.8, length_km=15, excess_noise_snu=0.01, cutoff=3)
    found = rounds(case.declared, 0.4, relative_bins(case.declared))
    expected = numbers(found, random_channel(rng, 4), alpha)[0][:-1]
    score = best_score(found, np.append(expected, 1 - expected.sum()), alpha)
    weights = 2 ** ((alpha - 1) / alpha * score.bits)
    for share in (1.0, 0.3, 1e-2, 1e-4):
        for _ in range(10):
            point = (1 - share) * score.point + share * random_channel(rng, 4)
            reached = float(weights @ numbers(found, point, alpha)[0])
            assert score.constant <= -alpha / (alpha - 1) * math.log2(reached)


def test_rates_tend_to_the_asymptotic_one_of_the_same_bins_from_below() -> None:
    # No third ring: the worth of so rare an event shows only in the very longest blocks.
    case = binned_quaternary(amplitude=0.7, length_km=30, excess_noise_snu=0.02, cutoff=8, radii=(1.5,))
    merged = relative_bins(case.declared)
    bins: dict[str, dict[Event, float]] = {}
    values: dict[str, float] = {}
    for item in case.seen.items:
        (event,) = item.weights
        name = merged[event][1]
        bins.setdefault(name, {})[event] = 1.0
        values[name] = values.get(name, 0.0) + item.low
    seen = Observations(
        tuple(Observation(name, weights, values[name], values[name]) for name, weights in bins.items())
    )
    task = problem(case.declared, seen)
    solution = minimise(reduce(task, case.declared.symmetries), case.start)
    entropy = certify(task, solution.point, solution.barrier).bound / math.log(2)
    last = -math.inf
    for signals, excess, share in ((10**9, 1e-4, 0.3), (10**11, 1e-5, 0.1), (10**15, 1e-7, 0.01)):
        found = variable_length(case, CoherentBlock(signals, share), alpha=1 + excess, merged=merged)
        assert found.entropy_bits < (1 - share) * entropy
        assert last < found.rate < (1 - share) * (entropy - case.leak_bits)
        last = found.rate
    assert last == pytest.approx(0.99 * (entropy - case.leak_bits), rel=0.02)


def test_merged_counts_give_lengths() -> None:
    found = at("variable", 10**8, 20, (0.8, 0.55, 2e-4))
    counts = {
        event: round(1e8 * q) for event, q in zip(found.score.events, found.frequencies[:-1], strict=True)
    }
    leaked = math.ceil(found.leak_bits * 1e8)
    assert found.key_length(counts, leaked) == pytest.approx(found.rate * 1e8, abs=1000)
    counts["any state", "turned by 2"] += 100_000
    counts["any state", "turned by 0"] -= 100_000
    assert found.key_length(counts, leaked) < found.rate * 1e8 - 100_000


@pytest.mark.parametrize("radii", [(), (0.0, 1.0), (2.0, 1.0), (1.0, math.inf)])
def test_radii_ascend_from_above_zero(radii: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInput, match="radii"):
        binned_quaternary(amplitude=0.8, length_km=5, excess_noise_snu=0.0, radii=radii)
