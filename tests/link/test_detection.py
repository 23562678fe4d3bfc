"""Detection in one pulse against enumeration of every photon's fate; memory against its Markov chain."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.link.receivers import ThresholdDetectors

probs = st.floats(0, 1)


def enumerated(model, photons, matched, bit):
    """Sum over every photon's fate (lost, right detector, wrong detector) and both dark counts."""
    eta = model.channel_transmittance * model.efficiency
    wrong = model.misalignment if matched else 0.5
    fates = ((None, 1 - eta), (bit, eta * (1 - wrong)), (1 - bit, eta * wrong))
    result = np.zeros(4)
    darks = ((0, 1 - model.dark_count_prob), (1, model.dark_count_prob))
    for dark_0, dark_1, *each in itertools.product(darks, darks, *[fates] * photons):
        pattern = dark_0[0] | dark_1[0] << 1
        for detector, _ in each:
            if detector is not None:
                pattern |= 1 << detector
        result[pattern] += dark_0[1] * dark_1[1] * math.prod(prob for _, prob in each)
    return result


@pytest.mark.parametrize("photons", range(6))
@pytest.mark.parametrize(("matched", "bit"), [(True, 0), (True, 1), (False, 0), (False, 1)])
def test_patterns_are_the_sum_over_all_fates(photons, matched, bit):
    model = DetectionModel(0.3, 0.7, dark_count_prob=0.02, misalignment=0.1)
    got = model.patterns(photons, 0, bit, 0 if matched else 1)
    np.testing.assert_allclose(got, enumerated(model, photons, matched, bit), rtol=1e-12)


def test_patterns_keep_their_precision_where_double_clicks_are_rare():
    model = DetectionModel(1e-6, 0.1, dark_count_prob=1e-8, misalignment=0.01)
    both = model.patterns(1, 0, 0, 0)[3]
    # One photon: a double click needs at least one dark count.
    expected = 1e-7 * 1e-8 + (1 - 1e-7) * 1e-16
    assert both == pytest.approx(expected, rel=1e-6)


@given(eta=probs, receiver=probs, dark=probs, wrong=st.floats(0, 0.5), photons=st.integers(0, 40))
def test_patterns_are_a_distribution_and_symmetric_in_the_bit(eta, receiver, dark, wrong, photons):
    model = DetectionModel(eta, receiver, dark, wrong, proportional_afterpulse_prob=0.3)
    zero, one = model.patterns(photons, [0, 1], 0, [0, 0]), model.patterns(photons, [0, 1], 1, [0, 0])
    assert (zero >= 0).all()
    np.testing.assert_allclose(zero.sum(axis=-1), 1, atol=1e-12)
    np.testing.assert_allclose(zero, one[:, [0, 2, 1, 3]], atol=1e-12)


def test_coherent_light_is_a_poisson_mixture():
    model = DetectionModel(0.4, 0.5, 1e-3, 0.03, proportional_afterpulse_prob=0.02)
    photons = np.arange(60)
    weights = np.array([math.exp(-1.7) * 1.7**n / math.factorial(n) for n in photons])
    for sent_bit, measured in itertools.product((0, 1), (0, 1)):
        mixture = weights @ model.patterns(photons, 0, sent_bit, measured)
        np.testing.assert_allclose(model.coherent_patterns(1.7, 0, sent_bit, measured), mixture, rtol=1e-12)


def test_gain_and_error_of_weak_coherent_pulses():
    # Ma, Qi, Zhao and Lo, PRA 72, 012326 (2005), eqs. 10-11 with Y0 = 2 p_d: exact up to Y0^2 and
    # to double clicks, of order (eta mu)^2.
    eta, mu, dark, e_det = 1e-3, 0.48, 8.5e-7, 0.033
    model = DetectionModel(eta / 0.1, 0.1, dark, e_det)
    none, _, wrong, both = model.coherent_patterns(mu, 0, 0, 0)
    gain = 2 * dark + 1 - math.exp(-eta * mu)
    error = 0.5 * 2 * dark + e_det * (1 - math.exp(-eta * mu))
    assert 1 - none == pytest.approx(gain, rel=2e-6)
    assert wrong + both / 2 == pytest.approx(error, rel=1e-4)


def test_proportional_afterpulses_are_the_bookkeeping_of_lim_2014():
    plain = DetectionModel(0.1, 0.1, 6e-7, 5e-3)
    booked = DetectionModel(0.1, 0.1, 6e-7, 5e-3, proportional_afterpulse_prob=0.04)
    before, after = (model.coherent_patterns(0.5, 0, 0, 0) for model in (plain, booked))
    click = 1 - before[0]
    assert 1 - after[0] == pytest.approx(click * 1.04, rel=1e-12)
    error_before, error_after = before[2] + before[3] / 2, after[2] + after[3] / 2
    assert error_after == pytest.approx(error_before + 0.04 * click / 2, rel=1e-12)


