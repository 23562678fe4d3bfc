"""Device-independent keys: statistics against sampling, losses, finite keys."""

import numpy as np
import pytest
from scipy.optimize import brentq

from noclone.core.errors import InvalidInput
from noclone.link import FixedLoss, Link, MeasuredTransmittance, ThresholdDetectors
from noclone.link.pair_sources import PulsedPairSource, SinglePairSource
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.device_independent import DeviceIndependent
from noclone.rates.device_independent import holevo_bits


def link(efficiency=0.95, dark=0.0, misalignment=0.0, error=0.0, loss=(0.1, 0.2)):
    station = ThresholdDetectors(efficiency=efficiency, dark_count_prob=dark, misalignment=misalignment)
    return Link(
        alice=station,
        channels=tuple(FixedLoss(loss_db=each) for each in loss),
        middle=SinglePairSource(polarisation_error=error, clock_rate_hz=1e6),
        bob=station,
    )


VARYING = link().replaced(
    {"channel_b": MeasuredTransmittance(duration_s=(1, 1, 2), transmittance=(1.0, 0.9, 0.3))}
)
LINKS = {
    "good": (link(dark=1e-3, misalignment=0.01), DeviceIndependent(test_prob=0.2)),
    "lossy": (link(efficiency=0.5, loss=(3.0, 10.0)), DeviceIndependent(test_prob=0.5)),
    "noisy": (link(error=0.1, dark=0.02), DeviceIndependent(test_prob=0.05)),
    "misaligned": (link(misalignment=0.2), DeviceIndependent(test_prob=0.8)),
    "varying": (VARYING, DeviceIndependent(test_prob=0.3)),
}


def test_nothing_is_wrong_with_it():
    assert check_protocol(DeviceIndependent) == ()


@pytest.mark.parametrize("name", LINKS)
def test_sampled_rounds_agree_with_the_statistics(name):
    where, protocol = LINKS[name]
    protocol.check_link(where)
    rounds = 300_000
    seen = protocol.sample(where, rounds, np.random.default_rng(41))
    for row in compare(protocol.statistics(where), seen, rounds):
        assert row.p_value > 1e-4, row


@pytest.mark.parametrize(("bound", "threshold"), [("acin-2007", 0.92314), ("ma-lutkenhaus-2012", 0.90777)])
def test_loss_in_the_channel_counts_like_loss_in_the_detector(bound, threshold):
    def rate(eta, loss_db):
        where = link(efficiency=eta, loss=(loss_db, loss_db))
        return sum(DeviceIndependent(f_ec=1.0).key(where, bound, None).terms.values())

    assert brentq(lambda eta: float(rate(eta, 0.0)), 0.85, 0.99) == pytest.approx(threshold, abs=1e-5)
    found = brentq(lambda loss: float(rate(1.0, loss)), 0.1, 0.6)
    assert 10 ** (-found / 10) == pytest.approx(threshold, abs=1e-5)


def test_threshold_of_the_error_rate():
    def rate(error):
        where = link(efficiency=1.0, loss=(0.0, 0.0), error=error)
        return float(sum(DeviceIndependent(f_ec=1.0).key(where, "acin-2007", None).terms.values()))

    assert brentq(rate, 0.05, 0.1) == pytest.approx(0.0714918, abs=1e-7)


def test_perfect_devices_give_one_bit_per_round_of_the_key():
    where = link(efficiency=1.0, loss=(0.0, 0.0))
    protocol = DeviceIndependent(test_prob=0.25)
    rate = protocol.rate(where)
    assert float(rate.rate_per_pulse) == pytest.approx(0.75)
    assert float(rate.bounds["chsh"]) == pytest.approx(2 * 2**0.5)


def test_finite_keys_grow_towards_the_asymptotic_one():
    where, protocol = DeviceIndependent.typical(0.3)
    sizes = np.geomspace(1e6, 1e20, 57)
    finite = protocol.rate(where, bound="arnon-friedman-2018", pulses=sizes)
    limit = protocol.rate(where, bound="arnon-friedman-2018")
    assert (np.diff(finite.rate_per_pulse) >= 0).all()
    assert finite.rate_per_pulse[0] == 0
    assert float(finite.rate_per_pulse[-1]) == pytest.approx(float(limit.rate_per_pulse), rel=1e-5)
    assert finite.security.attacks == "coherent"
    assert finite.security.eps_sec == protocol.eps_sec
    assert (finite.rate_per_pulse <= protocol.rate(where, bound="acin-2007").rate_per_pulse).all()


def test_rare_tests_suit_long_blocks_only():
    where, _ = DeviceIndependent.typical(0.0)
    tests = np.geomspace(1e-5, 0.5, 200)
    protocol = DeviceIndependent().with_arrays({"test_prob": tests})
    best = [
        tests[protocol.rate(where, bound="arnon-friedman-2018", pulses=size).rate_per_pulse.argmax()]
        for size in (1e9, 1e12, 1e15)
    ]
    assert best[0] > best[1] > best[2]


def test_kept_losses_help():
    where, protocol = DeviceIndependent.typical(1.0)
    kept, forgotten = (protocol.rate(where, bound=bound) for bound in ("ma-lutkenhaus-2012", "acin-2007"))
    assert float(kept.rate_per_pulse) > float(forgotten.rate_per_pulse) > 0
    assert float(kept.bounds["holevo_bits"]) == pytest.approx(float(holevo_bits(kept.bounds["chsh"])))


def test_a_source_of_many_pairs_is_refused():
    where, protocol = DeviceIndependent.typical(0.0)
    source = PulsedPairSource(mean_pairs=0.1, clock_rate_hz=1e6)
    with pytest.raises(InvalidInput, match="middle must be single-pairs for device-independent"):
        protocol.check_link(where.replaced({"middle": source}))
