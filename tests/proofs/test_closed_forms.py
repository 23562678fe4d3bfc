"""Certified bounds against closed forms of the literature: within 1e-7 of them, and never above."""

import numpy as np
import pytest

from noclone.proofs.proving import prove, prove_case
from noclone.proofs.subjects import case_of
from noclone.rates.entropy import binary_entropy as h
from noclone.rates.sarg04 import single_photon_secrecy

CLOSE = 1e-7


def mub_rate(dimension, bases, error):
    """Sheridan and Scarani, PRA 82, 030301 (2010), for 2 and for d + 1 bases."""
    d, q = dimension, error
    if bases == 2:
        return np.log2(d) - 2 * (h(q) + q * np.log2(d - 1))
    r = (d + 1) / d * q
    return np.log2(d) + r * np.log2(q / (d * (d - 1))) + (1 - r) * np.log2(1 - r)


@pytest.mark.parametrize(
    ("dimension", "bases", "known"),
    [
        (2, 2, 0.427206086),
        (2, 3, 0.496816268),
        (3, 2, 0.912168586),
        (3, 4, 1.031603166),
        (5, 2, 1.549134181),
        (5, 6, 1.719385426),
    ],
)
def test_mutually_unbiased_bases(dimension, bases, known):
    exact = float(mub_rate(dimension, bases, 0.05))
    assert exact == pytest.approx(known, abs=1e-9)
    proof = prove("mub", dimension=dimension, bases=bases, qber=0.05)
    assert exact - CLOSE < proof.rate / 0.81 < exact


@pytest.mark.parametrize(
    ("qber_z", "qber_x"), [(0.0, 0.0), (0.01, 0.0), (0.0, 0.05), (0.02, 0.11), (0.25, 0.25)]
)
def test_bb84_with_pairs_and_unequal_error_rates(qber_z, qber_x):
    """Shor and Preskill, PRL 85, 441 (2000)."""
    proof = prove("bb84-pairs", qber_z=qber_z, qber_x=qber_x, key_prob=0.8)
    exact = 0.64 * float(1 - h(qber_x))
    assert exact - CLOSE < proof.entropy_bits < exact


def test_the_example_of_another_solver():
    """QICS tests entanglement-based BB84 with error rates of 1/4 and 3/4: 0.1308120 nats."""
    proof = prove("bb84-pairs", qber_z=0.25, qber_x=0.75)
    assert proof.entropy_bits / 0.81 * np.log(2) == pytest.approx(0.1308120, abs=1e-7)


@pytest.mark.parametrize("qber", [0.001, 0.05, 0.12])
def test_six_states(qber):
    """Lo, Quantum Inf. Comput. 1, 81 (2001)."""
    q = 1.5 * qber
    exact = 1 + (1 - q) * np.log2(1 - q) + q * np.log2(q / 3)
    for proof, kept in (
        (prove("six-state", qber=qber, basis_prob=0.8), 0.64),
        (prove("six-state-pairs", qber_z=qber, qber_x=qber, qber_y=qber), 0.81),
    ):
        assert exact - CLOSE < proof.rate / kept < exact


@pytest.mark.parametrize(("qber", "known"), [(0.01, 0.419206864), (0.05, 0.213603042), (0.10, 0.031004406)])
def test_bb84_with_all_statistics_of_a_depolarising_channel(qber, known):
    proof = prove("bb84", qber=qber, basis_prob=0.5, keyed_bases="both")
    assert proof.rate == pytest.approx(known, abs=2e-9 + CLOSE)
    assert proof.rate < float(1 - 2 * h(qber)) / 2


@pytest.mark.parametrize(("qber", "known"), [(0.02, 0.179279728), (0.05, 0.106801521)])
def test_three_states_give_what_four_do(qber, known):
    proof = prove("three-state", qber=qber, basis_prob=0.5)
    assert proof.rate == pytest.approx(known, abs=2e-9 + CLOSE)
    assert proof.rate < float(1 - 2 * h(qber)) / 4


@pytest.mark.parametrize("announced", [("psi-",), ("psi-", "psi+")])
def test_a_relay_gives_what_bb84_does(announced):
    """Each Bell state passes a quarter of the pairs; of these the rate is that of BB84."""
    proof = prove("mdi", qber=0.03, basis_prob=0.5, announced=announced)
    passed = 0.25 * len(announced)
    exact = 0.25 * passed * float(1 - 2 * h(0.03))
    assert exact - CLOSE < proof.rate < exact
    assert proof.rate / 0.25 / len(announced) == pytest.approx(0.152804071, abs=2e-6)


@pytest.mark.parametrize(
    ("angle", "strength", "known"),
    [
        (np.pi / 4, 0.01, 0.176809636),
        (np.pi / 4, 0.03, 0.100644414),
        (np.pi / 4, 0.05, 0.055253013),
        (np.pi / 3, 0.01, 0.221708813),
        (np.pi / 3, 0.03, 0.092287536),
        (np.pi / 3, 0.05, 0.033731691),
    ],
)
def test_b92_against_an_earlier_calculation_with_kraus_operators(angle, strength, known):
    proof = prove("b92", overlap=float(np.cos(angle)), depolarising=strength)
    assert proof.rate == pytest.approx(known, abs=2e-6)


@pytest.mark.parametrize(
    ("strength", "known"),
    [(0.02, 0.185734380), (0.05, 0.121690699), (0.10, 0.041669210), (0.12, 0.015103950)],
)
def test_sarg04_is_above_its_closed_form_which_uses_the_error_rate_alone(strength, known):
    case = case_of("sarg04", depolarising=strength)
    proof = prove_case(case)
    assert proof.rate == pytest.approx(known, abs=2e-6)
    kept, wrong = case.declared.kept_and_wrong(
        lambda state: (1 - strength) * state + strength * np.trace(state) * np.eye(2) / 2
    )
    error = wrong / kept
    assert proof.rate > kept * float(single_photon_secrecy(error) - h(error))


def test_entanglement_needs_no_trust_in_the_source():
    """Pairs in the hands of Eve give the key that the states of BB84 give."""
    sent = prove("bb84", qber=0.04, basis_prob=0.7, keyed_bases="both")
    pair = prove("bbm92", qber=0.04, basis_prob=0.7)
    assert not pair.declared.sent
    assert pair.rate == pytest.approx(sent.rate, abs=1e-8)
    assert pair.rate == pytest.approx(0.58 * float(1 - 2 * h(0.04)), abs=CLOSE)
