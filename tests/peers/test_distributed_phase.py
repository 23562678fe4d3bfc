"""DPS, COW, COW' and RRDPS beside `qkd` 0.2.0, on random parameters.

Where both compute the same quantity from the same numbers they agree. What differs, and who is right:

- Receivers. `qkd` counts the photons of a round-robin block in the limit of weak light, and counts both
  ports of the COW' monitor where both click. Here clicks of threshold detectors are counted as they happen,
  a double click for one port; the statistics agree with pulses that are played. The difference is of the
  order of the light itself, so rates are compared at equal gains.
- The phase error of COW' (our "tightened"). `qkd` solves a semidefinite programme to 1e-9; ours is a closed
  form whose minimum over one number is the same optimum. Both are proved upper bounds. Ours is never the
  larger by more than 1e-6, and is smaller where the programme stops early (weak light) or fails.
- Finite COW'. The same formulas; `qkd` rounds the length down, and leaves the trials of Kato's inequality to
  the user, which here are all sequences.
- Finite three-sequence COW is refused by `qkd` and has no bound here: both because it is broken.
- Finite RRDPS. From the same counts, `qkd` follows the experiment of Takesue et al., where blocks of too many
  photons are phase errors; here they are tagged, as in the proof of Sasaki et al. Both are right, and tagging
  never gives the shorter key.
- The photon threshold of RRDPS. `qkd` takes it as an argument; here it is the best one.
"""

import importlib

import numpy as np
import pytest

from noclone.link import FixedLoss, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.cow_vacuum_tail import CoherentOneWayVacuumTail
from noclone.rates.coherent_one_way import legacy_rate
from noclone.rates.differential_phase import block_phase_errors, individual_secrecy
from noclone.rates.entropy import binary_entropy
from noclone.rates.kato import kato_interval
from noclone.rates.round_robin import (
    binomial_ceiling,
    collective_leaks,
    phase_error_leaks,
    secret_bits_of_block,
    tagged_cost,
)
from noclone.rates.vacuum_decoy import MonitorGains, gao_phase_error, tightened_phase_error

core = importlib.import_module("qkd._core")

SETS = 250


def sets(seed, *ranges):
    """Random parameters, evenly in these ranges."""
    rng = np.random.default_rng(seed)
    return [tuple(rng.uniform(*each) for each in ranges) for _ in range(SETS)]


def agree(ours, theirs, rel=1e-6):
    assert np.asarray(ours, float) == pytest.approx(np.asarray(theirs, float), rel=rel, abs=1e-15)


def test_dps_rate_against_individual_attacks():
    ours, theirs = [], []
    for gain, qber, mu, f_ec in sets(1, (1e-6, 0.2), (0, 0.15), (1e-3, 0.49), (1, 1.5)):
        rate = gain * (individual_secrecy(qber, mu) - f_ec * binary_entropy(qber))
        ours.append(max(float(rate), 0.0))
        theirs.append(core.dps_rate(gain, qber, mu, f_ec))
    assert np.count_nonzero(theirs) > 50
    agree(ours, theirs)


def test_dps_rate_of_its_guide():
    # "DPS 50 km .00198769" of qkd's guide: mu = .2, detectors of 20 %, 1e-6 dark counts, errors of .5 %.
    gain = 1 - (1 - 1e-6) ** 2 * np.exp(-0.2 * 0.1 * 0.2)
    rate = gain * (individual_secrecy(0.005, 0.2) - 1.16 * binary_entropy(0.005))
    assert rate == pytest.approx(0.00198769, rel=5e-5)


def test_dps_phase_errors_of_many_rounds():
    for log_mu, error, share in sets(2, (-6, -2.5), (0, 0.1), (0.1, 0.9)):
        mu, blocks, kept = 10**log_mu, 1e34, 1e-2
        tails = core.dps_source(mu)
        counts = blocks * kept * share, blocks * kept * (1 - share)
        found = core.dps_phase(blocks, *counts, error, *tails, share, 1e-10, 1e-10, True)
        agree(block_phase_errors(error * kept, mu), found / (blocks * share))


