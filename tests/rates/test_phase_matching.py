"""Phase matching: the paper's own figures, and exact clicks against quadrature."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar

from noclone.rates.phase_matching import PHOTONS, honest_clicks

spec = importlib.util.spec_from_file_location(
    "reference_twin_field", Path(__file__).parent / "reference" / "twin_field.py"
)
paper = importlib.util.module_from_spec(spec)
spec.loader.exec_module(paper)

TABLE = {"alpha": 0.2, "etad": 0.145, "pd": 8e-8, "f": 1.15}
"""Table of parameters of Ma, Zeng, Zhou, PRX 8, 031043 (2018), with 16 slices."""


def best(length_km, **changes):
    found = minimize_scalar(
        lambda mu: -float(paper.phase_matching(TABLE, length_km, mu, **changes)) * 1e6,
        bounds=(1e-3, 0.6),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return -found.fun / 1e6


def test_the_papers_model_reaches_418_km():
    # "The longest practical transmission distance", section IV.
    assert brentq(lambda length_km: best(length_km), 400, 430, xtol=0.01) == pytest.approx(418, abs=0.5)


def test_the_papers_model_beats_the_linear_bound():
    assert best(200) < 1.4427e-4
    assert best(330) > -np.log2(1 - 10**-6.6)


def test_rows_of_the_table_from_the_papers_model():
    # Rows "PM-QKD D=16" of reference_rates.csv, by another evaluation of the same formulas.
    values = [float(paper.phase_matching(TABLE, km, mu)) for km, mu in ((100, 0.19973), (400, 0.19166))]
    assert values == pytest.approx([1.11476414e-4, 3.28593164e-8], rel=1e-8)


@pytest.mark.parametrize("slices", [8, 16, 64])
def test_the_exact_error_of_the_slices_is_not_the_printed_one(slices):
    """Two uniform phases within one slice: the mean of sin^2(half the difference), by drawing them."""
    draw = np.random.default_rng(1).random((2, 400_000)) * 2 * np.pi / slices
    sampled = np.mean(np.sin((draw[0] - draw[1]) / 2) ** 2)
    model = honest_clicks(1e-6, 1e-6, 0.1, 0.1, 0.0, 0.0, slices)
    exact = model.all.wrong / (model.all.right + model.all.wrong)
    assert exact == pytest.approx((1 - np.sinc(1 / slices) ** 2) / 2, rel=1e-5)
    assert exact == pytest.approx(sampled, rel=0.01)
    assert (paper.slice_error(slices) < exact) == (slices >= 10)


@pytest.mark.parametrize(
    "setting",
    [
        (0.1, 0.1, 0.05, 0.05, 1e-6, 0.0, 16),
        (0.3, 0.1, 0.2, 0.6, 1e-3, 0.02, 8),
        (0.6, 0.9, 1.0, 0.7, 0.0, 0.05, 4),
        (0.05, 0.1, 1e-4, 2e-5, 1e-9, 0.015, 16),
    ],
)
def test_clicks_against_adaptive_quadrature(setting):
    mu_a, mu_b, eta_a, eta_b, dark, astray, slices = setting
    total, width = mu_a + mu_b, 2 * np.pi / slices
    offset = 2 * np.arcsin(np.sqrt(astray))
    silent = 1 - (mu_a * eta_a + mu_b * eta_b) / total

    def share(phase, sign):
        """Probability that a photon of the joint mode reaches a port."""
        amplitude = np.sqrt(mu_a * eta_a) + sign * np.sqrt(mu_b * eta_b) * np.exp(1j * phase)
        return abs(amplitude) ** 2 / 2 / total

    def averaged(function):
        return sum(
            quad(
                lambda d: (1 - abs(d) / width) / width * function(d + offset), *ends, epsabs=0, epsrel=1e-12
            )[0]
            for ends in ((-width, 0), (0, width))
        )

    model = honest_clicks(*setting)
    for clicks, other in ((0, -1), (1, 1)):
        whole = averaged(lambda d, s=other: np.exp(-total * share(d, s)))
        expected = (1 - dark) * (whole - (1 - dark) * np.exp(-total * (1 - silent)))
        assert model.all[clicks] == pytest.approx(expected, rel=1e-9)
        for row, k in enumerate(PHOTONS):
            mean = averaged(lambda d, s=other, k=k: (1 - share(d, s)) ** k)
            poisson = np.exp(-total) * total**k / float(np.prod(np.arange(1, k + 1)))
            expected = poisson * (1 - dark) * (mean - (1 - dark) * silent**k)
            assert model.odd[clicks][row] == pytest.approx(expected, rel=1e-8)
