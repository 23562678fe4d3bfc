"""Dead time and after-pulses in the keys of BB84: no more key than bits, no more photons than clicks."""

import dataclasses
from itertools import pairwise, product

import numpy as np
import pytest

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.link.sources import HeraldedSource, QuantumDotSource
from noclone.setup import typical

FAMILY = ("decoy-bb84", "bb84", "heralded-decoy-bb84")


def random_setup(name, rng):
    setup = typical(name, float(rng.uniform(0, 80)))
    period = 1 / setup.link.alice.clock_rate_hz
    bob = dataclasses.replace(
        setup.link.bob,
        efficiency=float(rng.uniform(0.05, 1)),
        dark_count_prob=float(10 ** rng.uniform(-9, -2)),
        misalignment=float(rng.uniform(0, 0.05)),
        efficiency_mismatch=float(rng.choice([1.0, rng.uniform(0.5, 1)])),
        dead_time_s=float(rng.choice([0.0, period * 10 ** rng.uniform(0, 6)])),
        dead_time_kind=str(rng.choice(["paralysable", "non-paralysable"])),
        afterpulse_prob=float(rng.choice([0.0, rng.uniform(0, 0.5)])),
        afterpulse_time_s=float(rng.choice([0.0, period * 10 ** rng.uniform(-1, 3)])),
    )
    parts = {"bob": bob}
    if name == "bb84":
        dot = QuantumDotSource(mean_photons=0.4, g2=0.01, clock_rate_hz=1e8)
        pairs = HeraldedSource(mean_pairs=(0.05,), herald_efficiency=0.6, clock_rate_hz=1e8)
        parts["alice"] = (setup.link.alice, dot, pairs)[rng.integers(3)]
    elif name == "decoy-bb84" and rng.random() < 0.3:
        parts["alice"] = dataclasses.replace(setup.link.alice, intensity_fluctuation=0.05)
    return dataclasses.replace(setup, link=setup.link.replaced(parts))


@pytest.mark.parametrize("name", FAMILY)
def test_no_key_exceeds_the_sifted_bits_and_no_photons_the_detections(name):
    rng = np.random.default_rng(20)
    for _ in range(15):
        setup = random_setup(name, rng)
        counts, _ = setup.protocol.counts(setup.link)
        known = counts.photons.vacuum + counts.photons.single
        assert np.all(known <= counts.detections * (1 + 1e-9))
        assert np.all(counts.photons.single_errors <= counts.errors * (1 + 1e-9))
        for bound in setup.protocol.BOUNDS:
            try:
                answer = nc.rate(setup, asymptotic=True, bound=bound)
            except InvalidInput:  # needs another number of intensities, or an ideal source
                continue
            assert 0 <= answer.rate_per_pulse <= answer.sifted_bits * (1 + 1e-9)
            assert answer.rate_per_pulse <= answer.plob * (1 + 1e-9)


@pytest.mark.parametrize("name", ["decoy-bb84", "heralded-decoy-bb84"])
def test_infinitely_many_decoys_give_at_least_as_much_as_some(name):
    rng = np.random.default_rng(21)
    for _ in range(30):
        setup = random_setup(name, rng)
        link = setup.link
        if name == "decoy-bb84":
            link = link.replaced({"alice": dataclasses.replace(link.alice, intensity_fluctuation=0.0)})
        limit, some = (
            setup.protocol.rate(link, bound=bound).rate_per_pulse for bound in ("infinite", "vacuum-weak")
        )
        assert some <= limit * (1 + 1e-9) + 1e-18


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        *product(("decoy-bb84", "heralded-decoy-bb84"), ("infinite", "vacuum-weak", "wiesemann-2024")),
        *product(("bb84",), ("infinite", "tomamichel-2012")),
    ],
)
def test_memory_costs_key(name, bound):
    setup = typical(name, 50.0)
    period = 1 / setup.link.alice.clock_rate_hz

    def keys(field, values):
        parts = [setup.replace({f"bob.{field}": value}) for value in values]
        return [float(nc.rate(part, asymptotic=True, bound=bound).rate_per_pulse) for part in parts]

    for rates in (
        keys("dead_time_s", [0.0, 10 * period, 1e3 * period, 1e5 * period]),
        keys("afterpulse_prob", [0.0, 0.01, 0.05, 0.1]),
    ):
        assert all(late < early for early, late in pairwise(rates))
    # A dead time takes events, but hardly changes them: there are fewer double clicks, well below 1 %.
    dead = setup.replace({"bob.dead_time_s": 1e3 * period})
    ready, tired = (nc.rate(part, asymptotic=True, bound=bound) for part in (setup, dead))
    per_bit = [float(answer.rate_per_pulse / answer.sifted_bits) for answer in (ready, tired)]
    assert per_bit[1] == pytest.approx(per_bit[0], rel=1e-2)


@pytest.mark.parametrize("name", FAMILY)
def test_a_key_says_that_no_bound_covers_what_detectors_remember(name):
    setup = typical(name, 20.0)
    plain = nc.rate(setup, pulses=1e11).security
    assert plain.attacks == "coherent"
    assert not any("dead" in text for text in plain.assumptions)
    for changes in ({"bob.dead_time_s": 1e-8}, {"bob.afterpulse_prob": 0.01}):
        security = nc.rate(setup.replace(changes), pulses=1e11).security
        assert security.attacks == "collective"
        assert any("while one of his two detectors is dead" in text for text in security.assumptions)
        assert set(plain.assumptions) < set(security.assumptions)
    booked = {"bob.afterpulse_prob": 0.01, "bob.afterpulsing": "proportional"}
    assert nc.rate(setup.replace(booked), pulses=1e11).security == plain


@pytest.mark.parametrize("bound", ["wiesemann-2024-exact", "wiesemann-2024", "lim-2014", "vacuum-weak"])
def test_detectors_that_see_next_to_nothing_give_no_key_but_a_number(bound):
    setup = typical("decoy-bb84", 85.0).replace(
        {
            "alice.intensities": [0.5, 0.047, 2e-4],
            "alice.intensity_fluctuation": 0.22,
            "bob.dark_count_prob": 0.645,
            "bob.dead_time_s": 0.69,
        }
    )
    for question in ({"asymptotic": True}, {"pulses": 1e9}, {"pulses": 1e18}):
        answer = nc.rate(setup, bound=bound, **question)
        assert answer.rate_per_pulse == 0
        assert all(np.isfinite(value) for value in answer.terms.values())
        assert answer.bounds["phase_error_z"] == 0.5
