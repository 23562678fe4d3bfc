"""Clicks drawn by thinning have the law of a loop over pulses and photons.

Seven setups, 4e7 pulses each in both simulators, fixed seeds. The run is cut into 100 chunks of
equal length; a statistic is a count per chunk, and a two-sample Welch test compares its means, so
that correlations which dead time and after-pulses bring need no model. Rare counts are
compared by the exact conditional binomial test. The family-wise error over all statistics of all
setups is 1e-4 (Bonferroni).
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.sampling import clicks, per_pulse, photons, pulses

PULSES = 40_000_000
CHUNKS = 100
FAMILY_ERROR = 1e-4
RARE = 200  # events in both runs together

DECOY = ([0.5, 0.15, 0.001], [0.6, 0.25, 0.15])
SETUPS = {
    "no memory, much error": (*DECOY, DetectionModel(0.5, 0.1, 1e-5, 0.08), DetectorMemory()),
    "dead time": (*DECOY, DetectionModel(0.1, 0.1, 1e-6, 0.01), DetectorMemory(dead_pulses=100)),
    "after-pulses in the first live gate": (
        *DECOY,
        DetectionModel(0.1, 0.1, 1e-5, 0.01),
        DetectorMemory(dead_pulses=20, afterpulse_prob=0.05),
    ),
    "bright light, slow release": (
        [0.8, 0.1, 0.0],
        [0.5, 0.25, 0.25],
        DetectionModel(0.6, 0.5, 1e-3, 0.02),
        DetectorMemory(dead_pulses=5, afterpulse_prob=0.1, afterpulse_mean_pulses=20.0),
    ),
    "single photons, long dead time": (
        None,
        [1.0],
        DetectionModel(0.25, 0.2, 1e-4, 0.03),
        DetectorMemory(dead_pulses=1000, afterpulse_prob=0.03, afterpulse_mean_pulses=300.0),
    ),
    "paralysable, slow release": (
        *DECOY,
        DetectionModel(0.5, 0.3, 1e-4, 0.02),
        DetectorMemory(dead_pulses=20, afterpulse_prob=0.1, afterpulse_mean_pulses=15.0, paralysable=True),
    ),
    "unequal detectors": (
        *DECOY,
        DetectionModel(0.3, 0.4, 1e-5, 0.02, efficiency_mismatch=0.4),
        DetectorMemory(dead_pulses=7),
    ),
}


def statistics(got, memory):
    """Return counts per chunk of everything that clicks can show, shape (CHUNKS, statistics)."""
    chunk = got.position * CHUNKS // got.pulses
    settings = len(got.sent)

    def histogram(rows, labels, size):
        return np.bincount(chunk[rows] * size + labels, minlength=CHUNKS * size).reshape(CHUNKS, size)

    every = np.ones(len(chunk), bool)
    bins = np.unique(np.geomspace(1, 1e6, 25).astype(int))
    # Intervals around the end of the dead time gate by gate, longer ones in wide bins.
    after_dead = np.unique(np.r_[np.arange(12), np.geomspace(12, 1e6, 20).astype(int)])
    parts = [
        histogram(every, got.setting * 2 + got.outcome, 2 * settings),
        histogram(got.double_click, got.setting[got.double_click], settings),
        histogram(got.afterpulse, got.setting[got.afterpulse], settings),
        histogram(every, np.minimum(got.photons, 5) * 4 + got.flags, 24),
        histogram(every[1:].nonzero()[0] + 1, np.digitize(np.diff(got.position), bins), len(bins) + 1),
    ]
    for detector in (0, 1):
        fired = np.flatnonzero(got.double_click | (got.outcome == detector))
        live = np.diff(got.position[fired]) - 1 - memory.dead_pulses
        assert live.min() >= 0
        parts.append(histogram(fired[1:], np.digitize(live, after_dead), len(after_dead) + 1))
    return np.concatenate(parts, axis=1)


def p_values(first, second):
    """Return the p-values of equal means, one for each statistic that occurred."""
    first, second = (counts[:, (first + second).any(axis=0)] for counts in (first, second))
    total_1, total_2 = first.sum(axis=0), second.sum(axis=0)
    rare = total_1 + total_2 < RARE
    result = stats.ttest_ind(first, second, equal_var=False).pvalue
    result[rare] = [
        stats.binomtest(int(a), int(a + b)).pvalue for a, b in zip(total_1[rare], total_2[rare], strict=True)
    ]
    return result


def bb84(intensities, intensity_probs):
    """Return settings over (intensity, Alice's basis, her bit, Bob's basis), the last fastest."""
    rows = photons.single()[None] if intensities is None else photons.poisson(intensities)
    row, sent_basis, sent_bit, measured_basis = np.indices((len(rows), 2, 2, 2)).reshape(4, -1)
    basis = np.array([0.7, 0.3])
    return pulses.PulseSettings(
        probs=np.array(intensity_probs)[row] * basis[sent_basis] * 0.5 * basis[measured_basis],
        photon_probs=rows[row],
        sent_basis=sent_basis,
        sent_bit=sent_bit,
        measured_basis=measured_basis,
        signal=row == 0,
    )


def by_click(name, seed, **changes):
    """Simulate a setup click by click, with some parameters of its memory changed."""
    intensities, probs, model, memory = SETUPS[name]
    table = pulses.honest_table(model, bb84(intensities, probs))
    return clicks.joined(list(clicks.sample(table, replace(memory, **changes), PULSES, seed)))


def test_both_simulations_have_the_same_law():
    found = {}
    for name, (intensities, probs, model, memory) in SETUPS.items():
        thinned, settings = by_click(name, seed=11), bb84(intensities, probs)
        mean = np.repeat([0.0] if intensities is None else intensities, 8)
        fixed = np.full(8 * len(probs), int(intensities is None))
        looped = per_pulse.sample(settings, fixed, mean, model, memory, PULSES, seed=12)
        for got in (thinned, looped):
            assert stats.chisquare(got.sent, PULSES * settings.probs).pvalue > 1e-5
        found[name] = p_values(statistics(thinned, memory), statistics(looped, memory))
    count = sum(len(p) for p in found.values())
    assert count > 500
    smallest = {name: p.min() * count for name, p in found.items()}
    assert min(smallest.values()) > FAMILY_ERROR, smallest


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("dead time", {"dead_pulses": 101}),
        ("after-pulses in the first live gate", {"afterpulse_prob": 0.055}),
        ("bright light, slow release", {"afterpulse_mean_pulses": 21.0}),
        ("paralysable, slow release", {"paralysable": False}),
    ],
)
def test_the_comparison_sees_small_differences(name, change):
    memory = SETUPS[name][3]
    first, second = (statistics(by_click(name, seed, **c), memory) for seed, c in ((11, {}), (12, change)))
    p = p_values(first, second)
    assert p.min() * 1000 < FAMILY_ERROR
