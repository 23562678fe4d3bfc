"""Proofs of setups: the link's model says what is seen."""

import numpy as np
import pytest

import noclone as nc
from noclone.proofs.library.quaternary import quaternary
from noclone.proofs.proving import prove, prove_case
from noclone.proofs.sensitivities import sensitivity
from noclone.proofs.sweeps import sweep
from noclone.proofs.thresholds import threshold


@pytest.mark.parametrize("name", ["gys-2004", "lim-2014"])
def test_decoy_states_reach_the_asymptotic_formula(name):
    setup = nc.load(name)
    proof = prove(setup)
    assert proof.verify()
    # Infinitely many decoys are the limit, and two come near it.
    most = float(nc.rate(setup, bound="infinite", asymptotic=True).rate_per_pulse)
    assert 0.9 * most < proof.rate < most


def test_phase_shift_keying_on_a_link_is_the_family_of_the_library():
    setup = nc.load("discrete-modulation").replace(
        {
            "alice.constellation": "qpsk",
            "alice.distribution": "uniform",
            "alice.modulation_variance_snu": 2 * 0.7**2,
            "alice.excess_noise_snu": 0.01,
            "channel.length_km": 30.0,
            "bob.efficiency": 0.6,
            "bob.electronic_noise_snu": 0.05,
            "bob.trusted": True,
        }
    )
    case = quaternary(
        amplitude=0.7, length_km=30, excess_noise_snu=0.01, efficiency=0.6, electronic_noise_snu=0.05
    )
    assert prove(setup).rate == pytest.approx(prove_case(case).rate, abs=1e-8)


@pytest.mark.parametrize(
    ("setup", "sentence"),
    [
        (nc.load("gg02"), "has no proof from the model of a link"),
        (nc.load("discrete-modulation"), "alice.constellation must be one of"),
        (nc.load("gys-2004").grid({"channel.length_km": np.array([1.0, 2.0])}), "but is Grid"),
    ],
)
def test_what_has_no_proof_says_so(setup, sentence):
    with pytest.raises(nc.InvalidInput, match=sentence):
        prove(setup)


def test_fields_of_a_setup_are_parameters_like_others():
    setup, field = nc.load("gys-2004"), "channel.length_km"
    found = sweep(setup, field, [0.0, 40.0])
    alone = [prove(setup.replace({field: length})).rate for length in (0.0, 40.0)]
    assert found.rate == pytest.approx(alone, abs=1e-9)
    assert prove(setup, **{field: 40.0}).rate == pytest.approx(alone[1], abs=1e-12)
    end = threshold(setup, field, low=80.0, high=250.0, tolerance=0.01)
    assert prove(setup, **{field: end - 1}).rate > 0 > prove(setup, **{field: end + 1}).rate
    slope = sensitivity(setup, field, **{field: 40.0})[field]
    ends = [prove(setup, **{field: length}).rate for length in (39.9, 40.1)]
    assert slope == pytest.approx((ends[1] - ends[0]) / 0.2, rel=1e-3)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"qber": 0.02}, "qber cannot be given for a setup"),
        ({"channel.length": 1.0}, "channel.length is not known"),
        ({"channel.length_km": -1.0}, "channel.length_km must be"),
    ],
)
def test_what_a_setup_does_not_take(parameters, sentence):
    with pytest.raises(nc.InvalidInput, match=sentence):
        prove(nc.load("gys-2004"), **parameters)
