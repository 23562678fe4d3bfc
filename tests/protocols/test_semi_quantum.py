"""The three semi-quantum protocols: honest statistics, thresholds, sampled rounds, and what breaks which."""

import dataclasses
import itertools
import time

import numpy as np
import pytest
from scipy.optimize import brentq

from noclone.core.errors import InvalidInput
from noclone.link import (
    Fibre,
    FixedLoss,
    Link,
    MeasuredTransmittance,
    SinglePhotonSource,
    ThresholdDetectors,
)
from noclone.link.pair_sources import SinglePairSource
from noclone.link.timing import gate_share
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.measurement_free_semi_quantum import MeasurementFreeSemiQuantum
from noclone.protocols.mediated_semi_quantum import MediatedSemiQuantum
from noclone.protocols.semi_quantum import SemiQuantum

PHOTON = SinglePhotonSource(clock_rate_hz=1e8)
PROTOCOLS = [
    SemiQuantum(basis_prob=0.4, sift_prob=0.6),
    MediatedSemiQuantum(measure_prob=0.6, bell_efficiency=0.7),
    MeasurementFreeSemiQuantum(replace_prob=0.6, insecure=True),
]
FADING = MeasuredTransmittance(duration_s=(1, 2, 3), transmittance=(0.9, 0.5, 0.2))


def detectors(**changes):
    return ThresholdDetectors(**({"efficiency": 1.0, "dark_count_prob": 0.0, "misalignment": 0.0} | changes))


def direct(channel=None, **changes):
    return Link(alice=PHOTON, channel=channel or FixedLoss(loss_db=0), bob=detectors(**changes))


def mediated(channels=None, pair_error=0.0, **changes):
    return Link(
        alice=detectors(**changes),
        channels=channels or (FixedLoss(loss_db=0), FixedLoss(loss_db=0)),
        middle=SinglePairSource(clock_rate_hz=1e6, polarisation_error=pair_error),
        bob=detectors(**changes),
    )


def measurement_free(channels=None, **changes):
    return Link(
        alice=PHOTON,
        channels=channels or (FixedLoss(loss_db=0), FixedLoss(loss_db=0)),
        middle=detectors(**changes),
        bob=PHOTON,
    )


def links(protocol):
    two = (FixedLoss(loss_db=1), FixedLoss(loss_db=3))
    if isinstance(protocol, SemiQuantum):
        noisy = {"efficiency": 0.6, "dark_count_prob": 0.02, "misalignment": 0.07}
        return [
            direct(),
            direct(misalignment=0.5),
            direct(FixedLoss(loss_db=2), efficiency=0.7),
            direct(FixedLoss(loss_db=3), **noisy),
            direct(dark_count_prob=0.3),
            direct(FADING, **noisy),
        ]
    if isinstance(protocol, MediatedSemiQuantum):
        unequal = mediated(two, 0.04, dark_count_prob=0.03, misalignment=0.05)
        return [
            mediated(),
            mediated(misalignment=0.5),
            mediated(pair_error=0.1, efficiency=0.7),
            mediated(two, efficiency=0.6, dark_count_prob=0.2, misalignment=0.1),
            dataclasses.replace(unequal, bob=detectors(efficiency=0.5, misalignment=0.2)),
            mediated((FADING, FADING), dark_count_prob=0.05, misalignment=0.05),
        ]
    return [
        measurement_free(),
        measurement_free(misalignment=0.5),
        measurement_free(two, efficiency=0.6),
        measurement_free(two, misalignment=0.1),
        measurement_free((FADING, FADING), efficiency=0.8, misalignment=0.03),
    ]


def name(value):
    return value.NAME


@pytest.mark.parametrize("kind", [type(each) for each in PROTOCOLS], ids=name)
def test_it_is_sound(kind):
    assert check_protocol(kind) == ()


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=name)
def test_played_rounds_agree_with_the_statistics(protocol):
    rng = np.random.default_rng(3)
    p_values = []
    for link in links(protocol):
        protocol.check_link(link)
        played = protocol.sample(link, 200_000, rng)
        p_values += [row.p_value for row in compare(protocol.statistics(link), played, 200_000)]
    assert min(p_values) > 1e-3 / len(p_values)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=name)
