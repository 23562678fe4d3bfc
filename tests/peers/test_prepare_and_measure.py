"""Six-state, SARG04, B92 and GLLP beside `qkd` 0.2.0, on random parameters.

Where both compute the same quantity from the same numbers they agree. They differ in four places:

- Errors of several photons. `qkd` gives each click the error probability of one photon; here photons divide
  between the detectors one by one and double clicks are decided by a coin. For one and two photons that is
  the same; for more the count of `test_threshold_detection` says that it is not.
- The finite six-state key: here the verification of equal keys costs log2(2 / eps_cor) bits, which `qkd`
  leaves out.
- The phase errors of B92 at error rates near 1/2 of channels other than the depolarising one: the search
  of `qkd` misses a corner of the possible states, and brute force finds more (`test_b92`). No key is
  affected.
- Plain B92 with coherent states. `qkd` prices it with the proof for single photons. That is not secure: at a
  transmittance of 1/2 and less Eve can discriminate the states, hide her failures, and show Bob exactly what
  he expects, while `qkd` reports a positive rate (the last tests). Here B92 needs single photons or decoys,
  or a strong reference.
"""

import importlib

import numpy as np
import pytest

from noclone.link import FixedLoss, Link, SinglePhotonSource, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.b92 import B92
from noclone.protocols.sarg04 import SARG04
from noclone.protocols.six_state import FINITE, SixState
from noclone.protocols.weak_coherent_bb84 import WeakCoherentBB84
from noclone.rates import b92, sarg04, six_state, strong_reference_b92
from noclone.rates.bb84 import gllp_rate
from noclone.rates.entropy import binary_entropy
from noclone.rates.threshold_detection import record_of_light

core = importlib.import_module("qkd._core")

SETS = 250


def sets(seed, *ranges):
    """Random parameters, evenly in these ranges."""
    rng = np.random.default_rng(seed)
    return [tuple(rng.uniform(*each) for each in ranges) for _ in range(SETS)]


def agree(ours, theirs, floor=1e-12):
    assert max(float(ours), 0.0) == pytest.approx(theirs, rel=1e-6, abs=floor)


def test_six_state_fractions():
    for x, y, part, f in sets(1, (0.005, 0.15), (0.005, 0.15), (0.0, 1.0), (1.0, 1.3)):
        z = abs(x - y) + part * (x + y - abs(x - y))
        agree(six_state.eavesdropper_information(x, y, z), core.sixstate_eve(x, y, z))
        agree(six_state.secret_fraction(x, y, z, f), core.sixstate_secret(x, y, z, f))


def test_six_state_with_infinitely_many_decoys():
    for log_mu, db, error, log_dark in sets(2, (-2, 0), (0, 30), (0.001, 0.06), (-9, -5)):
        link = Link(
            alice=WeakCoherentSource(intensities=(10**log_mu,), clock_rate_hz=1.0),
            channel=FixedLoss(loss_db=db),
            bob=ThresholdDetectors(efficiency=0.5, dark_count_prob=10**log_dark, misalignment=error),
        )
        key = SixState(basis_prob=0.8, f_ec=1.16, bound="infinite-decoy").key(link, "infinite-decoy", None)
        seen = SixState(basis_prob=0.8).statistics(link)
        gain = float(seen["sifted z"]) / 0.64
        single = float(key.terms["single photons"] / (1 - key.bounds["eavesdropper_information"])) / 0.64
        theirs = core.sixstate_rate(
            0.64, gain, float(key.qber), single, float(key.bounds["single_photon_error"]), 1.16
        )
        agree(sum(key.terms.values()), theirs)


def test_six_state_finite_keys():
    for log_pulses, bias, error, db in sets(3, (7, 13), (0.4, 0.95), (0.0, 0.08), (0, 20)):
        pulses, detected = np.array(10**log_pulses), 10 ** (-db / 10)
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1.0),
            channel=FixedLoss(loss_db=db),
            bob=ThresholdDetectors(efficiency=1.0, misalignment=error),
        )
        protocol = SixState(basis_prob=bias, f_ec=1.1, eps_sec=1e-9, eps_cor=1e-12)
        ours = protocol.rate(link, pulses=pulses, bound=FINITE).key_bits
        theirs = core.sixstate_length(
            float(pulses * detected * bias**2),
            float(pulses * detected * ((1 - bias) / 2) ** 2),
            error,
            error,
            1.1,
            1e-9 + 1e-12,
            1e-12,
        )[0]
        verification = np.log2(2 / 1e-12)
        # They round down; the rest is rounding of 1e-9 + 1e-12 - 1e-12.
        agree(ours, max(theirs - verification, 0.0), floor=2.0)


