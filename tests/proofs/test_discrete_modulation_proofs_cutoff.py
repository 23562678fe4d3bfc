"""The cutoff of the photon number: every inequality on random states, and what it costs."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from noclone.core.errors import InvalidInput
from noclone.proofs.library.dimension_reduction import BEYOND, correction_bits, flagged, tail
from noclone.proofs.library.quaternary import quaternary
from noclone.proofs.library.thermal_loss import choi_operator, weight_beyond
from noclone.proofs.objective import value
from noclone.proofs.observations import Observations
from noclone.proofs.problem import problem
from noclone.proofs.proving import prove_case
from noclone.protocols.declaration import Declaration, Outcome, Signal

SIZE = 60
LOWER = np.diag(np.sqrt(np.arange(1, SIZE)), 1)


@settings(max_examples=60, deadline=None)
@given(
    beta=st.floats(0, 1.2),
    strength=st.floats(-5, -0.5),
    fall=st.floats(0.05, 0.6),
    order=st.integers(2, 4),
    cutoff=st.integers(6, 12),
    seed=st.integers(0, 2**32 - 1),
)
def test_tail_bounds_random_states(beta, strength, fall, order, cutoff, seed):
    random = np.random.default_rng(seed)
    displaced = random.normal(size=25) + 1j * random.normal(size=25)
    displaced *= 10**strength * fall ** np.arange(25)
    displaced[0] = 1
    displaced /= np.linalg.norm(displaced)
    state = expm(beta * (LOWER.T - LOWER))[:, :25] @ displaced
    state /= np.linalg.norm(state)
    back = LOWER - beta * np.eye(SIZE)
    moments, lowered = [], state
    for _ in range(order):
        lowered = back @ lowered
        moments.append(float(np.linalg.norm(lowered) ** 2) * (1 + 1e-9) + 1e-25)
    found = tail(beta, moments, cutoff)
    short = np.where(np.arange(SIZE) <= cutoff, state, 0)
    number = np.arange(SIZE)
    assert np.linalg.norm(state - short) ** 2 <= found.weight + 1e-15
    assert number @ (np.abs(state) ** 2 - np.abs(short) ** 2) <= found.photons + 1e-15
    for power, factor, most in ((1, 2, found.quadrature), (2, 4, found.square)):
        operator = np.linalg.matrix_power(LOWER, power)
        change = np.vdot(state, operator @ state) - np.vdot(short, operator @ short)
        assert factor * abs(change) <= most + 1e-14


def test_tail_of_a_coherent_state_is_poissonian():
    # without noise nothing but the coherent state itself is beyond the cutoff
    found = tail(0.7, [0.0, 0.0], 8)
    weights = np.abs(expm(0.7 * (LOWER.T - LOWER))[:, 0]) ** 2
    assert found.weight == pytest.approx(weights[9:].sum(), rel=1e-9)


def random_operators(random, count, size):
    """Return a random POVM, and not one that respects a cutoff."""
    roots = random.normal(size=(count, size, size)) + 1j * random.normal(size=(count, size, size))
    parts = [root @ root.conj().T for root in roots]
    levels, vectors = np.linalg.eigh(sum(parts))
    scale = (vectors / np.sqrt(levels)) @ vectors.conj().T
    return [scale @ part @ scale for part in parts]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), leaving=st.floats(-6, -0.3), kept=st.sampled_from([2, 3]))
def test_correction_covers_what_the_cutoff_takes(seed, leaving, kept):
    random = np.random.default_rng(seed)
    size, inside = 4, 2
    states = random.normal(size=(2, 2)) + 1j * random.normal(size=(2, 2))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    signals = {str(k): Signal(0.5, state, k, "") for k, state in enumerate(states)}
    elements = random_operators(random, 3, size)

    def protocol(cut):
        outcomes = {
            str(z): Outcome(each[:cut, :cut], "key" if z < kept else "none")
            for z, each in enumerate(elements)
        }
        return Declaration(
            signals, outcomes, {("", str(z)): z for z in range(kept)}, reconciliation="reverse"
        )

    # a channel whose output is mostly inside: Kraus operators with small last rows
    kraus = random.normal(size=(2, size, 2)) + 1j * random.normal(size=(2, size, 2))
    kraus[:, inside:] *= 10**leaving
    levels, vectors = np.linalg.eigh(sum(each.conj().T @ each for each in kraus))
    kraus = kraus @ ((vectors / np.sqrt(levels)) @ vectors.conj().T)
    flat = [each.T.ravel() for each in kraus]
    choi = sum(np.outer(each, each.conj()) for each in flat)
    whole = problem(protocol(size), Observations(()))
    short = choi.reshape(2, size, 2, size)[:, :inside, :, :inside].reshape(2 * inside, -1)
    weight = 1 - np.trace(np.kron(sum(s.operator for s in signals.values()), np.eye(inside)) @ short).real
    loss = value(problem(protocol(inside), Observations(())), short) - value(whole, choi)
    assert loss / np.log(2) <= correction_bits(weight, kept) + 1e-12


def test_correction_is_no_larger_than_that_of_the_literature():
    # Upadhyaya et al., PRX Quantum 2, 020325 (2021), Theorem 3
    def entropy(x):
        return -x * np.log2(x) - (1 - x) * np.log2(1 - x)

    for weight in np.logspace(-14, -2, 13):
        root = np.sqrt(weight)
        theirs = root * np.log2(4) + (1 + root) * entropy(root / (1 + root))
        assert 0.85 * theirs < correction_bits(weight, 4) < theirs


def test_flag_makes_no_key():
    case = quaternary(amplitude=0.7, length_km=30, excess_noise_snu=0.01, cutoff=6, tail_order=2)
    declared = case.declared
    assert declared.dimensions == (4, 8)
    for name, outcome in declared.outcomes.items():
        assert (outcome.element[7, 7] == 1) == (name == BEYOND)
    assert all(seen != BEYOND for _, seen in declared.bits)
    assert not any("cutoff" in text for text in case.security.assumptions)
    with pytest.raises(InvalidInput, match="outcomes must not have 'beyond the cutoff'"):
        flagged(declared)


def test_rate_with_the_cutoff_paid_for_approaches_the_assumed_one():
    point = {"amplitude": 0.72, "length_km": 50, "excess_noise_snu": 0.01}
    assumed = prove_case(quaternary(**point))
    rates = [prove_case(quaternary(**point, tail_order=order)).rate for order in (2, 3, 4)]
    assert rates == sorted(rates)
    assert rates[2] < assumed.rate
    assert 0.84 < rates[0] / assumed.rate < 0.87
    assert rates[2] / assumed.rate > 0.9999
    assumption = assumed.security.assumptions[0]
    assert assumption.startswith("Eve never sends Bob more than 10 photons (the cutoff); the modelled light")


@pytest.mark.parametrize(
    "settings",
    [{}, {"detection": "homodyne"}, {"count": 3}, {"trusted": False, "electronic_noise_snu": 0.01}],
)
def test_what_is_seen_below_an_assumed_cutoff_is_that_of_a_channel_below_it(settings):
    # by a matter of rounding, although the light exceeds this cutoff noticeably
    case = quaternary(amplitude=0.9, length_km=5, excess_noise_snu=0.01, cutoff=8, **settings)
    task = problem(case.declared, case.seen)
    given = np.einsum("kij,ji->k", task.operators, case.start).real
    assert np.abs(given - task.low).max() < 1e-14
    assert np.array_equal(task.low, task.high)
    assert np.linalg.eigvalsh(case.start)[0] > -1e-14


@pytest.mark.parametrize(("amplitude", "photons"), [(0.0, 0.3), (0.7, 0.0), (0.9, 0.2), (2.0, 1e-9)])
def test_weight_beyond_is_what_the_channel_misses(amplitude, photons):
    point = max(amplitude, 1e-9)
    for cutoff in (2, 6):
        channel = choi_operator(np.eye(1), np.array([point + 0j]), 1.0, photons, cutoff + 1)
        missed = 1 - np.trace(channel).real
        assert weight_beyond(cutoff, amplitude, photons) == pytest.approx(missed, rel=1e-9, abs=1e-15)


def test_assumption_says_how_much_of_the_light_is_beyond():
    # Poisson's distribution with the mean 10^-0.1
    mean = 10**-0.1
    beyond = sum(mean**n * np.exp(-mean) / factorial(n) for n in range(11, 40))
    said = quaternary(amplitude=1, length_km=5, excess_noise_snu=0).security.assumptions[0]
    assert said == (
        "Eve never sends Bob more than 10 photons (the cutoff); the modelled light does so with probability "
        f"{beyond:.1g}."
    )


def test_cutoff_that_is_too_small_is_refused_with_the_least_that_is_not():
    point = {"amplitude": 1, "length_km": 0, "excess_noise_snu": 0}
    with pytest.raises(InvalidInput, match=r"cutoff must be at least 9, but is 7: .* probability 1e-05"):
        quaternary(**point, cutoff=7)
    with pytest.raises(InvalidInput, match="but is 8"):
        quaternary(**point, cutoff=8)
    assert quaternary(**point, cutoff=9).start is not None
    assert quaternary(**point, cutoff=7, tail_order=2).start is not None
    with pytest.raises(InvalidInput, match="cutoff cannot be large enough: the light has more than 60"):
        quaternary(amplitude=10, length_km=0, excess_noise_snu=0)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(
    ("amplitude", "length_km", "noise"),
    [(0.35, 1000, 0.01), (0.5, 20, 1e-16), (0.5, 1000, 1e-300), (0.5, 0, 1e-300)],
)
def test_next_to_no_noise_needs_no_logarithm_of_zero(amplitude, length_km, noise):
    case = quaternary(amplitude=amplitude, length_km=length_km, excess_noise_snu=noise)
    assert np.isfinite(case.start).all()
    quiet = quaternary(amplitude=amplitude, length_km=length_km, excess_noise_snu=0)
    assert np.allclose(case.start, quiet.start, atol=1e-12)