def test_cow_legacy_rate():
    for gain, qber, phase_error, f_ec in sets(3, (1e-6, 0.2), (0, 0.1), (0, 0.3), (1, 1.5)):
        agree(
            np.maximum(legacy_rate(gain, qber, phase_error, f_ec), 0.0),
            core.cow_rate(gain, qber, phase_error, f_ec),
        )


def monitors(seed):
    """Gains of an honest COW' monitor for random links, as `qkd` computes them."""
    for log_mu, share, log_eta, log_dark in sets(seed, (-4, -0.5), (0.05, 0.95), (-3, 0), (-8, -5)):
        mu = 10**log_mu
        bright, faint = core.sdp_gains(mu, share, 10**log_eta, 10**log_dark)
        yield mu, bright, faint


def gains_of(bright, faint, low=None):
    low = bright[:2] if low is None else low
    values = (bright[2], faint[2], bright[1], faint[1], bright[0], faint[0], low[1], low[0])
    return MonitorGains(*(np.asarray(value, float) for value in values))


def test_cow_prime_published_phase_error():
    for mu, bright, faint in monitors(4):
        found = core.sdp_analytic(mu, bright, faint)
        agree(gao_phase_error(mu, gains_of(bright, faint)), min(found, 0.5))


def test_cow_prime_published_phase_error_of_bounded_gains():
    for mu, bright, faint in monitors(5):
        low = [0.9 * bright[0], 0.95 * bright[1]]
        found = core.sdp_interval(mu, bright, faint, low)
        agree(gao_phase_error(mu, gains_of(bright, faint, low)), min(found, 0.5))


def test_cow_prime_tightened_phase_error_is_that_of_the_semidefinite_programme():
    equal = 0
    ranges = (-2.5, -0.7), (0.3, 0.9), (-0.8, 0), (-8, -5)
    for log_mu, share, log_eta, log_dark in sets(6, *ranges) + sets(14, *ranges):
        mu = 10**log_mu
        bright, faint = core.sdp_gains(mu, share, 10**log_eta, 10**log_dark)
        ours = float(tightened_phase_error(mu, gains_of(bright, faint)))
        # The programme's own precision is absolute: weak light shows it less exactly.
        if ours >= 0.5 or bright[2] < 2e-4:
            continue
        theirs, _, _ = core.sdp_phase(mu, bright, faint)
        assert ours <= theirs * (1 + 1e-9)
        assert ours == pytest.approx(theirs, rel=1e-6)
        equal += 1
    assert equal >= 200


def test_kato_interval():
    for log_trials, log_share, log_eps in sets(10, (4, 14), (-6, -0.4), (-12, -2)):
        trials, eps = 10**log_trials, 10**log_eps
        count = trials * 10**log_share
        lower, upper = kato_interval(count, trials, eps)
        agree(upper, count + core.sdp_kato(trials, count, eps, True))
        agree(lower, max(count - core.sdp_kato(trials, count, eps, False), 0.0))


def test_cow_prime_length_of_a_block():
    lengths = 0
    for loss_db, log_ratio, share, log_size in sets(11, (0, 15), (-2.5, -1.2), (0.2, 0.8), (9, 14)):
        mu, pulses = 10 ** (log_ratio - loss_db / 10), 10**log_size
        link = Link(
            alice=WeakCoherentSource(intensities=(mu,), clock_rate_hz=1e9),
            channel=FixedLoss(loss_db=loss_db),
            bob=ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-9, misalignment=0.002),
        )
        protocol = CoherentOneWayVacuumTail(monitor_share=share, bound="li-2024")
        seen, eps = protocol.statistics(link), 1e-10
        sent = {"bit": 0.4, "decoy": 0.05, "vacuum": 0.05}

        def interval(name, seen=seen, pulses=pulses, sent=sent, eps=eps):
            count, trials = float(seen[name]) * pulses, 0.5 * pulses
            unit = sent[name.split()[0]] * pulses
            above = count + core.sdp_kato(trials, count, eps, True)
            below = max(count - core.sdp_kato(trials, count, eps, False), 0.0)
            return below / unit, above / unit

        bits = [float(seen[f"bit {side}"]) / sent["bit"] for side in ("bright", "faint")]
        bright = [interval("vacuum bright"), interval("decoy bright")]
        faint = [interval("vacuum faint")[1], interval("decoy faint")[1]]
        expected = core.sdp_interval(
            mu,
            [bright[0][1], bright[1][1], bits[0], bits[0]],
            [*faint, bits[1], bits[1]],
            [bright[0][0], bright[1][0]],
        )
        kept = float(seen["kept"]) * pulses
        phase_error = core.sdp_sample(min(expected, 0.5), kept, eps)
        qber = float(seen["wrong"] / seen["kept"])
        theirs = core.sdp_length(kept, qber, min(phase_error, 0.5), 1.1, 1e-9, 1e-15)
        ours = protocol.rate(link, pulses=pulses).key_bits
        assert theirs == pytest.approx(float(ours), rel=1e-6, abs=1.0)
        lengths += theirs > 0
    assert lengths > 50