def test_it_computes_in_batches_of_links(protocol):
    """Within 1e5 links per second and core, with room for a loaded machine."""
    link = links(protocol)[3]
    grid = np.linspace(0.0, 30.0, 20_000)
    stretched = {
        station: device.with_arrays({"loss_db": grid})
        for station, device in link.devices.items()
        if isinstance(device, FixedLoss)
    }
    grid_link = link.replaced(stretched)
    protocol.rate(grid_link)
    start = time.process_time()
    assert protocol.rate(grid_link).rate_per_pulse.shape == grid.shape
    assert time.process_time() - start < 0.2


def test_photons_cross_the_channel_twice_and_reach_the_classical_user_once():
    seen = SemiQuantum(basis_prob=0.5, sift_prob=0.5).statistics(direct(FixedLoss(loss_db=10)))
    assert float(seen["sifted z"]) == pytest.approx(0.25 * 0.01)
    assert float(seen["reflected x"]) == pytest.approx(0.25 * 0.01)
    quarter = SemiQuantum(basis_prob=0.5, sift_prob=0.5).rate(direct())
    assert float(quarter.rate_per_pulse) == pytest.approx(0.25)


def test_an_honest_server_says_minus_as_it_should():
    protocol = MediatedSemiQuantum(measure_prob=0.5, bell_efficiency=1.0)
    seen = protocol.statistics(mediated())
    assert float(seen["minus reflect"]) == 0
    assert [float(seen[each]) for each in ("minus alice", "minus bob", "sifted")] == [1 / 8] * 3
    assert float(protocol.rate(mediated()).rate_per_pulse) == pytest.approx(1 / 8)


def test_an_honest_third_party_announces_signs_as_it_should():
    protocol = MeasurementFreeSemiQuantum(replace_prob=0.5, insecure=True)
    seen = protocol.statistics(measurement_free())
    assert float(seen["minus reflect"]) == 0
    assert float(seen["minus one"]) == float(seen["one reflects"]) / 2
    assert float(protocol.rate(measurement_free()).rate_per_pulse) == pytest.approx(1 / 8)


def crossing_threshold(protocol, link, bound=None):
    """Errors per crossing at which the key ends."""

    def total(error):
        key = protocol.key(link(error), bound or protocol.own_bound, None)
        return float(sum(key.terms.values()))

    return brentq(total, 0.005, 0.2, xtol=1e-12)


def test_thresholds_per_crossing_without_loss():
    ideal = SemiQuantum(f_ec=1.0)
    assert crossing_threshold(ideal, lambda e: direct(misalignment=e)) == pytest.approx(0.079363, abs=1e-6)
    basic = crossing_threshold(ideal, lambda e: direct(misalignment=e), "krawec-2015")
    assert basic == pytest.approx(0.045781, abs=1e-6)


def test_the_first_bound_is_never_better_and_lossless_rates_need_no_efficiency():
    errors = np.linspace(0, 0.08, 30)
    link = direct()
    link = link.replaced({"bob": link.bob.with_arrays({"misalignment": errors})})
    better, basic = (SemiQuantum().rate(link, bound=each).rate_per_pulse for each in SemiQuantum.BOUNDS)
    assert np.all(better >= basic)
    lossy = link.replaced({"channel": FixedLoss(loss_db=7), "bob": link.bob.with_arrays({"efficiency": 0.3})})
    rates = SemiQuantum().rate(lossy)
    whole = SemiQuantum().rate(link)
    assert rates.bounds["phase_error"] == pytest.approx(whole.bounds["phase_error"], abs=1e-12)


