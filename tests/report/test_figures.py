"""Figures are valid SVG, carry their labels, and draw what the numbers say."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.report import sweep_figure
from noclone.report.comparison import rows
from noclone.report.deviations import deviations
from noclone.report.figures import pictures
from noclone.report.rate_curves import axis_label, rate_figure

SVG = "{http://www.w3.org/2000/svg}"


def words(svg):
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert len(root.get("aria-label")) > 20
    return [text.text for text in root.iter(f"{SVG}text")]


@pytest.fixture(scope="module")
def drawn(micius):
    found = pictures(micius, rows(micius), deviations(micius))
    return {picture.name: picture for picture in found}


def test_a_measured_preset_has_all_six(drawn):
    assert list(drawn) == ["rate", "statistics", "watch", "budget", "epsilons", "experiment"]
    assert sum(len(picture.svg) for picture in drawn.values()) < 300_000


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("rate", ["lim-2014", "wiesemann-2024", "capacity without repeaters (PLOB)", "key of this run"]),
        ("statistics", ["mean photon number", "error rate", "simulated, basis X", "model", "0.8"]),
        ("budget", ["raw key", "phase errors", "reconciliation", "verification", "secrecy (ε)", "key"]),
        ("epsilons", ["sum", "secrecy", "correctness", "authentication", "failure probability"]),
        ("experiment", ["detections", "sifted bits", "error rate, QBER", "key bits, lim-2014"]),
    ],
)
def test_labels_are_text(drawn, name, labels):
    found = words(drawn[name].svg)
    assert set(labels) <= set(found), found


def test_letters_are_large_enough(drawn):
    for picture in drawn.values():
        sizes = [float(size) for size in re.findall(r"font(?:-size)?: ([\d.]+)px", picture.svg)]
        assert sizes
        assert min(sizes) >= 9


def test_every_colour_can_be_repainted(drawn):
    for picture in drawn.values():
        plain = re.sub(r"var\(--\w+, #[0-9a-f]{6}\)", "", picture.svg)
        assert not re.search(r"#[0-9a-f]{6}\b", plain)


def test_the_budget_names_every_figure(micius, drawn):
    text = " ".join(words(drawn["budget"].svg))
    for value in (int(micius.detections.sum()), micius.sifted_bits, micius.alice.key_bits):
        assert f"{value:,}" in text
    assert f"{100 * micius.alice.key_bits / micius.sifted_bits:.1f} %" in drawn["budget"].finding


def test_the_rate_figure_states_share_of_capacity_and_reach(micius):
    finding = rate_figure(micius).finding
    loss = micius.setup.get("channel.loss_db")
    share = 100 * micius.alice.key_bits / micius.pulses / -np.log2(1 - 10 ** (-loss / 10))
    assert f"{share:.1f} % of the capacity" in finding
    reach = float(re.search(r"up to ([\d.]+) dB", finding)[1])
    inside, outside = (
        nc.rate(micius.setup.replace({"channel.loss_db": reach + step})).rate_per_pulse
        for step in (-0.2, 0.2)
    )
    assert inside > 0 == outside


def test_no_key_is_drawn_for_an_abort(aborted):
    found = pictures(aborted, rows(aborted), deviations(aborted))
    assert [picture.name for picture in found] == ["rate", "statistics", "watch"]
    assert "this run: no key" in words(found[0].svg)
    assert "contradict" in found[1].finding


def test_a_measured_channel_is_drawn_against_the_block(short, made):
    channel = nc.MeasuredTransmittance(duration_s=(1, 3), transmittance=(0.2, 0.05))
    setup = dataclasses.replace(short.setup, link=dataclasses.replace(short.setup.link, channel=channel))
    picture = rate_figure(made(setup, pulses=2e9))
    assert "pulses in a block" in words(picture.svg)
    needed = 1e6 * float(re.search(r"([\d.]+) million pulses are needed", picture.finding)[1])
    assert nc.rate(setup, pulses=0.85 * needed).key_bits == 0 < nc.rate(setup, pulses=1.15 * needed).key_bits


def test_uncertainty_shows_as_a_band(short):
    setup = dataclasses.replace(
        short.setup, uncertainty={"channel.length_km": 2.0, "bob.dark_count_prob": 3e-7}
    )
    picture = rate_figure(dataclasses.replace(short, setup=setup))
    assert "uncertainties" in picture.caption
    assert any("uncertainties" in text for text in words(picture.svg))


@pytest.fixture(scope="module")
def sweep():
    grid = nc.load("lim-2014").grid({"channel.length_km": np.linspace(0, 150, 40)})
    return [nc.rate(grid), nc.rate(grid, asymptotic=True)]


def test_a_sweep_is_written_as_png_or_svg(sweep, tmp_path):
    sweep_figure(sweep[0], tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    sweep_figure(sweep, tmp_path / "both.svg")
    text = (tmp_path / "both.svg").read_text()
    labels = [found.text for found in ElementTree.fromstring(text).iter(f"{SVG}text")]
    assert {"lim-2014, finite", "lim-2014, asymptotic", "channel: length (km)"} <= set(labels)
    sweep_figure(sweep, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text() == text


def test_a_sweep_that_cannot_be_drawn_says_why(sweep, tmp_path):
    def refused(rates, name, problem):
        with pytest.raises(InvalidInput, match=problem):
            sweep_figure(rates, tmp_path / name)

    setup = nc.load("lim-2014")
    far = nc.rate(setup.grid({"channel.length_km": [500.0, 600.0]}))
    two = nc.rate(setup.grid({"channel.length_km": [1, 2], "bob.efficiency": [0.1, 0.2]}))
    refused(sweep[0], "one.jpeg", r"\.svg or \.png")
    refused(nc.rate(setup), "none.svg", "one axis")
    refused(two, "two.svg", "one axis")
    refused([sweep[0], far], "mixed.svg", "same axis")
    refused(far, "far.svg", "no key anywhere")
    refused(nc.rate(setup.grid({"channel.length_km": [50.0]})), "point.svg", "two values")
    refused([], "empty.svg", "one axis")
    with pytest.raises(InvalidInput, match="cannot be written"):
        sweep_figure(sweep[0], tmp_path / "missing" / "one.svg")
    assert not list(tmp_path.iterdir())


def test_axis_labels_come_from_the_fields():
    assert axis_label("bob.efficiency")[0].startswith("bob: detection efficiency")
    assert axis_label("alice.intensities[1]")[0].endswith("[1] (photons per pulse)")
    assert axis_label("protocol.basis_prob")[0].startswith("protocol: probability of basis Z")
