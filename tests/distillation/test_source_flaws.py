"""The distilled key pays for the flaws of the source."""

import pytest

import noclone as nc
from noclone.link.sources import HeraldedSource, QuantumDotSource
from noclone.protocols.heralded_decoy_bb84 import HeraldedDecoyBB84

LASER = {"intensities": (0.5, 0.15, 0.0), "clock_rate_hz": 1e9}
BOB = nc.ThresholdDetectors(efficiency=0.5, dark_count_prob=1e-7, misalignment=0.01)


def setup_with(source, protocol):
    return nc.Setup(nc.Link(alice=source, channel=nc.FixedLoss(loss_db=5), bob=BOB), protocol, pulses=4e7)


@pytest.mark.parametrize(
    "flaw",
    [
        {"intensity_fluctuation": 0.02, "intensity_correlation": 1e-4},
        {"random_phases": 7, "trojan_photons": 1e-6},
    ],
)
def test_a_flawed_laser_gives_less_key_than_an_ideal_one_from_the_same_records(flaw):
    protocol = nc.DecoyBB84(intensity_probs=(0.5, 0.3, 0.2), basis_prob=0.7)
    ideal = setup_with(nc.WeakCoherentSource(**LASER), protocol)
    flawed = setup_with(nc.WeakCoherentSource(**LASER, **flaw), protocol)
    alice, bob = nc.simulate(flawed, seed=3)
    more, less = (nc.distil(alice, bob, setup, seed=5) for setup in (ideal, flawed))
    predicted = [float(nc.rate(setup).key_bits) for setup in (ideal, flawed)]
    assert 0 < less.key_bits < more.key_bits
    # Both keys share the luck of the block, so that their quotient is nearer to the model than they are.
    assert less.key_bits / more.key_bits == pytest.approx(predicted[1] / predicted[0], rel=0.1)


@pytest.mark.parametrize(
    "source",
    [
        QuantumDotSource(mean_photons=0.6, g2=0.02, clock_rate_hz=1e8),
        HeraldedSource(mean_pairs=(0.005,), herald_efficiency=0.6, signal_efficiency=0.7, clock_rate_hz=1e6),
    ],
)
def test_a_source_with_some_pairs_of_photons_gives_the_key_of_its_model(source):
    setup = setup_with(source, nc.BB84(basis_prob=0.7))
    result = nc.run(setup, seed=2)
    assert result.keys_equal
    assert result.alice.key_bits == pytest.approx(float(result.predicted.key_bits), rel=0.1)
    assert result.simulated.photons.max() >= 2


def test_heralded_decoys_are_distilled_as_those_of_a_laser():
    pairs = HeraldedSource(
        mean_pairs=(0.3, 0.1, 0.02), herald_efficiency=0.6, signal_efficiency=0.7, clock_rate_hz=1e6
    )
    result = nc.run(
        setup_with(pairs, HeraldedDecoyBB84(intensity_probs=(0.5, 0.3, 0.2), basis_prob=0.7)), seed=2
    )
    assert result.keys_equal
    assert result.alice.key_bits == pytest.approx(float(result.predicted.key_bits), rel=0.1)