def test_dark_counts_of_a_classical_user_cost_key():
    dark = [
        float(SemiQuantum().rate(direct(FixedLoss(loss_db=10), dark_count_prob=each)).rate_per_pulse)
        for each in (0.0, 1e-6, 1e-4)
    ]
    assert dark[0] > dark[1] > dark[2]
    users = [
        float(MediatedSemiQuantum().rate(mediated(dark_count_prob=each)).rate_per_pulse)
        for each in (0.0, 1e-4)
    ]
    assert users[0] > users[1] > 0


def cnot(qubits, control, target):
    """The matrix of a CNOT among some qubits."""
    size = 2**qubits
    matrix = np.zeros((size, size))
    for index in range(size):
        bits = [index >> (qubits - 1 - each) & 1 for each in range(qubits)]
        bits[target] ^= bits[control]
        matrix[int("".join(map(str, bits)), 2), index] = 1
    return matrix


def double_cnot(state, bob):
    """The photon and Eve's ancilla after CNOT, what Bob does to the photon, and CNOT again."""
    both = cnot(2, 0, 1)
    joint = both @ np.kron(np.outer(state, state), np.diag([1.0, 0.0])) @ both.T
    return both @ bob(joint) @ both.T


def measured_and_resent(joint):
    projectors = [np.kron(np.diag(each), np.eye(2)) for each in ([1.0, 0.0], [0.0, 1.0])]
    return sum(each @ joint @ each for each in projectors)


STATES = [np.array(each) / np.linalg.norm(each) for each in ([1, 0], [0, 1], [1, 1], [1, -1])]


@pytest.mark.parametrize("state", STATES)
def test_two_cnots_learn_nothing_where_what_was_measured_is_resent(state):
    after = double_cnot(state, measured_and_resent).reshape(2, 2, 2, 2)
    ancilla = np.einsum("iaib->ab", after)
    assert ancilla == pytest.approx(np.diag([1.0, 0.0]), abs=1e-12)


@pytest.mark.parametrize("state", STATES)
def test_two_cnots_copy_every_bit_of_the_mock_protocol_without_a_trace(state):
    """Where Bob measures without resending, Eve's ancilla keeps his bit; reflected photons show nothing."""
    reflected = double_cnot(state, lambda joint: joint).reshape(2, 2, 2, 2)
    assert np.einsum("iaja->ij", reflected) == pytest.approx(np.outer(state, state), abs=1e-12)
    outward = cnot(2, 0, 1) @ np.kron(np.outer(state, state), np.diag([1.0, 0.0])) @ cnot(2, 0, 1).T
    bob_and_eve = np.diag(measured_and_resent(outward)).reshape(2, 2)
    assert np.trace(bob_and_eve) == pytest.approx(1.0)


def test_random_bits_in_place_of_plus_break_the_reconstruction():
    """All announcements have the honest probabilities, and the third party knows every bit."""
    for reflects in itertools.product((True, False), repeat=2):
        honest, broken = np.zeros((2, 2)), np.zeros((2, 2))
        for a, b, sent_a, sent_b in itertools.product((0, 1), repeat=4):
            # Honest: |+> where reflected, the user's bit else; Bell states by parity and sign.
            plus = np.full(2, 0.5**0.5)
            first, second = plus if reflects[0] else np.eye(2)[a], plus if reflects[1] else np.eye(2)[b]
            pair = np.outer(first, second)
            for psi, minus in itertools.product((0, 1), repeat=2):
                overlap = pair[0, psi] + (-1) ** minus * pair[1, 1 - psi]
                honest[psi, minus] += overlap**2 / 2 / 16
            # Broken: known bits go out, known bits come back; nothing is measured but Z.
            back_a, back_b = sent_a if reflects[0] else a, sent_b if reflects[1] else b
            broken[back_a ^ back_b, (back_a ^ sent_a) ^ (back_b ^ sent_b)] += 1 / 16
            if not any(reflects):
                assert (back_a, back_b) == (a, b)
        assert broken == pytest.approx(honest, abs=1e-12)


