"""Every protocol agrees with its capacity, its limit and its samples; a wrong one is found."""

import importlib
from dataclasses import dataclass, replace

import numpy as np
import pytest

import noclone as nc
from noclone.agreement import agree, experiments
from noclone.agreement.experiments import entries
from noclone.agreement.proofs import Comparison, comparisons
from noclone.agreement.setups import setups
from noclone.core.errors import InvalidInput
from noclone.optimise import curves
from noclone.optimise.tuning import tunable
from noclone.protocols import protocols
from noclone.protocols.bb84 import BB84
from noclone.protocols.six_state import SixState


def test_every_protocol_agrees_with_itself_on_twenty_setups():
    rows = agree(workers=2)
    assert [row["protocol"] for row in rows] == list(protocols())
    assert all(row["setups"] == 20 for row in rows)
    assert [fault for row in rows for fault in row["faults"]] == []
    assert all(row["passed"] and row["with_key"] > 0 for row in rows)
    assert all(row["rate_over_capacity"] < 1 for row in rows)
    proven = {row["protocol"]: row["proof_less_closed"] for row in rows if row["closed_form"] == "exact"}
    assert {"bb84", "six-state", "three-state", "e91", "bbm92", "mdi", "decoy-bb84"} <= set(proven)
    assert all(-2e-8 < low <= high < 0 for low, high in proven.values())
    bounded = {
        row["protocol"]: row["proof_less_closed"] for row in rows if row["closed_form"] == "lower bound"
    }
    assert set(bounded) == {"b92", "sarg04"}
    assert all(low > 0.01 for low, _ in bounded.values())


def test_the_number_of_workers_changes_nothing():
    names = ["bb84", "dps", "gg02"]
    one, two = (agree(names, count=3, rounds=10_000, workers=workers) for workers in (1, 2))
    for first, second in zip(one, two, strict=True):
        assert first | {"seconds": 0} == second | {"seconds": 0}


def test_setups_differ_and_repeat():
    first, again = (list(setups(BB84, 5, seed=3)) for _ in range(2))
    assert first == again
    assert len({setup.link.bob.efficiency for setup in first}) == 5
    losses = [float(setup.protocol.capacity(setup.link, "repeaterless")) for setup in first]
    assert len(set(losses)) == 5


def test_wrong_statistics_are_found(monkeypatch):
    @dataclass(frozen=True, kw_only=True)
    class Optimist(BB84):
        NAME = "bb84"

        def statistics(self, link):
            return {name: 0.97 * value for name, value in super().statistics(link).items()}

    module = importlib.import_module("noclone.agreement.agree")
    monkeypatch.setattr(module, "protocols", lambda: {"bb84": Optimist})
    [row] = agree(["bb84"], count=4)
    assert not row["passed"]
    assert "p = " in row["faults"][-1]


@pytest.mark.parametrize(
    ("exact", "closed", "sentence"),
    [
        (True, 0.5 - 1e-6, "above the exact"),
        (True, 0.5 + 1e-6, "by more than its gap"),
        (True, 0.5 + 5e-9, None),
        (False, 0.4, None),
        (False, 0.5 + 1e-6, "by more than its gap"),
    ],
)
def test_a_proof_that_disagrees_with_a_closed_form_is_found(exact, closed, sentence):
    fault = Comparison(0.01, closed, exact, certified=0.5, gap=1e-8).fault
    assert fault is None if sentence is None else sentence in fault


def test_a_wrong_closed_form_is_found():
    class Optimist(SixState):
        NAME = "six-state"

        def key(self, link, bound, pulses):
            key = super().key(link, bound, pulses)
            return replace(key, terms=key.terms | {"luck": 1e-6 * key.sifted})

    faults = [each.fault for each in comparisons(Optimist)]
    assert all("by more than its gap" in fault for fault in faults)


def test_an_unknown_protocol_is_refused():
    with pytest.raises(InvalidInput, match="did you mean sarg04"):
        agree(["sarg05"])


def test_no_experiment_exceeds_its_model_or_its_capacity():
    rows = experiments()
    assert not any(row["passed"] is False for row in rows)
    assert len(entries()) == 52
    modelled = {row["experiment"] for row in rows if row["relation"].startswith("measured below model")}
    assert {"lodewyck-2007", "micius-2017", "hajomer-2024", "zhang-2020-203km"} <= modelled
    for row in rows:
        assert (row["passed"] is None) == (row["quantity"] == "nothing to compare")
        assert row["passed"] is not None or row["left_open"], row


def test_an_experiment_above_the_bound_would_be_found(monkeypatch):
    fast = {**entries()[2], "rate_bps": "1e10"}
    module = importlib.import_module("noclone.agreement.experiments")
    monkeypatch.setattr(module, "entries", lambda: [fast])
    assert experiments()[-1]["passed"] is False


