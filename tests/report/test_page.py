"""The page holds the true figures, needs nothing else, and says what a reader must know."""

from __future__ import annotations

import errno
import os
import re
import tomllib
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from noclone import report
from noclone.core.errors import InvalidInput
from noclone.report.page import page
from noclone.setup import toml

# Liao et al., Nature 549, 43 (2017): figures of the pass.
MEASURED = {"pulses": 27_300_000_000, "detections": 3_551_136, "sifted_bits": 1_671_072, "key_bits": 300_939}


@pytest.fixture(scope="module")
def shown(micius):
    return page(micius)


@pytest.fixture(scope="module")
def plain(short):
    """The page of a run without measured figures."""
    return page(short)


def test_the_table_holds_model_simulated_and_measured(micius, shown, read_page):
    figures = read_page(shown).figures
    for name, measured in MEASURED.items():
        assert figures[name][3] == measured
    assert figures["detections"][1] == len(micius.simulated.bob)
    assert figures["sifted_bits"][1] == micius.sifted_bits
    assert figures["key_bits"][:2] == [np.floor(micius.predicted.key_bits), micius.alice.key_bits]
    assert figures["key_bits_rigorous"][1] == micius.rigorous_bits
    assert figures["qber"][1] == pytest.approx(micius.qber)
    for name in ("detections", "sifted_bits", "key_bits"):
        model, simulated, against_model, measured, against_measured = figures[name]
        assert against_model == pytest.approx(simulated / model - 1)
        assert against_measured == pytest.approx(simulated / measured - 1)


def test_what_is_shown_is_the_exact_figure_rounded(shown):
    for value, text in re.findall(r'<data value="([^"]+)">([^<]+)</data>', shown):
        if re.fullmatch(r"[−≥≤ ]*[\d,]+", text):
            digits = int(text.strip("≥≤ ").replace(",", "").replace("−", "-"))
            assert abs(digits - float(value)) <= 0.5


def test_the_page_is_well_formed_and_ids_are_unique(shown, read_page):
    found = read_page(shown)
    assert len(set(found.ids)) == len(found.ids)
    inside = [link[1:] for link in found.links if link.startswith("#")]
    assert inside
    assert set(inside) <= set(found.ids)


def test_the_page_needs_nothing_else(shown, read_page):
    found = read_page(shown)
    assert not {"script", "link", "img", "iframe", "object", "use-external"} & set(found.tags)
    outside = [link for link in found.links if not link.startswith("#")]
    assert outside
    assert all(link.startswith("https://arxiv.org/abs/") for link in outside)
    assert not re.search(r"@import|url\((?!#)", shown)
    names = set(re.findall(r'xmlns(?::\w+)?="([^"]+)"', shown))
    assert set(re.findall(r"https?://[^\s\"<)]+", shown)) <= names | set(outside)


def test_the_head_says_what_the_key_is_worth(micius, shown, read_page):
    text = read_page(shown).text
    assert f"micius-2017: a secret key of {micius.alice.key_bits:,} bits" in text
    assert "This key protects nothing." in text
    assert "Alice and Bob hold the same key" in text
    assert micius.alice.sha256() in text
    sentence = next(part for part in text.split(". ") if "coherent attacks" in part)
    assert "finite block" in sentence
    assert "2 × 10⁻¹⁰" in sentence


def test_every_ledger_line_and_its_sum_is_there(micius, shown, read_page):
    text, ledger = read_page(shown).text, micius.alice.ledger
    for stage, bits in ledger.sent.items():
        assert f"{stage}{bits:,}" in text.replace(" ", "")
    assert f"sum{ledger.sent_bits:,}{ledger.charged_bits:,}" in text.replace(" ", "")
    for charge in ledger.charges:
        assert charge.theorem in text
    for epsilon in ledger.epsilons:
        assert epsilon.covers in text
    assert ledger.eps_total in read_page(shown).figures["page"]


def test_assumptions_open_questions_and_papers_are_there(micius, shown, read_page):
    text = read_page(shown).text
    for sentence in micius.setup.publication.left_open:
        assert " ".join(sentence.split()) in text
    for sentence in micius.predicted.security.assumptions:
        assert sentence[1:] in text
    assert micius.setup.publication.reference in text
    assert "channel.loss_db was fitted to the measured detections" in text


def test_the_setup_in_the_page_is_the_setup(short, plain):
    shown = re.search(r"The setup as a file</summary>\s*<pre><code>(.*?)</code></pre>", plain, re.DOTALL)
    written = unescape(shown[1])
    assert tomllib.loads(written)["channel"]["length_km"] == 50
    assert toml.parse(written).link == short.setup.link


def test_the_key_is_not_in_the_page(micius, shown):
    assert micius.alice.packed[:12].tobytes().hex() not in shown


def test_without_measured_figures_there_is_no_such_column(plain, read_page):
    text = read_page(plain).text
    assert "vs. model" in text
    assert "vs. measured" not in text


def test_an_abort_is_reported_as_one(aborted, read_page):
    shown = page(aborted)
    found = read_page(shown)
    text = found.text
    assert "micius-2017: no key" in text
    assert "Aborted in estimation: the counts leave no secret key. No key exists." in text
    assert "Eve was on the channel (intercept-resend" in text
    assert "secret key of" not in text
    assert "SHA-256" not in text
    assert f"{aborted.sifted_bits:,}" in text
    assert text.index("Why there is no key") < text.index("From photons to bits")
    # Full intercept-resend: a quarter of the bits are wrong, far beyond any chance.
    signal = re.search(r"Z, 0\.8 photons.*?X, 0\.8", text)[0]
    assert re.search(r"\+\d{3} σ", signal)
    assert "figure-budget" not in shown


def test_different_keys_are_never_called_a_success(unequal, read_page):
    text = read_page(page(unequal)).text
    assert "two different keys" in text
    assert "Neither must be used" in text
    assert "hold the same key" not in text


def test_the_same_run_gives_the_same_page(short, plain):
    assert page(short) == plain


def test_a_page_is_small(shown):
    assert len(shown.encode()) < 300_000


def test_a_file_that_cannot_be_written_is_one_sentence(short, tmp_path, monkeypatch):
    with pytest.raises(InvalidInput, match="cannot be written"):
        report.write(short, tmp_path / "missing" / "report.html")
    folder = Path("/proc/self")  # where not even root may write
    if os.geteuid() != 0:
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o500)
    with pytest.raises(InvalidInput, match="cannot be written"):
        report.write(short, folder / "report.html")


def test_a_full_disk_leaves_the_old_report(short, tmp_path, monkeypatch):
    target = tmp_path / "report.html"
    target.write_text("old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidInput, match="No space left"):
        report.write(short, target)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_name_from_a_file_cannot_become_markup(short, read_page):
    import dataclasses

    setup = dataclasses.replace(short.setup, name="<b>&x")
    shown = page(dataclasses.replace(short, setup=setup))
    assert "<b>&x" not in shown
    assert "&lt;b&gt;&amp;x: a secret key" in shown
    read_page(shown)
