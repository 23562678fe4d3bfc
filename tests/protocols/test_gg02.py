"""GG02: published rates, finite blocks, varying channels, statistics against samples."""

import numpy as np
import pytest
from scipy import constants

from noclone.core.errors import InvalidInput
from noclone.link import Fibre, FixedLoss, Link, MeasuredTransmittance, ThresholdDetectors
from noclone.link.coherent import CoherentReceiver, GaussianModulation
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.gg02 import GG02


def link_of(t, v_a=4.0, xi=0.01, eta=0.6, v_el=0.1, clock=1e8, channel=None, **bob):
    return Link(
        alice=GaussianModulation(modulation_variance_snu=v_a, excess_noise_snu=xi, clock_rate_hz=clock),
        channel=channel or FixedLoss(loss_db=-10 * np.log10(t)),
        bob=CoherentReceiver(efficiency=eta, electronic_noise_snu=v_el, **{"trusted": True} | bob),
    )


def total(protocol, link, **how):
    """The sum of the terms, which may be negative."""
    return float(sum(protocol.rate(link, **how).terms.values()))


def test_it_is_sound():
    assert check_protocol(GG02) == ()


def test_lodewyck_2007():
    rate = GG02(reconciliation_efficiency=0.898).rate(link_of(0.302, 18.5, 0.005, 0.606, 0.041))
    assert float(rate.rate_per_pulse) == pytest.approx(0.0351540900, abs=1e-10)
    assert float(rate.bounds["mutual_information_bits"]) == pytest.approx(1.04364964873, abs=1e-10)
    assert float(rate.bounds["holevo_bits"]) == pytest.approx(0.90204329456, abs=1e-10)
    assert np.isnan(rate.qber)


ZHANG_2020 = [  # loss dB, V_A, xi, v_el, beta, frame error rate, measured bit/s (PRL 125, 010502, Table I)
    (8.29, 14.14, 0.0033, 0.1881, 0.95, 0.5, 62000.0),
    (11.68, 14.12, 0.0049, 0.2411, 0.96, 0.1, 42800.0),
    (23.46, 14.23, 0.0086, 0.2717, 0.96, 0.1, 318.85),
    (32.45, 7.65, 0.0081, 0.1523, 0.98, 0.9, 6.214),
]


@pytest.mark.parametrize(("loss_db", "v_a", "xi", "v_el", "beta", "errors", "measured"), ZHANG_2020)
def test_zhang_2020_stays_below_the_model(loss_db, v_a, xi, v_el, beta, errors, measured):
    protocol = GG02(
        reconciliation_efficiency=beta, frame_error_rate=errors, estimation_share=0.1, bound="leverrier-2010"
    )
    rate = protocol.rate(link_of(10 ** (-loss_db / 10), v_a, xi, 0.6134, v_el, clock=5e6))
    assert measured < float(rate.rate_bps) < 10 * measured
    assert rate.security.regime == "asymptotic"


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_an_untrusted_receiver_is_a_longer_and_noisier_channel(detection):
    t, xi, eta, v = 0.3, 0.01, 0.6, 0.02
    ports = 2 if detection == "heterodyne" else 1
    untrusted = link_of(t, xi=xi, eta=eta, v_el=v, detection=detection, trusted=False)
    same = link_of(t * eta, xi=xi + ports * v / (eta * t), eta=1.0, v_el=0.0, detection=detection)
    assert total(GG02(), untrusted) == pytest.approx(total(GG02(), same), abs=1e-12)
    assert total(GG02(), untrusted) < total(GG02(), link_of(t, xi=xi, eta=eta, v_el=v, detection=detection))


@pytest.mark.parametrize("bound", ["leverrier-2010", "pirandola-2021"])
def test_finite_blocks(bound):
    protocol, link = GG02(estimation_share=0.5), link_of(10**-0.5)
    sizes = 10.0 ** np.arange(5, 17)
    rates = protocol.rate(link, bound=bound, pulses=sizes)
    limit = protocol.rate(link, bound=bound)
    assert np.all(np.diff(rates.rate_per_pulse) >= 0)
    assert float(rates.rate_per_pulse[-1]) == pytest.approx(float(limit.rate_per_pulse), rel=1e-4)
    assert float(limit.rate_per_pulse) == pytest.approx(0.5 * float(protocol.rate(link).rate_per_pulse))
    assert rates.security.regime == "finite"
    assert rates.security.eps_sec == 1e-9
    again = protocol.rate(link, bound=bound, sifted_bits=rates.sifted_bits)
    np.testing.assert_allclose(again.key_bits, rates.key_bits, rtol=1e-12)


def test_leverrier_is_near_the_published_form():
    # 25 km, N = 1e8, half disclosed, z = 6.5: .03636523 with the least transmittance alone.
    protocol = GG02(estimation_share=0.5, eps_sec=3e-10, bound="leverrier-2010")
    ours = total(protocol, link_of(10**-0.5), pulses=1e8) / 1e8
    assert 0.97 * 0.03636523 < ours < 0.03636523


