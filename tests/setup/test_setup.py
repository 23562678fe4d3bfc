"""Setups: dotted names, grids, files, presets, fits."""

import dataclasses
import json

import numpy as np
import pytest

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.setup import preset_names, toml
from noclone.setup.presets import load


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_survives_a_round_trip_through_toml(name):
    setup = load(name)
    back = toml.parse(toml.write(setup), name=name)
    assert (back.link, back.protocol, back.pulses) == (setup.link, setup.protocol, setup.pulses)
    assert setup.publication is not None
    assert setup.publication.reference


def test_micius_fits_loss_and_floor_to_what_was_measured():
    setup = load("micius-2017")
    expected = setup.protocol.expected(setup.link, setup.pulses)
    assert setup.get("channel.loss_db") == pytest.approx(35.15, abs=0.01)
    assert float(expected.detections) == pytest.approx(3_551_136, rel=1e-7)
    assert float(expected.qber) == pytest.approx(0.011, rel=1e-6)
    # Predicted, not fitted: the experiment sifted 1 671 072 bits.
    assert float(expected.sifted_bits) == pytest.approx(1_671_072, rel=2e-3)


def test_replace_reaches_every_part_and_leaves_the_original():
    setup = load("gys-2004")
    changed = setup.replace(
        {"channel.length_km": 50, "alice.intensities[1]": 0.1, "protocol.eps_sec": 1e-6, "run.pulses": 10}
    )
    assert changed.get("channel.length_km") == 50
    assert changed.link.alice.intensities == (0.48, 0.1, 0.0)
    assert changed.protocol.eps_sec == 1e-6
    assert changed.pulses == 10
    assert setup.get("channel.length_km") == 25


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"channel.length_km": -1}, "channel.length_km must be at least 0"),
        ({"channel.lenght_km": 1}, "did you mean length_km"),
        ({"chanel.length_km": 1}, "chanel is not known"),
        (
            {"protocol.intensity_probs": [0.5, 0.4, 0.2]},
            "protocol.intensity_probs must sum to 1, but sum to 1.1",
        ),
        ({"protocol.intensity_probs": [0.5, 0.5]}, "one share for each of the 3 intensities"),
        ({"protocol.bound": "rusca-2018"}, "needs 2 intensities"),
        ({"alice.intensities": [0.1, 0.5, 0]}, "alice.intensities must fall strictly"),
        ({"run.pulses": 0}, "run.pulses must be at least 1"),
        ({"bob.efficiency": 20}, "bob.efficiency must be at least 0 and at most 1"),
        ({"protocol.keyed_intensities": [3]}, "must be indices from 0 to 2"),
        ({"alice.intensities[7]": 0.1}, "not an element that exists"),
    ],
)
def test_bad_changes_are_refused_in_one_sentence(changes, sentence):
    with pytest.raises(InvalidInput) as caught:
        load("gys-2004").replace(changes)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_grid_equals_its_points():
    setup = load("lim-2014")
    lengths, darks = np.array([0.0, 60.0, 120.0]), np.array([1e-7, 1e-6])
    grid = setup.grid({"channel.length_km": lengths, "bob.dark_count_prob": darks})
    rates = nc.rate(grid).rate_per_pulse
    assert rates.shape == grid.shape == (3, 2)
    for i, length in enumerate(lengths):
        for j, dark in enumerate(darks):
            point = setup.replace({"channel.length_km": length, "bob.dark_count_prob": dark})
            assert rates[i, j] == pytest.approx(float(nc.rate(point).rate_per_pulse), rel=1e-12)


def test_a_grid_over_a_tuple_element_and_a_probability():
    setup = load("lim-2014")
    rates = nc.rate(setup.grid({"alice.intensities[0]": [0.4, 0.5], "protocol.basis_prob": [0.7, 0.8, 0.9]}))
    point = setup.replace({"alice.intensities[0]": 0.5, "protocol.basis_prob": 0.7})
    assert rates.rate_per_pulse[1, 0] == pytest.approx(float(nc.rate(point).rate_per_pulse), rel=1e-12)


def test_bad_grids_are_refused():
    setup = load("lim-2014")
    for axes in ({"channel.length_km": [1, -1]}, {"channel.length_km": []}, {"channel.width": [1]}):
        with pytest.raises(InvalidInput):
            setup.grid(axes)


def test_uncertainty_gives_a_band_that_holds_the_rate_and_grows():
    setup = load("lim-2014")
    narrow, wide = (
        nc.rate(dataclasses.replace(setup, uncertainty={"channel.length_km": sigma})) for sigma in (0.5, 5.0)
    )
    assert narrow.band is not None
    assert wide.band is not None
    assert wide.band[0] < narrow.band[0] < narrow.rate_per_pulse < narrow.band[1] < wide.band[1]
    # 0.2 dB/km: a 1.645 sigma longer fibre loses about 1.645 * .5 * .2 dB.
    factor = 10 ** (1.645 * 0.5 * 0.2 / 10)
    assert float(narrow.rate_per_pulse / narrow.band[0]) == pytest.approx(factor, rel=0.05)