def test_parameters_and_arguments_broadcast():
    model = DetectionModel(np.geomspace(1e-4, 1, 5)[:, None], 0.2, 1e-6, 0.01)
    patterns = model.patterns([0, 1, 2], 0, 1, 0)
    assert patterns.shape == (5, 3, 4)
    np.testing.assert_array_equal(
        patterns[4], DetectionModel(1.0, 0.2, 1e-6, 0.01).patterns([0, 1, 2], 0, 1, 0)
    )


@pytest.mark.parametrize(
    ("dead_time_s", "clock_rate_hz", "dead_pulses"),
    [(0, 1e9, 0), (100e-9, 1e9, 100), (0.6e-6, 1e6, 0), (1e-6, 1e6, 1), (20e-6, 5e6, 100), (0.29, 100, 29)],
)
def test_dead_pulses_are_those_within_the_dead_time(dead_time_s, clock_rate_hz, dead_pulses):
    detectors = ThresholdDetectors(efficiency=0.1, dead_time_s=dead_time_s)
    assert DetectorMemory.of(detectors, clock_rate_hz).dead_pulses == dead_pulses


def test_afterpulses_are_either_remembered_or_booked():
    for afterpulsing, remembered, booked in (("physical", 0.04, 0), ("proportional", 0, 0.04)):
        detectors = ThresholdDetectors(
            efficiency=0.1, afterpulse_prob=0.04, afterpulse_time_s=1e-6, afterpulsing=afterpulsing
        )
        memory, model = DetectorMemory.of(detectors, 1e8), DetectionModel.of(detectors, 0.5)
        assert (memory.afterpulse_prob, model.proportional_afterpulse_prob) == (remembered, booked)
        assert memory.afterpulse_mean_pulses == pytest.approx(100)


def markov_chain(probs, patterns, memory):
    """Solve the two detectors' joint state exactly: P(pattern clicks | setting) in the stationary state.

    A detector's state is (gates still dead, carrier trapped); the next gate follows from the
    definition of `DetectorMemory` by enumeration.
    """
    leave = 1 - math.exp(-1 / memory.afterpulse_mean_pulses) if memory.afterpulse_mean_pulses else 1.0
    single = [(dead, trap) for dead in range(memory.dead_pulses + 1) for trap in (0, 1)]

    def step(state, triggered):
        """Yield (probability, clicks, next state) of one detector."""
        dead, trap = state
        if dead:
            starts_anew = memory.paralysable and triggered
            yield 1.0, 0, (memory.dead_pulses if starts_anew else dead - 1, trap)
            return
        for released, prob in ((1, leave * trap), (0, 1 - leave * trap)):
            if released or triggered:
                yield prob * memory.afterpulse_prob, 1, (memory.dead_pulses, 1)
                yield prob * (1 - memory.afterpulse_prob), 1, (memory.dead_pulses, 0)
            else:
                yield prob, 0, (0, trap)

    states = {pair: k for k, pair in enumerate(itertools.product(single, single))}
    move = np.zeros((4, len(states), len(states)))  # by light pattern
    click = np.zeros((4, len(states), 4))
    for (first, second), k in states.items():
        for light in range(4):
            for p, c, to_first in step(first, light & 1):
                for q, d, to_second in step(second, light >> 1):
                    move[light, k, states[to_first, to_second]] += p * q
                    click[light, k, c | d << 1] += p * q
    chain = np.einsum("j,jl,lkm->km", probs, patterns, move)
    system = np.vstack([chain.T - np.eye(len(states)), np.ones(len(states))])
    stationary = np.linalg.lstsq(system, np.r_[np.zeros(len(states)), 1], rcond=None)[0]
    return np.einsum("jl,k,lkc->jc", patterns, stationary, click)


MEMORIES = [
    DetectorMemory(),
    DetectorMemory(dead_pulses=4),
    DetectorMemory(dead_pulses=0, afterpulse_prob=0.3),
    DetectorMemory(dead_pulses=3, afterpulse_prob=0.2, afterpulse_mean_pulses=2.5),
    DetectorMemory(dead_pulses=6, afterpulse_prob=0.4, afterpulse_mean_pulses=10.0),
    DetectorMemory(dead_pulses=4, paralysable=True),
    DetectorMemory(dead_pulses=5, afterpulse_prob=0.4, afterpulse_mean_pulses=6.0, paralysable=True),
]


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("intensity", [0.02, 0.5])
def test_expected_patterns_against_the_exact_chain(memory, intensity):
    model = DetectionModel(0.5, 0.5, 1e-3, 0.05)
    probs = np.array([0.5, 0.2, 0.2, 0.1])
    patterns = model.coherent_patterns(
        intensity * np.array([1, 1, 1, 0.1]), [0, 0, 0, 1], [0, 1, 1, 0], [0, 0, 1, 0]
    )
    got, exact = memory.expected_patterns(probs, patterns), markov_chain(probs, patterns, memory)
    for columns in ([1, 3], [2, 3]):  # each detector by itself is exact
        np.testing.assert_allclose(got[:, columns].sum(1), exact[:, columns].sum(1), rtol=1e-9)
    # The split between single and double clicks is approximate, the better the dimmer the light.
    np.testing.assert_allclose(got, exact, rtol=0.05 if intensity < 0.1 else 0.25)