def test_round_robin_leaks():
    rng = np.random.default_rng(12)
    for pulses in rng.integers(3, 65, SETS):
        tight, loose = collective_leaks(int(pulses)), phase_error_leaks(int(pulses))
        photons = int(rng.integers(1, min(len(tight), 8) + 1))
        agree(tight[photons - 1], core.rrdps_collective(int(pulses), photons))
        if photons <= len(loose):
            agree(loose[photons - 1], core.rrdps_leak(int(pulses), photons))


@pytest.mark.parametrize(
    ("leaks", "their_leak"),
    [(phase_error_leaks, core.rrdps_leak), (collective_leaks, core.rrdps_collective)],
    ids=["sasaki", "yin"],
)
def test_round_robin_rate(leaks, their_leak):
    positive = 0
    for size, log_mu, log_eta, log_dark, error in sets(13, (4, 25), (-3, -0.7), (-3, 0), (-8, -5), (0, 0.1)):
        pulses, mu = int(size), 10**log_mu
        kept, qber = core.rrdps_counts(pulses, mu, 10**log_eta, 10**log_dark, error)
        table = leaks(pulses)
        theirs = (
            max(
                core.rrdps_rate(
                    kept,
                    qber,
                    core.rrdps_tag(kept, core.rrdps_src(pulses, mu, photons), their_leak(pulses, photons)),
                    1.16,
                    pulses,
                )
                for photons in range(1, len(table) + 1)
            )
            if len(table)
            else 0.0
        )
        cost = tagged_cost(kept, pulses * mu, table)
        ours = kept / pulses * (1.0 - cost - 1.16 * binary_entropy(qber))
        agree(max(float(ours), 0.0), theirs)
        positive += theirs > 0
    assert positive > 40


def test_round_robin_finite_length():
    positive = 0
    for size, log_mu, log_kept, log_sent in sets(15, (6, 40), (-4, -1.5), (-2, -1), (6, 13)):
        pulses, mean, sent, eps = int(size), int(size) * 10**log_mu, int(10**log_sent), 1e-20
        kept = int(sent * 10**log_kept)
        expected = theirs = 0.0
        for photons in range(1, len(phase_error_leaks(pulses)) + 1):
            tail = core.rrdps_src(pulses, mean / pulses, photons)
            faults = core.rrdps_above(sent, tail, eps)
            agree(binomial_ceiling(sent, tail, eps), faults, rel=1e-6 + 1.0 / faults)
            rest = kept - faults
            if rest > 0:
                phase = core.rrdps_above(int(rest), photons / (pulses - 1), eps)
                expected = max(expected, rest * (1.0 - float(binary_entropy(min(phase / rest, 0.5)))))
                theirs = max(theirs, core.rrdps_length(kept, 0.0, faults, phase, 0.0, 1.0, 1e-300, 1e-300))
        ours = float(secret_bits_of_block(kept, sent, mean, pulses, eps))
        # It rounds counts up to whole ones: at most a few bits.
        assert expected == pytest.approx(ours, rel=1e-6, abs=20.0)
        assert theirs <= ours + 1.0
        positive += expected > 1e4
    assert positive > 100
