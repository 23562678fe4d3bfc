"""The terminal report: complete, aligned, and no wider than 100 columns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.report import key_summary, summary
from noclone.report.notation import difference, percent, significant, whole, with_prefix

EXPONENT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def read(text):
    """Return the number that a report wrote."""
    text = text.replace(",", "").replace("−", "-")
    found = re.fullmatch(r"(-?)(?:([\d.]+)(?: × )?)?(?:10([⁻⁰-⁹¹²³]+))?", text)
    assert found, text
    power = int(found[3].translate(EXPONENT)) if found[3] else 0
    return (-1 if found[1] else 1) * float(found[2] or 1) * 10.0**power


@given(st.floats(1e-40, 1e14), st.integers(1, 6), st.booleans())
def test_numbers_can_be_read_back(value, digits, negative):
    value = -value if negative else value
    assert read(significant(value, digits)) == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits))


@given(st.integers(-(10**15), 10**15))
def test_counts_can_be_read_back(value):
    assert read(whole(value)) == value


@given(st.floats(1e-9, 1))
def test_shares_can_be_read_back(value):
    assert read(percent(value, 3)[:-2]) == pytest.approx(100 * value, rel=6e-3)


@given(st.floats(-5, 5))
def test_differences_carry_their_sign(value):
    text = difference(value)
    assert text == "0 %" or (text[0] == "−") == (value < 0)
    assert float(text[:-2].replace("−", "-").replace(",", "")) == pytest.approx(
        100 * value, rel=0.06, abs=6e-4
    )


@given(st.floats(1e-11, 1e14))
def test_prefixes_are_powers_of_a_thousand(value):
    number, unit = with_prefix(value, "Hz").split(" ")
    scale = dict(zip("pnµmkMGT", (1e-12, 1e-9, 1e-6, 1e-3, 1e3, 1e6, 1e9, 1e12), strict=True))
    factor = scale[unit[0]] if unit != "Hz" else 1.0
    assert float(number.replace(",", "")) * factor == pytest.approx(value, rel=6e-3)


def test_the_summary_holds_the_table(micius):
    text = summary(micius)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert all(line == line.rstrip() for line in lines)
    cells = {line[:22].strip(): line[22:].split("  ") for line in lines}
    detections = [cell.strip() for cell in cells["detections"] if cell.strip()]
    assert detections[0] == detections[3] == "3,551,136"
    assert detections[1] == f"{len(micius.simulated.bob):,}"
    assert f"{micius.alice.key_bits:,}" in " ".join(cells["key bits, lim-2014"])
    assert "300,939" in " ".join(cells["key bits, lim-2014"])
    head = next(line for line in lines if line.startswith("from photons"))
    ends = [found.end() for found in re.finditer(r"(model|simulated|measured|meas\.)(?=\s|$)", head)]
    row = next(line for line in lines if line.startswith("sifted bits"))
    assert len(row) == ends[-1]
    assert f"{micius.alice.ledger.sent_bits:,} bits sent" in " ".join(text.split())
    assert "this key protects nothing" in text
    assert "coherent attacks" in text
    assert text.endswith("noclone run micius-2017 --seed 1")


def test_an_abort_is_a_result_with_its_reason(aborted):
    text = " ".join(summary(aborted).split())
    assert "no key aborted in estimation: the counts leave no secret key" in text
    assert f"sifted bits: {aborted.sifted_bits:,}" in text
    assert "intercept-resend" in text
    assert "sha256" not in text


def test_different_keys_are_warned_of(unequal):
    assert "the two keys differ" in summary(unequal)


def test_a_key_alone_has_a_summary(micius):
    text = key_summary(micius.alice)
    assert f"{micius.alice.key_bits:,} bits" in text
    assert micius.alice.sha256() in text
    assert "simulated: this key protects nothing" in text
    assert max(map(len, text.splitlines())) <= 100


def test_rounding_may_add_a_digit():
    assert significant(9.5, 1) == "10"
    assert significant(99.96, 3) == "100"