def test_the_reconstruction_gives_no_rate_unless_one_insists():
    with pytest.raises(InvalidInput, match="must be true to compute measurement-free-semi-quantum"):
        MeasurementFreeSemiQuantum().rate(measurement_free())
    assert MeasurementFreeSemiQuantum(insecure=True).rate(measurement_free()).security.attacks == "none"


def test_what_a_protocol_does_not_use_is_refused_in_a_sentence():
    with pytest.raises(InvalidInput, match=r"bob\.dead_time_s is not used by semi-quantum"):
        SemiQuantum().check_link(direct(dead_time_s=1e-7))
    with pytest.raises(InvalidInput, match="middle is missing"):
        MediatedSemiQuantum().check_link(direct())
    with pytest.raises(InvalidInput, match=r"middle\.dark_count_prob is not used"):
        MeasurementFreeSemiQuantum().check_link(measurement_free(dark_count_prob=1e-6))
    slow = dataclasses.replace(measurement_free(), bob=SinglePhotonSource(clock_rate_hz=1e6))
    with pytest.raises(InvalidInput, match=r"must equal alice\.clock_rate_hz"):
        MeasurementFreeSemiQuantum().check_link(slow)


LONG = Fibre(length_km=5, dispersion_ps_per_nm_km=17, linewidth_nm=8)
"""680 ps on each crossing."""
SHORT = Fibre(length_km=5)
LIT = Fibre(length_km=5, dispersion_ps_per_nm_km=17, linewidth_nm=8, forward_power_mw=3.0)


def test_what_bob_reflects_is_lengthened_twice_and_what_he_sends_once():
    protocol = SemiQuantum(basis_prob=0.4, sift_prob=0.6)
    seen, best = protocol.statistics(direct(LONG)), protocol.statistics(direct(Fibre(length_km=5)))
    once, twice = (float(gate_share(1e-9, crossings * 0.68e-9)) for crossings in (1, 2))
    assert float(seen["reflected x"] / best["reflected x"]) == pytest.approx(twice)
    assert float(seen["sifted z"] / best["sifted z"]) == pytest.approx(once**2)
    assert 0 < protocol.rate(direct(LONG)).rate_per_pulse < protocol.rate(direct(SHORT)).rate_per_pulse


def test_played_rounds_agree_over_long_pulses_and_background():
    rng, rows = np.random.default_rng(11), []
    for protocol, link in (
        (PROTOCOLS[0], direct(LIT, jitter_s=5e-10, efficiency=0.7, misalignment=0.03)),
        (PROTOCOLS[1], mediated((LIT, LONG), jitter_s=5e-10, efficiency=0.7, misalignment=0.03)),
        (PROTOCOLS[2], measurement_free((LONG, SHORT), jitter_s=5e-10, misalignment=0.03)),
    ):
        protocol.check_link(link)
        played = protocol.sample(link, 400_000, rng)
        rows += compare(protocol.statistics(link), played, 400_000)
    assert min(row.p_value for row in rows) > 1e-3 / len(rows)


def test_the_third_party_without_measurements_pays_for_time_and_refuses_background():
    protocol = PROTOCOLS[2]
    good, late = measurement_free(), measurement_free(jitter_s=5e-9)
    spread = measurement_free((LONG, LONG))
    rates = [float(protocol.rate(each).rate_per_pulse) for each in (good, late)]
    assert rates[1] == pytest.approx(rates[0] * float(gate_share(1e-9, 5e-9)) ** 2)
    plain = protocol.statistics(measurement_free((SHORT, SHORT)))
    seen = protocol.statistics(spread)
    once, twice = (float(gate_share(1e-9, crossings * 0.68e-9)) for crossings in (1, 2))
    shares = {"both reflect": twice**2, "one reflects": once * twice, "both replace": once**2}
    for event, share in shares.items():
        assert float(seen[event] / plain[event]) == pytest.approx(share)
    with pytest.raises(InvalidInput, match="channels must be free of background light"):
        protocol.check_link(measurement_free((LIT, SHORT)))