def test_sarg04_terms():
    for e1, e2, e, share, pairs, f in sets(4, (0, 0.4), (0, 0.2), (0, 0.2), (0.2, 0.8), (0, 0.2), (1.0, 1.3)):
        agree(1 - sarg04.single_photon_secrecy(e1), core.sarg_cost(e1)[0])
        agree(sarg04.pair_phase_error(e2), core.sarg_phase(e2))
        gain = 1e-3
        ours = sarg04.decoy_rate(
            gain, e * gain, share * gain, e1 * share * gain, pairs * gain, e2 * pairs * gain, f
        )
        agree(sum(ours), core.sarg_rate(gain, e, share * gain, e1, pairs * gain, e2, f))


def test_sarg04_yields_of_one_and_two_photons():
    protocol = SARG04()
    for db, error in sets(5, (0, 40), (0, 0.3)):
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1.0),
            channel=FixedLoss(loss_db=db),
            bob=ThresholdDetectors(efficiency=1.0, misalignment=error),
        )
        for photons in (1, 2):
            gain, wrong = protocol._conclusive(link, photons)
            theirs = core.sarg_yield(10 ** (-db / 10), 0.0, error, photons)
            agree(gain, theirs[0])
            agree(wrong / gain, theirs[1])


def test_b92_with_single_photons():
    for overlap, loss, depolarisation, f in sets(6, (0.1, 0.97), (0.0, 0.9), (0.0, 0.1), (1.0, 1.3)):
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1.0),
            channel=FixedLoss(loss_db=-10 * np.log10(1 - loss)),
            bob=ThresholdDetectors(efficiency=1.0, misalignment=2 * depolarisation / 3),
        )
        answer = B92(overlap=overlap, f_ec=f).rate(link)
        gain, error, phase_error, rate = core.b92_plain(overlap, loss, depolarisation, f)
        agree(answer.sifted_bits, gain)
        agree(answer.qber, error)
        # Their bound is a search over the losses; here it is in closed form.
        agree(answer.bounds["phase_error"], phase_error, floor=1e-7)
        agree(answer.rate_per_pulse, rate, floor=1e-7)


def test_gllp_without_decoys():
    for log_mu, db, error, f in sets(7, (-4, -0.5), (0, 25), (0.001, 0.06), (1.0, 1.3)):
        link = Link(
            alice=WeakCoherentSource(intensities=(10**log_mu,), clock_rate_hz=1.0),
            channel=FixedLoss(loss_db=db),
            bob=ThresholdDetectors(efficiency=0.6, dark_count_prob=1e-7, misalignment=error),
        )
        protocol = WeakCoherentBB84(f_ec=f)
        key = protocol.key(link, "gllp", None)
        single = 2 * float(key.bounds["single_photons"])
        gain = 2 * float(key.sifted)
        theirs = core.bb84_rate(0.5, gain, float(key.qber), single, float(key.bounds["phase_error"]), f)
        agree(sum(key.terms.values()), theirs)
        agree(gllp_rate(10**log_mu, gain, gain * key.qber, f) / 2, theirs)


def vacuum_and_weak(mu, nu, gains, errors):
    """Single-photon gain and error of Ma et al., PRA 72, 012326 (2005), eqs. (34) and (37)."""
    ratio = nu**2 / mu**2
    vacuum = gains[2]
    bracket = gains[1] * np.exp(nu) - gains[0] * np.exp(mu) * ratio - (1 - ratio) * vacuum
    single = mu / (mu * nu - nu**2) * bracket
    wrong = (errors[1] * gains[1] * np.exp(nu) - errors[2] * vacuum) / nu
    return single * mu * np.exp(-mu), wrong / single