def test_advice_ranks_what_the_same_hardware_gives():
    setup = nc.load("gys-2004").replace({"channel.length_km": 50})
    rows = nc.advise(setup, ["decoy-bb84", "weak-coherent-bb84", "mdi", "cow", "dps"], asymptotic=True)
    assert [row.protocol for row in rows][:2] == ["decoy-bb84", "weak-coherent-bb84"]
    assert rows[0].share_of_best == 1
    assert [row.eligible for row in rows] == [True, True, False, False, False]
    assert rows[0].setup.link.bob.efficiency == 0.045
    by_name = {row.protocol: row for row in rows}
    assert by_name["weak-coherent-bb84"].rate_bps == 0
    assert by_name["cow"].remark.startswith("broken")
    assert by_name["dps"].remark == "individual attacks only"
    assert by_name["mdi"].remark == "needs a station halfway"
    rate = float(nc.rate(rows[0].setup, asymptotic=True).rate_bps)
    assert rate == pytest.approx(rows[0].rate_bps, rel=1e-12)


def test_a_channel_that_cannot_be_halved_is_said_so():
    setup = nc.load("decoy-bb84")
    series = nc.MeasuredTransmittance(duration_s=(1, 1), transmittance=(0.1, 0.2))
    [row] = nc.advise(nc.Setup(setup.link.replaced({"channel": series}), setup.protocol), ["mdi"])
    assert row.setup is None
    assert "to be cut in two" in row.remark


def test_adapted_keeps_what_the_other_protocol_can_use():
    setup = nc.load("gys-2004").replace({"channel.length_km": 40})
    relay = nc.adapted(setup, "mdi")
    assert relay.link.channel_a.length_km == relay.link.channel_b.length_km == 20
    assert relay.link.channel_a.attenuation_db_per_km == 0.21
    assert relay.link.middle.efficiency == 0.045
    assert relay.link.alice.clock_rate_hz == 2e6
    back = nc.adapted(relay, "sarg04")
    assert back.link.channel == setup.link.channel


def test_adapted_keeps_loss_noise_and_jitter():
    setup = nc.load("gys-2004").replace(
        {
            "channel.connectors": 8,
            "channel.connector_loss_db": 0.3,
            "channel.backward_power_mw": 1e-3,
            "bob.statistics": "exact",
            "bob.jitter_s": 5e-10,
        }
    )
    relay, direct = nc.adapted(setup, "twin-field"), nc.adapted(setup, "dps")
    total = sum(-10 * np.log10(float(way.segments()[1][0])) for way in relay.link.channels)
    assert total == pytest.approx(-10 * np.log10(float(setup.link.channel.segments()[1][0])))
    assert relay.link.noise_photons_per_s("middle") > 0
    assert direct.link.channel == setup.link.channel
    assert direct.link.bob.jitter_s == 5e-10


def test_a_comparison_gives_what_the_protocol_gives_alone():
    setup = nc.load("gys-2004").replace({"channel.connectors": 8, "channel.backward_power_mw": 1e-5})
    [curve] = curves(setup, ["decoy-bb84"], [10.0, 50.0], tuned=False)
    alone = nc.rate(nc.adapted(setup, "decoy-bb84").grid({"channel.length_km": [10, 50]}), asymptotic=True)
    assert curve.rate_per_pulse == pytest.approx(alone.rate_per_pulse, rel=1e-12)
    assert curve.plob == pytest.approx(alone.plob, rel=1e-12)


def test_one_name_moves_both_channels():
    setup = nc.typical("twin-field", 100)
    assert setup.get("channels.length_km") == 50
    moved = setup.replace({"channels.length_km": 60})
    assert (moved.link.channel_a.length_km, moved.link.channel_b.length_km) == (60, 60)
    rates = nc.rate(setup.grid({"channels.length_km": [50, 60]})).rate_per_pulse
    assert rates[1] == pytest.approx(float(nc.rate(moved).rate_per_pulse), rel=1e-12)


@pytest.mark.parametrize("name", list(protocols()))
def test_every_protocol_can_be_tuned(name):
    setup = nc.typical(name, 5.0)
    if setup.protocol.BROKEN:
        setup = setup.replace({"protocol.insecure": True})
    assert tunable(setup)
    tuned = nc.tune(setup, asymptotic=True)
    before, after = (nc.rate(each, asymptotic=True).rate_bps for each in (setup, tuned.setup))
    assert after >= before
    again = nc.tune(tuned.setup, asymptotic=True)
    assert float(nc.rate(again.setup, asymptotic=True).rate_bps) <= float(after) * (1 + 1e-3)


@pytest.mark.parametrize("name", list(protocols()))
def test_a_typical_setup_survives_a_round_trip_through_toml(name):
    from noclone.setup import toml

    setup = nc.typical(name, 20.0)
    back = toml.parse(toml.write(setup), name=name)
    assert (back.link, back.protocol) == (setup.link, setup.protocol)


@pytest.mark.parametrize("name", [name for name, kind in protocols().items() if not kind.BROKEN])
def test_no_tuned_rate_exceeds_its_capacity_however_long_the_channel(name):
    [curve] = curves(nc.typical("decoy-bb84"), [name], np.linspace(0, 800, 17))
    assert np.all(curve.rate_per_pulse <= curve.capacity)
