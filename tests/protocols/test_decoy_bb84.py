"""Decoy BB84: rates against published values and against each other."""

import dataclasses

import numpy as np
import pytest

import noclone as nc
from noclone.core.errors import InvalidInput

# Ma, Qi, Zhao, Lo, PRA 72, 012326 (2005), parameters of Gobby, Yuan, Shields 2004; per signal pulse,
# mu = .48, weak decoy .1. Three independent codes agree on these to 6e-6.
GYS = {25: 6.669787e-4, 50: 1.962739e-4, 100: 1.482179e-5}


@pytest.mark.parametrize("length_km", GYS)
def test_gys_vacuum_weak(length_km):
    setup = nc.load("gys-2004").replace(
        {"channel.length_km": length_km, "alice.intensities": [0.48, 0.1, 0.0]}
    )
    per_signal_pulse = float(nc.rate(setup).rate_per_pulse) / setup.protocol.intensity_probs[0]
    assert per_signal_pulse == pytest.approx(GYS[length_km], rel=1e-5)


def test_lim_2014_fixed_vector():
    # 50 km, n_X = 1e7: the value of an independent evaluation with eps_sec = 1e-15 per key bit.
    assert float(nc.rate(nc.load("lim-2014")).key_bits) == pytest.approx(2_666_790.4, rel=1e-4)


def test_every_finite_bound_is_below_its_limit_and_below_capacity():
    lengths = np.linspace(0, 150, 31)
    for preset in ("lim-2014", "rusca-2018", "micius-2017"):
        setup = nc.load(preset)
        if preset == "micius-2017":
            grid = setup.grid({"channel.loss_db": 20 + lengths / 5})
        else:
            grid = setup.grid({"channel.length_km": lengths})
        for bound in (setup.protocol.bound, "wiesemann-2024"):
            finite = nc.rate(grid, pulses=1e11, bound=bound)
            limit = nc.rate(grid, asymptotic=True, bound=bound)
            assert np.all(finite.rate_per_pulse <= limit.rate_per_pulse)
            assert np.all(limit.rate_per_pulse <= limit.plob)
            assert limit.security.regime == "asymptotic"
            assert finite.security.regime == "finite"
            assert limit.security.eps_sec is None
            large = nc.rate(grid, pulses=1e18, bound=bound).rate_per_pulse
            assert np.allclose(large, limit.rate_per_pulse, rtol=2e-3, atol=1e-9)


def test_asymptotic_bounds_order():
    setup = nc.load("gys-2004")
    # Ma et al. find that one weak decoy and the vacuum come close to infinitely many decoys.
    grid = setup.grid({"channel.length_km": np.linspace(0, 100, 21)})
    infinite = nc.rate(grid, bound="infinite").rate_per_pulse
    decoy = nc.rate(grid, bound="vacuum-weak").rate_per_pulse
    assert np.all(decoy <= infinite)
    assert np.all(infinite < 1.08 * decoy)


def test_terms_add_up_to_the_key():
    answer = nc.rate(nc.load("lim-2014"))
    assert sum(float(value) for value in answer.terms.values()) == pytest.approx(
        float(answer.key_bits), rel=1e-12
    )
    assert "single photons" in answer.explain()
    assert "coherent" in str(answer)


def test_block_size_by_sifted_bits_equals_block_size_by_pulses():
    setup = nc.load("lim-2014")
    by_bits = nc.rate(setup, sifted_bits=1e7)
    by_pulses = nc.rate(setup, pulses=by_bits.pulses)
    assert float(by_bits.sifted_bits) == pytest.approx(1e7)
    assert float(by_pulses.key_bits) == pytest.approx(float(by_bits.key_bits), rel=1e-12)


def test_dead_time_and_afterpulses_lower_the_rate():
    setup = nc.load("lim-2014").replace({"bob.statistics": "exact", "bob.afterpulsing": "physical"})
    rates = [
        float(nc.rate(setup.replace(change)).rate_per_pulse)
        for change in ({"bob.afterpulse_prob": 0}, {"bob.afterpulse_prob": 0.04}, {"bob.dead_time_s": 1e-6})
    ]
    assert rates[0] > rates[1] > rates[2] > 0


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ({"pulses": 1e9, "sifted_bits": 1e6}, "block size must be given once"),
        ({"pulses": 0}, "pulses must be above 0"),
        ({"pulses": float("nan")}, "pulses must be above 0"),
        ({"bound": "lim-2015"}, "did you mean lim-2014"),
        ({"bound": "rusca-2018"}, "needs 2 intensities"),
    ],
)
def test_bad_questions_are_refused(question, sentence):
    with pytest.raises(InvalidInput) as caught:
        nc.rate(nc.load("lim-2014"), **question)
    assert sentence in str(caught.value)


def test_block_sizes_broadcast_with_the_grid_or_are_refused():
    setup = nc.load("lim-2014")
    assert nc.rate(setup, pulses=[1e9, 1e10]).key_bits.shape == (2,)
    grid = setup.grid({"channel.length_km": [0, 10, 20]})
    with pytest.raises(InvalidInput, match="must be one number or fit the grid"):
        nc.rate(grid, pulses=[1e9, 1e10])


def test_a_source_without_decoys_is_refused():
    setup = nc.load("lim-2014")
    link = dataclasses.replace(setup.link, alice=nc.SinglePhotonSource(clock_rate_hz=1e9))
    with pytest.raises(InvalidInput, match="must be weak-coherent for decoy-bb84"):
        dataclasses.replace(setup, link=link)