def test_the_examples_of_its_documentation():
    eta, dark = 0.045 * 10 ** (-0.021 * 25), 1 - (1 - 8.5e-7) ** 2
    pairs = (core.decoy_gain(0.48, eta, dark, 0.033), core.decoy_gain(0.1, eta, dark, 0.033), (dark, 0.5))
    gains, errors = zip(*pairs, strict=True)
    single, error = vacuum_and_weak(0.48, 0.1, gains, errors)
    rate = single * (1 - six_state.eavesdropper_information(error, error, error))
    rate -= 1.22 * gains[0] * binary_entropy(errors[0])
    assert rate / 3 == pytest.approx(5.2213e-4, abs=5e-9)
    pairs = (core.sarg_gain(0.2, eta, dark, 0.033), core.sarg_gain(0.05, eta, dark, 0.033), (dark / 2, 0.5))
    gains, errors = zip(*pairs, strict=True)
    single, error = vacuum_and_weak(0.2, 0.05, gains, errors)
    rate = sum(sarg04.decoy_rate(gains[0], gains[0] * errors[0], single, single * error, 0.0, 0.0, 1.22))
    assert rate == pytest.approx(5.0980e-5, abs=5e-10)


def test_nulling_receivers():
    for log_mu, db, error, log_dark in sets(8, (-3, 0.3), (0, 40), (0, 0.3), (-9, -2)):
        mu, way = 10**log_mu, 10 ** (-db / 10)
        light = 0.6 * way * mu
        gain, wrong = strong_reference_b92.nulled_gains(light, light, error, 10**log_dark)
        theirs = core.b92_detect(mu, way, 0.6, 1 - 2 * error, 10**log_dark)
        agree(gain, theirs[0])
        agree(wrong / gain, theirs[1])
        errors = strong_reference_b92.phase_errors(mu, light, gain, wrong) / gain
        rate = gain * (1 - binary_entropy(errors) - binary_entropy(np.minimum(wrong / gain, 0.5)))
        assert rate <= core.b92_ceiling(mu, way, 0.6, 1 - 2 * error, 10**log_dark) + 1e-12


def test_coherent_b92_without_a_reference_is_the_single_photon_formula():
    """The example of its documentation: .06125854 at an intensity of .23 and a transmittance of .6."""
    overlap, loss = np.exp(-0.46), 0.4
    gain = (1 - loss) * (1 - overlap**2) / 2
    phase_error = b92.phase_errors(overlap, 1 - loss, gain, 0.0) / gain
    assert phase_error == pytest.approx(0.19469133, abs=5e-9)
    conclusive = strong_reference_b92.nulled_gains(0.138, 0.138, 0.0, 0.0)[0]
    assert conclusive * (1 - binary_entropy(phase_error)) == pytest.approx(0.06125854, abs=5e-9)


@pytest.mark.parametrize(("intensity", "transmittance"), [(0.1, 0.4), (0.05, 0.3), (0.02, 0.1)])
def test_coherent_b92_without_a_reference_is_broken_where_it_gives_a_rate(intensity, transmittance):
    """Discrimination succeeds with 1 - exp(-2 mu); then Eve sends a pulse whose wrong guess surely clicks.

    Her conclusive rate without any error is half of that, and Bob expects only
    (1 - exp(-4 mu T)) / 2, which is less for T <= 1/2: she knows every bit and is not seen.
    """
    gain, error, _, rate = core.b92_point(intensity, transmittance, 1.0, 1.0, 0.0, 0.0, 1.0, False)
    assert error == 0.0
    assert rate > 0.0
    assert core.b92_usd(core.b92_overlap(intensity)) / 2 >= gain


def test_errors_of_many_photons_differ_by_the_double_clicks():
    """At little light the two models meet; at much they differ by what double clicks add."""
    for light, apart in ((1e-4, 1e-4), (0.5, 0.05)):
        gain, error = core.decoy_gain(light, 1.0, 0.0, 0.03)
        ours = record_of_light(light, 1.0, 0.03, 0.0) / gain
        assert ours == pytest.approx(error, rel=apart)
    assert float(ours) != pytest.approx(error, rel=1e-3)