def test_uncertainties_in_toml():
    text = toml.write(load("gys-2004")).replace("length_km = 25.0", 'length_km = "25 ± 0.5"')
    setup = toml.parse(text)
    assert setup.get("channel.length_km") == 25
    assert setup.uncertainty == {"channel.length_km": 0.5}
    assert toml.parse(toml.write(setup)).uncertainty == setup.uncertainty


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("alice = 3", "alice must be a table"),
        ("= broken", "is not valid TOML"),
        ("[alice]\nkind='laser'", "alice.kind 'laser' is not known"),
        ("[alcie]", "alcie is not known; did you mean alice?"),
        ("", "alice is missing"),
        ("[alice]\nintensities=[0.5]", "alice.kind is missing"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(text, sentence):
    with pytest.raises(InvalidInput) as caught:
        toml.parse(text)
    assert sentence in str(caught.value)


def test_unknown_preset_names_the_nearest():
    with pytest.raises(InvalidInput, match="did you mean micius-2017"):
        load("micius-2016")
    with pytest.raises(InvalidInput, match="cannot be read"):
        load("missing.toml")


def test_schema_accepts_presets_and_is_json():
    schema = toml.schema()
    json.dumps(schema)
    assert set(schema["required"]) == {"alice", "bob", "protocol"}
    assert schema["anyOf"] == [{"required": ["channel"]}, {"required": ["channel_a", "middle", "channel_b"]}]
    options = schema["properties"]["channel"]["oneOf"]
    kinds = {option["properties"]["kind"]["const"] for option in options}
    assert {"fibre", "fixed-loss", "measured-transmittance", "satellite-pass"} <= kinds


def test_a_measured_channel_averages_rates_not_losses():
    setup = load("micius-2017")
    series = nc.MeasuredTransmittance(duration_s=(1, 1), transmittance=(4e-4, 2e-4))
    link = dataclasses.replace(setup.link, channel=series)
    varied = setup.protocol.expected(link, 1e9)
    parts = [
        setup.protocol.expected(
            dataclasses.replace(setup.link, channel=nc.FixedLoss(loss_db=-10 * np.log10(t))), 5e8
        )
        for t in (4e-4, 2e-4)
    ]
    assert float(varied.detections) == pytest.approx(sum(float(part.detections) for part in parts), rel=1e-12)


RELAY = """
[alice]
kind = "weak-coherent"
intensities = [0.5, 0.1, 0.0]
clock_rate_hz = 1e9
[bob]
kind = "weak-coherent"
intensities = [0.5, 0.1, 0.0]
clock_rate_hz = 1e9
[middle]
kind = "threshold-detectors"
model = "snspd"
dead_time_s = 0
gate_width_s = 2e-9
[channel_a]
kind = "fibre"
length_km = 20
[channel_b]
kind = "fibre"
length_km = 30
[protocol]
name = "mdi"
intensity_probs = [0.5, 0.3, 0.2]
basis_probs = [0.9, 0.5, 0.5]
bound = "three-intensity"
"""
CHOICES = RELAY[RELAY.index('name = "mdi"') :]


def test_a_setup_with_a_station_in_the_middle():
    setup = toml.parse(RELAY)
    assert list(setup.link.devices) == ["alice", "channel_a", "middle", "channel_b", "bob"]
    assert setup.link.middle.efficiency == nc.detector("snspd").efficiency
    assert setup.link.middle.gate_width_s == 2e-9
    assert float(nc.rate(setup, asymptotic=True).rate_per_pulse) > 0
    assert toml.parse(toml.write(setup)).link == setup.link


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("[middle]", "[centre]"), "centre is not known"),
        ((CHOICES, 'name = "sarg04"'), "middle must be absent, because sarg04 runs directly to Bob"),
        ((CHOICES, 'name = "bbm92"'), "alice must be threshold-detectors for bbm92"),
        (('model = "snspd"', 'model = "snspb"'), "did you mean snspd"),
        (('model = "snspd"', "efficiency = 1.2"), "middle.efficiency must be at least 0 and at most 1"),
        (
            ("dead_time_s = 0", "dead_time_s = 1e-6"),
            "middle.dead_time_s is not used by mdi and must keep its default 0.0, but is 1e-06",
        ),
        (
            ('[channel_b]\nkind = "fibre"\nlength_km = 30', ""),
            "channel_b is missing; a setup has the tables alice, channel_a, middle, channel_b, bob",
        ),
        (("[channel_a]", "[channel]"), "channel does not belong in a setup of the tables"),
    ],
)
def test_a_link_that_a_protocol_cannot_use_is_refused_in_a_sentence(change, sentence):
    with pytest.raises(InvalidInput) as caught:
        toml.parse(RELAY.replace(*change))
    assert sentence in str(caught.value)


def test_a_protocol_without_a_relay_is_not_given_one():
    with pytest.raises(InvalidInput, match="middle is missing; mdi needs a station between"):
        nc.Setup(load("gys-2004").link, nc.typical("mdi").protocol)
    with pytest.raises(InvalidInput, match=r"protocol\.insecure must be true"):
        nc.rate(nc.typical("cow").replace({"protocol.insecure": False}))