def test_expected_patterns_without_memory_are_the_patterns():
    patterns = DetectionModel(0.5, 0.5, 1e-3, 0.05).coherent_patterns([0.5, 0.1], 0, [0, 1], 0)
    np.testing.assert_allclose(DetectorMemory().expected_patterns([0.6, 0.4], patterns), patterns, rtol=1e-14)


def test_expected_patterns_of_a_dead_counter_and_of_a_batch_of_links():
    model = DetectionModel(np.geomspace(1e-3, 1, 7)[:, None], 0.2)
    patterns = model.coherent_patterns(0.5, 0, [0, 1], 0)  # bits 0 and 1, each to its own detector
    memory = DetectorMemory(dead_pulses=50, afterpulse_prob=np.zeros(7))
    got = memory.expected_patterns([0.5, 0.5], patterns)
    assert got.shape == (7, 2, 4)
    trigger = 0.5 * patterns[:, 0, 1]
    np.testing.assert_allclose(got[:, 0, 1], patterns[:, 0, 1] / (1 + 50 * trigger), rtol=1e-12)


def test_expected_patterns_of_a_link_that_never_clicks():
    memory = DetectorMemory(dead_pulses=10, afterpulse_prob=0.1, afterpulse_mean_pulses=3.0)
    assert memory.expected_patterns([1.0], [[1.0, 0.0, 0.0, 0.0]]).tolist() == [[1.0, 0.0, 0.0, 0.0]]


@pytest.mark.parametrize("load", [0.03, 0.5, 2.0])
@pytest.mark.parametrize("kind", ["non-paralysable", "paralysable"])
def test_dead_time_formulas_of_counters(load, kind):
    # R / (1 + R tau) and R exp(-R tau) (Knoll, Radiation Detection and Measurement, ch. 4), where the
    # gates are short against the dead time.
    detectors = ThresholdDetectors(efficiency=1.0, dead_time_s=1e-5, dead_time_kind=kind)
    memory = DetectorMemory.of(detectors, clock_rate_hz=1e11)
    trigger = load / 1e6
    clicks = memory.expected_patterns([1.0], [[1 - trigger, trigger, 0.0, 0.0]])[0, 1] * 1e11
    rate = load * 1e5
    counted = rate / (1 + load) if kind == "non-paralysable" else rate * math.exp(-load)
    assert clicks == pytest.approx(counted, rel=1e-5)


def test_a_paralysed_counter_is_silent_and_a_dark_one_live():
    memory = DetectorMemory(dead_pulses=100_000, paralysable=True)
    bright, dark = [[0.1, 0.9, 0.0, 0.0]], [[1.0, 0.0, 0.0, 0.0]]
    assert memory.expected_patterns([1.0], bright).tolist() == [[1.0, 0.0, 0.0, 0.0]]
    assert memory.expected_patterns([1.0], dark).tolist() == dark


@pytest.mark.parametrize("photons", range(5))
@pytest.mark.parametrize(("matched", "bit"), [(True, 0), (True, 1), (False, 0), (False, 1)])
def test_unequal_detectors_are_equal_ones_of_which_the_second_loses_more(photons, matched, bit):
    model = DetectionModel(0.3, 0.7, dark_count_prob=0.02, misalignment=0.1, efficiency_mismatch=0.6)
    eta, wrong = 0.21, 0.1 if matched else 0.5
    to_1 = 1 - wrong if bit else wrong
    fates = ((0, eta * (1 - to_1)), (1, eta * to_1 * 0.6), (None, 1 - eta * (1 - to_1) - eta * to_1 * 0.6))
    expected = np.zeros(4)
    darks = ((0, 0.98), (1, 0.02))
    for dark_0, dark_1, *each in itertools.product(darks, darks, *[fates] * photons):
        pattern = dark_0[0] | dark_1[0] << 1
        for detector, _ in each:
            if detector is not None:
                pattern |= 1 << detector
        expected[pattern] += dark_0[1] * dark_1[1] * math.prod(prob for _, prob in each)
    got = model.patterns(photons, 0, bit, 0 if matched else 1)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
