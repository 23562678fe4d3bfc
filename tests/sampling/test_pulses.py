"""Photon statistics and the table of one pulse."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from noclone.core.errors import InvalidInput
from noclone.link.detection import DetectionModel
from noclone.sampling import photons
from noclone.sampling.pulses import PulseSettings, PulseTable, honest_table


@pytest.mark.parametrize("intensity", [0.0, 1e-3, 0.5, 10.0])
def test_poisson_rows_against_scipy(intensity):
    row = photons.poisson(intensity)
    last = len(row) - 1
    np.testing.assert_allclose(row[:-1], poisson.pmf(np.arange(last), intensity), rtol=1e-12)
    assert row[-1] == pytest.approx(poisson.sf(last - 1, intensity), rel=1e-9)
    assert poisson.sf(last, intensity) < 1e-16
    assert row.sum() == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("intensity", [-0.1, np.nan, np.inf, 500.0])
def test_poisson_refuses(intensity):
    with pytest.raises(InvalidInput, match="intensities must"):
        photons.poisson([0.5, intensity])


def settings(**changes):
    return replace(
        PulseSettings(
            probs=np.array([0.75, 0.25]),
            photon_probs=photons.poisson([0.5, 0.1]),
            sent_basis=np.array([0, 1]),
            sent_bit=np.array([0, 1]),
            measured_basis=np.array([0, 0]),
            signal=np.array([True, False]),
        ),
        **changes,
    )


def test_the_honest_table_averages_to_coherent_light():
    model = DetectionModel(0.1, 0.2, 1e-5, 0.02)
    got = honest_table(model, settings()).by_setting()
    np.testing.assert_allclose(got, model.coherent_patterns([0.5, 0.1], [0, 1], [0, 1], [0, 0]), rtol=1e-10)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probs": np.array([0.5, 0.6])}, "probs must be probabilities"),
        ({"probs": np.array([np.nan, 1.0])}, "probs must be probabilities"),
        ({"photon_probs": np.array([[1.5, -0.5], [1, 0]])}, "photon_probs must be probabilities"),
        ({"sent_bit": np.array([0])}, "sent_bit must have one row"),
        ({"probs": np.full(257, 1 / 257)}, "1 to 256 settings"),
    ],
)
def test_settings_refuse(changes, message):
    with pytest.raises(InvalidInput, match=message):
        settings(**changes)


def test_tables_refuse_what_is_not_a_distribution():
    table = honest_table(DetectionModel(0.1, 0.2), settings())
    with pytest.raises(InvalidInput, match="patterns must be probabilities"):
        PulseTable(table.settings, table.patterns * 1.1)
    with pytest.raises(InvalidInput, match="patterns must have the shape"):
        PulseTable(table.settings, table.patterns[:, :-1])
