"""Simulated telemetry against the records of the click-level simulation, and against closed forms."""

import time

import numpy as np
import pytest
from scipy import stats

import noclone as nc
from noclone.attacks import InterceptResend, PhotonNumberSplitting
from noclone.core.errors import InvalidInput
from noclone.records.pulse_features import pulse_columns, record_telemetry
from noclone.simulation.drift import FIELD, Drift
from noclone.simulation.pulse_telemetry import pulse_telemetry

SETUP = nc.load("lim-2014")


@pytest.mark.parametrize("attack", [None, PhotonNumberSplitting(fraction=0.5), InterceptResend(fraction=0.3)])
def test_telemetry_has_the_law_of_the_click_level_simulation(attack):
    blocks, pulses = 40, 10**6
    seen = record_telemetry(*nc.simulate(SETUP, pulses=blocks * pulses, attack=attack, seed=3), 3, blocks)
    drawn = pulse_telemetry(SETUP, 400, pulses, attack=attack, seed=5)
    p_values = [stats.mannwhitneyu(seen.column(name), drawn.column(name)).pvalue for name in pulse_columns(3)]
    assert min(p_values) * len(p_values) > 1e-3


def test_gains_are_those_of_the_protocol_s_own_expectation():
    expected = SETUP.recorded.expected(SETUP.link, 10**8)
    telemetry = pulse_telemetry(SETUP, 200, 10**8, seed=2)
    clicks = sum(telemetry.column(f"clicks[{k}]") for k in range(3))
    error = clicks.std() / np.sqrt(len(clicks))
    assert clicks.mean() == pytest.approx(float(expected.detections), abs=4 * error)


def test_drift_widens_what_counting_alone_would_spread():
    steady, drifting = (
        pulse_telemetry(SETUP, 500, 10**7, drift=drift, interval_s=600, seed=4).column("clicks[0]")
        for drift in (Drift(), FIELD)
    )
    assert steady.std() == pytest.approx(np.sqrt(steady.mean()), rel=0.15)
    assert drifting.std() > 2 * steady.std()


def test_drift_has_the_spread_and_the_memory_that_it_declares():
    drift = Drift(misalignment_share=0.1, correlation_s=1000)
    paths = np.array(
        [
            drift.weather(np.arange(50) * 100.0, np.random.default_rng(seed)).misalignment
            for seed in range(2000)
        ]
    )
    assert paths.std() == pytest.approx(0.1, rel=0.02)
    assert paths[:, 0].std() == pytest.approx(0.1, rel=0.06)
    assert np.corrcoef(paths[:, 10], paths[:, 20])[0, 1] == pytest.approx(np.exp(-1), abs=0.05)


def test_the_same_seed_gives_the_same_bits_and_runs_differ():
    first, again, other = (
        pulse_telemetry(SETUP, 300, 10**6, drift=FIELD, seed=7, run=run).values for run in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    short = pulse_telemetry(SETUP, 256, 10**6, seed=7).values
    np.testing.assert_array_equal(short, pulse_telemetry(SETUP, 300, 10**6, seed=7).values[:256])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocks": 0}, "blocks must be"),
        ({"pulses_per_block": 1.5}, "pulses_per_block must be a whole number"),
        ({"pulses_per_block": float("nan")}, "pulses_per_block must be a whole number"),
    ],
)
def test_bad_input_gets_a_sentence(change, message):
    with pytest.raises(InvalidInput, match=message):
        pulse_telemetry(SETUP, **({"blocks": 1, "pulses_per_block": 1e6} | change))


@pytest.mark.parametrize("attack", [None, PhotonNumberSplitting(fraction=0.3)])
def test_two_thousand_blocks_a_second(attack):
    pulse_telemetry(SETUP, 256, 10**6, attack=attack, drift=FIELD, interval_s=60)
    start = time.process_time()
    pulse_telemetry(SETUP, 2048, 10**6, attack=attack, drift=FIELD, interval_s=60)
    assert 2048 / (time.process_time() - start) > 2000
