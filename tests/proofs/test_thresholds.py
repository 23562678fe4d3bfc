"""Zeros of certified rates, sweeps and slopes."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.proofs.case import of_channel
from noclone.proofs.library.channels import dephasing
from noclone.proofs.library.pairs import bb84_pairs
from noclone.proofs.proving import prove, prove_case
from noclone.proofs.sensitivities import sensitivity
from noclone.proofs.subjects import case_of
from noclone.proofs.sweeps import sweep
from noclone.proofs.thresholds import threshold
from noclone.protocols.four_states import bb84_declaration


def test_bb84_and_six_states():
    """Shor and Preskill 2000; Bruss 1998, Lo 2001: where 1 - 2h(Q) and its like vanish."""
    assert threshold("bb84", low=0.05) == pytest.approx(0.11002786443836, abs=2e-7)
    assert threshold("six-state", low=0.05) == pytest.approx(0.12619308327682, abs=2e-7)


@pytest.mark.parametrize(("angle", "known"), [(np.pi / 4, 0.0887), (np.pi / 3, 0.0691)])
def test_b92(angle, known):
    found = threshold(
        "b92", "depolarising", low=0.05, high=0.12, tolerance=1e-6, overlap=float(np.cos(angle))
    )
    assert found == pytest.approx(known, abs=1e-4)


def test_sarg04():
    found = threshold("sarg04", "depolarising", low=0.1, high=0.15, tolerance=1e-6)
    assert found == pytest.approx(0.13216, abs=1e-4)


def test_any_family_and_any_parameter():
    """Of two bases, dephasing disturbs one only: no threshold but where the channel is useless."""

    def family(both):
        return bb84_pairs(both, both)

    assert threshold(family, "both", low=0.1, high=0.2) == pytest.approx(0.110027864, abs=2e-7)

    def dephased(strength):
        return of_channel("dephased", bb84_declaration(0.5), dephasing(strength))

    assert prove_case(dephased(0.9)).rate > 0


def test_ends_that_enclose_nothing():
    with pytest.raises(InvalidInput, match=r"qber must enclose a threshold, but the rate is .* at 0.01 and"):
        threshold("six-state", low=0.01, high=0.02)
    with pytest.raises(InvalidInput, match="low must be below high"):
        threshold("six-state", low=0.2, high=0.1)


def test_a_sweep_is_its_proofs_whatever_the_number_of_workers():
    values = np.linspace(0, 0.12, 10)
    found = sweep("six-state", "qber", values, basis_prob=0.5)
    again = sweep("six-state", "qber", values, basis_prob=0.5, workers=2)
    assert np.array_equal(found.rate, again.rate)
    alone = [prove("six-state", qber=value, basis_prob=0.5) for value in values]
    assert found.rate == pytest.approx([proof.rate for proof in alone], abs=2e-8)
    assert (found.gap > 0).all()
    assert (found.gap < 1e-7).all()
    assert found.bound - found.leak == pytest.approx(found.rate)
    assert len(str(found).splitlines()) == 11


def test_slopes_of_observations_are_finite_differences():
    base = {"qber_z": 0.02, "qber_x": 0.05}
    proof = prove("bb84-pairs", **base)
    step = 1e-4
    names = {"qber_z": "errors in basis 0", "qber_x": "errors in basis 1"}
    for parameter, name in names.items():
        ends = [
            prove("bb84-pairs", **{**base, parameter: base[parameter] + sign * step}).entropy_bits
            for sign in (1, -1)
        ]
        assert proof.gradient[name] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=2e-4)
    slope = 0.81 * np.log2(0.05 / 0.95)
    assert proof.gradient["errors in basis 1"] == pytest.approx(slope, abs=1e-4)


@pytest.mark.parametrize(
    ("protocol", "parameters"),
    [
        ("b92", {"overlap": 0.7, "depolarising": 0.03}),
        ("bb84", {"basis_prob": 0.7, "dephasing": 0.05, "rotation": 0.2}),
        ("mdi", {"qber": 0.04, "basis_prob": 0.6}),
    ],
)
def test_slopes_of_parameters_are_those_of_proofs_solved_anew(protocol, parameters):
    """Also where the declaration itself depends on the parameter."""
    found = sensitivity(protocol, parameters, **parameters)
    for name, here in parameters.items():
        step = 1e-3 * here
        ends = [
            prove_case(case_of(protocol, **{**parameters, name: here + sign * step})).rate for sign in (1, -1)
        ]
        assert found[name] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=2e-3, abs=2e-4), name
    with pytest.raises(InvalidInput, match="other must be one of the parameters"):
        sensitivity(protocol, ["other"], **parameters)


def test_values_without_a_proof_are_named_beside_the_others():
    found = sweep("bb84", "depolarising", [0.1, 1.5, 0.2])
    assert found.values.tolist() == [0.1, 0.2]
    assert len(found.proofs) == len(found.seconds) == len(found.rate) == 2
    assert found.failed == ((1.5, "depolarising must lie in [0, 1], but is 1.5."),)
    with pytest.raises(InvalidInput, match=r"but is 1.5 \(at depolarising = 1.5\)"):
        sweep("bb84", "depolarising", [1.5, 2.0])


def test_one_slope_may_be_asked_for_by_its_name():
    parameters = {"qber": 0.05, "basis_prob": 0.6}
    both = sensitivity("bb84", ["qber", "basis_prob"], **parameters)
    assert sensitivity("bb84", "qber", **parameters) == {"qber": both["qber"]}
