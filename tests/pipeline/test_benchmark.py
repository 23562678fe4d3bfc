"""Every stage that is timed has a positive speed."""

import pytest

from noclone.pipeline.benchmark import stages


@pytest.fixture(scope="module")
def rows():
    return {row["stage"]: row for row in stages(2_000_000)}


def test_rows_have_positive_speeds(rows):
    for row in rows.values():
        assert row["amount"] > 0
        assert row["wall_s"] > 0
        assert row["cpu_s"] > 0
        assert row["per_cpu_s"] == pytest.approx(row["amount"] / row["cpu_s"])
        assert row["peak_mb"] > 10


def test_every_part_of_the_package_is_timed(rows):
    for stage in (
        "simulation",
        "reconciliation",
        "asymptotic rate, vacuum-weak",
        "finite rate, lim-2014",
        "integer hash",
    ):
        assert stage in rows


def test_amounts_are_those_of_the_link(rows):
    assert rows["simulation"]["amount"] == 2e6
    # One pulse in 346 is detected: 1 - exp(-.01 * (.6 * .5 + .25 * .15)), dead time of 100 pulses apart.
    assert rows["sifting"]["amount"] == pytest.approx(2e6 / 346, rel=0.25)


def test_a_run_too_short_for_a_key_has_no_end_to_end_row(rows):
    assert "end to end" not in rows