def test_composable_keys_are_shorter():
    link, protocol = link_of(10**-0.5), GG02()
    ones = [float(protocol.rate(link, bound=name, pulses=1e9).key_bits) for name in list(GG02.BOUNDS)[1:]]
    assert 0 < ones[1] < ones[0]


def test_a_varying_channel_is_averaged_over_its_intervals():
    ts, shares = (0.5, 0.1, 0.001), (0.2, 0.5, 0.3)
    varying = MeasuredTransmittance(duration_s=shares, transmittance=ts)
    protocol = GG02()
    rate = protocol.rate(link_of(1, channel=varying))
    each = [float(protocol.rate(link_of(t)).rate_per_pulse) for t in ts]
    assert float(rate.rate_per_pulse) == pytest.approx(np.dot(shares, each))
    mean = float(protocol.rate(link_of(np.dot(shares, ts))).rate_per_pulse)
    assert abs(float(rate.rate_per_pulse) / mean - 1) > 0.02
    assert any("every interval" in text for text in rate.security.assumptions)
    finite = protocol.rate(link_of(1, channel=varying), bound="pirandola-2021", pulses=1e10)
    assert 0 < float(finite.rate_per_pulse) < float(rate.rate_per_pulse)


def test_raman_light_is_excess_noise_whatever_the_filter():
    quiet = link_of(1, channel=Fibre(length_km=25))
    rates = []
    for filter_nm in (0.1, 0.6):
        fibre = Fibre(length_km=25, forward_power_mw=1.0, filter_nm=filter_nm)
        rates.append(total(GG02(), link_of(1, channel=fibre)))
    assert rates[0] == pytest.approx(rates[1], rel=1e-9)
    # 2 N = lambda^3 / (h c^2) beta P L, referred to the channel's input (Kumar, Qin, Alleaume 2015).
    added = (1.55e-6) ** 3 / (constants.h * constants.c**2) * 3e-9 / 1e-9 * 1e-3 * 25
    noisy = link_of(1, channel=Fibre(length_km=25), xi=0.01 + added)
    assert rates[0] == pytest.approx(total(GG02(), noisy), rel=1e-9)
    assert rates[0] < total(GG02(), quiet)


class Foggy(FixedLoss):
    def noise_photons_per_s(self):
        return 1e6


def test_background_light_of_unknown_bandwidth_is_refused():
    with pytest.raises(InvalidInput, match="channel must say its filter_nm and wavelength_nm"):
        GG02().check_link(link_of(1, channel=Foggy(loss_db=3)))


LINKS = [
    link_of(0.5),
    link_of(0.1, detection="heterodyne"),
    link_of(0.9, v_a=20.0, xi=0.3, detection="heterodyne", adc_bits=6, adc_range=32.0),
    link_of(0.7, v_a=9.0, adc_bits=5, adc_range=24.0),
    link_of(1, channel=MeasuredTransmittance(duration_s=(1, 2, 1), transmittance=(0.9, 0.3, 0.05))),
    link_of(
        1,
        channel=MeasuredTransmittance(duration_s=(1, 2), transmittance=(0.8, 0.1)),
        detection="heterodyne",
        v_a=12.0,
    ),
    link_of(1, channel=Fibre(length_km=5, forward_power_mw=1e3), xi=0.0),
]


@pytest.mark.parametrize("index", range(len(LINKS)))
def test_samples_agree_with_statistics(index):
    link, protocol, rounds = LINKS[index], GG02(), 400_000
    protocol.check_link(link)
    sampled = protocol.sample(link, rounds, np.random.default_rng(100 + index))
    for row in compare(protocol.statistics(link), sampled, rounds):
        assert row.p_value > 1e-4, row


def test_the_variances_of_the_moments_are_exact():
    link, protocol, rounds = LINKS[5], GG02(), 500
    expected = protocol.statistics(link)
    rng = np.random.default_rng(4)
    runs = [protocol.sample(link, rounds, rng) for _ in range(1500)]
    for name, moment in expected.items():
        seen = np.var([run[name] for run in runs]) * rounds
        assert seen == pytest.approx(float(moment.variance), rel=0.15)


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        (
            Link(
                alice=LINKS[0].alice,
                channel=FixedLoss(loss_db=3),
                bob=ThresholdDetectors(efficiency=0.1),
            ),
            "bob must be coherent-receiver for gg02, but is threshold-detectors",
        ),
        (
            Link(
                alice=GaussianModulation(
                    modulation_variance_snu=4, squeezed_variance_snu=0.5, clock_rate_hz=1e6
                ),
                channel=FixedLoss(loss_db=3),
                bob=LINKS[0].bob,
            ),
            r"alice.squeezed_variance_snu is not used by gg02 and must keep its default 1.0, but is 0.5",
        ),
        (link_of(0.5, adc_bits=8, adc_range=4.0), r"bob.adc_range must be at least \d"),
    ],
)
def test_links_it_cannot_run_on(link, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        GG02().check_link(link)
