"""Decoy states: ranges that hold for every source of weak pulses, the closed form of the field, refusals."""

import dataclasses
import math

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from noclone.core.errors import InvalidInput
from noclone.proofs.decoys import WeakPulses, decoy_bounds
from noclone.proofs.decoys_check import proven, vacuum_bits
from noclone.proofs.library.lossy import with_loss
from noclone.proofs.library.pairs import of_pair
from noclone.proofs.observations import Observation, Observations
from noclone.protocols.four_states import bb84_declaration

LOSSY = with_loss(bb84_declaration(0.5))
EVENT = {("z0", "z0"): 1.0}
MOST = 0.25  # probability of z0


def seen_with(rates, slack=0.0):
    return [Observations((Observation("rate", EVENT, r - slack, r + slack),)) for r in rates]


def pulses(*intensities):
    return WeakPulses(intensities, (1 / len(intensities),) * len(intensities), (0,))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.lists(st.floats(0.01, 1.5), min_size=1, max_size=3, unique=True),
    st.floats(0, 1),
)
def test_true_rates_lie_in_the_ranges(yields, intensities, tail):
    # Any rate of each photon number; all beyond the list have one rate, so no number is left out.
    rates, total = [], np.array(yields) * MOST
    for mu in intensities:
        probs = poisson.pmf(np.arange(len(total)), mu)
        rates.append(float(probs @ total + poisson.sf(len(total) - 1, mu) * tail * MOST))
    found = decoy_bounds(LOSSY, pulses(*intensities), seen_with(rates, 1e-14)).rates[0]
    one = total[1] if len(total) > 1 else tail * MOST
    assert found.end(0, 1) <= total[0] + 1e-12
    assert found.end(1, 1) - 1e-12 <= one <= found.end(1, -1) + 1e-12


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=6),
    st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
    st.lists(st.floats(0.01, 1.5), min_size=1, max_size=3, unique=True),
)
def test_what_empty_pulses_share_never_excludes_the_truth(yields, empty, intensities):
    # Bob sees 0 and 1 of an empty pulse with probabilities that no signal changes; all else is free.
    kept = {(f"z{i}", f"z{j}"): 1.0 for i in (0, 1) for j in (0, 1)}
    wrong = {("z0", "z1"): 1.0, ("z1", "z0"): 1.0}
    true = {
        "kept": np.array([0.5 * sum(empty), *(0.5 * y for y, _ in yields)]),
        "wrong": np.array([0.25 * sum(empty), *(0.5 * y for _, y in yields)]),
    }
    seen = []
    for mu in intensities:
        rates = {name: float(poisson.pmf(np.arange(len(y)), mu) @ y) for name, y in true.items()}
        seen.append(
            Observations(
                tuple(
                    Observation(name, events, rates[name] - 1e-14, rates[name] + 1e-14)
                    for name, events in (("kept", kept), ("wrong", wrong))
                )
            )
        )
    for rate in decoy_bounds(LOSSY, pulses(*intensities), seen).rates:
        y = true[rate.name]
        assert rate.end(0, 1) <= y[0] + 1e-12
        assert rate.end(1, 1) - 1e-12 <= y[1] <= rate.end(1, -1) + 1e-12


@pytest.mark.parametrize("transmittance", [0.5, 1e-2, 1e-4, 1e-6])
def test_vacuum_and_weak_decoy_meet_the_closed_form(transmittance):
    # Ma, Qi, Zhao and Lo, PRA 72, 012326 (2005), eq. (34): the least Y1 with a vacuum and a weak decoy.
    mu, nu = 0.5, 0.1
    rates = [MOST * (1 - (1 - 1e-5) * math.exp(-transmittance * x)) for x in (mu, nu, 0.0)]
    found = decoy_bounds(LOSSY, pulses(mu, nu, 0.0), seen_with(rates)).rates[0]
    y0 = rates[2]
    y1 = rates[1] * math.exp(nu) - rates[0] * math.exp(mu) * nu**2 / mu**2 - y0 * (1 - nu**2 / mu**2)
    y1 *= mu / (mu * nu - nu**2)
    assert found.end(1, 1) == pytest.approx(y1, rel=1e-6)
    assert found.end(1, 1) <= y1 * (1 + 1e-12)
    assert found.end(0, 1) == pytest.approx(y0, rel=1e-9)


