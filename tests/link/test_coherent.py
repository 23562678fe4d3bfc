"""Modulated sources, their constellations and coherent receivers."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import Link, kinds
from noclone.link.coherent import (
    GRIDS,
    CoherentReceiver,
    DiscreteModulation,
    GaussianModulation,
    constellation,
)

EVERY = [(name, "uniform", 0.0) for name in ("bpsk", "qpsk", "8psk", "16qam", "64qam", "256qam")] + [
    ("64qam", "binomial", 0.0),
    ("256qam", "maxwell-boltzmann", 0.05),
]


@pytest.mark.parametrize("setting", EVERY)
def test_constellations_are_scaled_centred_and_symmetric(setting):
    shape = constellation(*setting)
    assert shape.probs.sum() == pytest.approx(1)
    assert shape.probs @ np.abs(shape.points) ** 2 == pytest.approx(1)
    assert abs(shape.probs @ shape.points) < 1e-12
    orbit = len(shape.points) // shape.symmetry
    turned = shape.points[:orbit] * np.exp(2j * np.pi * np.arange(shape.symmetry) / shape.symmetry)[:, None]
    np.testing.assert_allclose(turned.ravel(), shape.points, atol=1e-12)
    np.testing.assert_allclose(np.tile(shape.probs[:orbit], shape.symmetry), shape.probs)
    if setting[0] in GRIDS:
        assert shape.level_probs @ shape.levels**2 == pytest.approx(0.5)
        np.testing.assert_allclose(np.unique(shape.points.real.round(12)), shape.levels, atol=1e-9)


def test_binomial_and_maxwell_boltzmann_levels():
    assert (constellation("64qam", "binomial", 0.0).level_probs * 128).tolist() == [
        1,
        7,
        21,
        35,
        35,
        21,
        7,
        1,
    ]
    flat = constellation("16qam", "maxwell-boltzmann", 0.0)
    np.testing.assert_allclose(flat.probs, 1 / 16)
    shaped = constellation("16qam", "maxwell-boltzmann", 0.3).level_probs
    assert shaped[0] / shaped[1] == pytest.approx(np.exp(-0.3 * (1.5**2 - 0.5**2)))


def test_converter_noise():
    bob = CoherentReceiver(efficiency=0.5, electronic_noise_snu=0.1, adc_bits=4, adc_range=8)
    assert float(bob.adc_step) == 1.0
    assert float(bob.added_noise_snu) == pytest.approx(0.1 + 1 / 12)
    assert float(CoherentReceiver(efficiency=0.5).added_noise_snu) == 0.0
    grid = bob.with_arrays({"adc_bits": [0, 4, 5]})
    np.testing.assert_allclose(grid.added_noise_snu, [0.1, 0.1 + 1 / 12, 0.1 + 0.25 / 12])


def test_devices_are_found_by_kind():
    assert kinds("alice")["gaussian-modulation"] is GaussianModulation
    assert kinds("alice")["discrete-modulation"] is DiscreteModulation
    assert kinds("bob")["coherent-receiver"] is CoherentReceiver


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: GaussianModulation(modulation_variance_snu=1, squeezed_variance_snu=0.3, clock_rate_hz=1),
            r"modulation_variance_snu must be at least 3.03333, or Eve could tell",
        ),
        (
            lambda: DiscreteModulation(
                constellation="qpsk", distribution="binomial", modulation_variance_snu=1, clock_rate_hz=1
            ),
            r"distribution must be uniform for qpsk, but is binomial",
        ),
        (
            lambda: DiscreteModulation(
                constellation="64qam", shaping=0.1, modulation_variance_snu=1, clock_rate_hz=1
            ),
            r"shaping must be 0 for uniform levels, but is 0.1",
        ),
        (lambda: CoherentReceiver(efficiency=0), r"efficiency must be above 0 and at most 1, but is 0"),
        (
            lambda: CoherentReceiver(efficiency=1, detection="both"),
            r"detection must be one of homodyne, heterodyne",
        ),
        (lambda: Link(alice=1, channel=2, bob=3), r"alice must be one of"),
    ],
)
def test_wrong_values_are_refused_in_a_sentence(make, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        make()