def test_ranges_of_seen_rates_widen_the_result():
    rates = [MOST * (1 - math.exp(-0.1 * x)) for x in (0.5, 0.1, 0.0)]
    exact = decoy_bounds(LOSSY, pulses(0.5, 0.1, 0.0), seen_with(rates)).rates[0]
    loose = [Observations((Observation("rate", EVENT, 0.99 * r, 1.01 * r),)) for r in rates]
    wide = decoy_bounds(LOSSY, pulses(0.5, 0.1, 0.0), loose).rates[0]
    assert wide.end(1, 1) < exact.end(1, 1) < exact.end(1, -1) < wide.end(1, -1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([1, -1]),
)
def test_decimal_bound_lies_below_its_enclosure_in_ball_arithmetic(multipliers, photons, sign):
    intensities, rates, most = (0.9, 0.1, 1e-3), (0.2, 0.03, 1e-3), 0.7
    with ctx.workprec(300):
        a, mu = [arb(x) for x in multipliers], [arb(x) for x in intensities]
        total = sum((x * arb(q) for x, q in zip(a, rates, strict=True)), arb(0))
        for n in range(60):
            probs = [(-m).exp() * m**n / math.factorial(n) for m in mu]
            slope = sum((x * p for x, p in zip(a, probs, strict=True)), arb(0))
            total -= arb(most) * (slope - (sign if n == photons else 0)).max(arb(0))
        seen = [([("s", "k", 1.0)], rates, rates)]
        got = proven(intensities, {"s": most}, seen, 0, photons, sign, [multipliers])
        assert arb(got) < total
        assert got == pytest.approx(float(total), rel=1e-14)


def test_any_multipliers_are_safe_and_the_solvers_are_the_best():
    rates = [MOST * (1 - math.exp(-0.1 * x)) for x in (0.5, 0.1, 0.0)]
    rate = decoy_bounds(LOSSY, pulses(0.5, 0.1, 0.0), seen_with(rates)).rates[0]
    bound = next(b for b in rate.bounds if (b.photons, b.sign) == (1, 1))
    rng = np.random.default_rng(1)
    for scale in (1e-6, 1e-3, 1e-1):
        moved = np.array(bound.multipliers) * (1 + scale * rng.normal(size=3))
        got = proven((0.5, 0.1, 0.0), {"z0": MOST}, [([("z0", "z0", 1.0)], rates, rates)], 0, 1, 1, moved)
        assert got <= bound.value + 1e-12


def test_vacuum_counts_each_event_once():
    signals = {"z0": ("z", 0, 0.3), "z1": ("z", 1, 0.1), "x0": ("x", 0, 0.6)}
    kept = {("z", "c")}
    both = [("z0", "c", 1.0), ("z1", "c", 1.0)]
    entropy = -0.75 * math.log2(0.75) - 0.25 * math.log2(0.25)
    assert vacuum_bits([(both, 0.2), (both[:1], 0.1)], signals, kept) == pytest.approx(0.2 * entropy)
    assert vacuum_bits([([("x0", "c", 1.0)], 0.2)], signals, kept) == 0
    assert vacuum_bits([([("z0", "c", 0.5)], 0.2)], signals, kept) == 0


def test_bad_input_is_named():
    good = seen_with([0.1, 0.02])
    with pytest.raises(InvalidInput, match="different numbers"):
        WeakPulses((0.5, 0.5), (0.5, 0.5), (0,))
    with pytest.raises(InvalidInput, match="must sum to 1"):
        WeakPulses((0.5, 0.1), (0.5, 0.4), (0,))
    with pytest.raises(InvalidInput, match="one for each of the 3 intensities, but are 2"):
        decoy_bounds(LOSSY, pulses(0.5, 0.1, 0.0), good)
    with pytest.raises(InvalidInput, match="no weak pulses of these"):
        decoy_bounds(LOSSY, pulses(0.5, 0.1), seen_with([0.02, 0.2]))
    other = dataclasses.replace(good[0].items[0], name="other")
    with pytest.raises(InvalidInput, match="same observations"):
        decoy_bounds(LOSSY, pulses(0.5, 0.1), [good[0], Observations((other,))])
    negative = Observations((Observation("rate", {("z0", "z0"): -1.0}, -0.1, -0.1),))
    with pytest.raises(InvalidInput, match="weights of at least 0"):
        decoy_bounds(LOSSY, pulses(0.5), [negative])
    with pytest.raises(InvalidInput, match="radius"):
        decoy_bounds(LOSSY, pulses(0.5), [dataclasses.replace(good[0], radius=0.1)])
    with pytest.raises(InvalidInput, match="states that Alice sends"):
        decoy_bounds(with_loss(of_pair(bb84_declaration(0.5))), pulses(0.5, 0.1), good)
