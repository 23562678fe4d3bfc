"""`prove`: every protocol with a declaration, every way to say what was seen, what a proof says of itself."""

import dataclasses

import numpy as np
import pytest

from noclone.proofs.case import of_observations
from noclone.proofs.leak import leak_bits, observed_table
from noclone.proofs.library import families
from noclone.proofs.library.channels import (
    amplitude_damping,
    choi,
    composed,
    dephasing,
    rotation,
    symmetric_errors,
)
from noclone.proofs.library.mubs import mutually_unbiased_bases
from noclone.proofs.observations import Observations
from noclone.proofs.problem import problem
from noclone.proofs.proof import load_proof
from noclone.proofs.proving import prove, prove_case
from noclone.proofs.spans import from_overlaps, spanned
from noclone.proofs.subjects import case_of, provable
from noclone.protocols.declaration import Signal, depolarising
from noclone.protocols.four_states import bb84_declaration
from noclone.protocols.mdi import MDI
from noclone.protocols.six_state import SixState
from noclone.rates.entropy import binary_entropy as h


@pytest.mark.parametrize("name", list(provable()))
def test_every_protocol_is_proven_from_its_own_declaration(name):
    proof = prove(name, qber=0.02)
    assert proof.rate > 0
    assert 0 < proof.gap < 1e-7
    assert proof.security.attacks == "collective"
    assert proof.security.regime == "asymptotic"
    verdict = proof.verify()
    assert verdict, verdict.reasons
    assert proof.entropy_bits <= verdict.proven_bits < proof.entropy_bits + 1e-8


def test_the_list_of_what_can_be_proven():
    assert {"bb84", "decoy-bb84", "weak-coherent-bb84", "six-state", "three-state"} <= set(provable())
    assert {"b92", "sarg04", "bbm92", "e91", "mdi"} <= set(provable())
    assert {"mub", "mdi", "bb84-pairs", "six-state-pairs"} <= set(families())


def test_names_objects_and_declarations_give_the_same():
    by_name = prove("six-state", qber=0.04, basis_prob=0.6)
    by_object = prove(SixState(basis_prob=0.6), channel=symmetric_errors(0.04))
    declared = SixState(basis_prob=0.6).declaration()
    by_declaration = prove(declared, declared.joint(symmetric_errors(0.04)), title="mine")
    by_observations = prove(declared, Observations.of_channel(declared, symmetric_errors(0.04)))
    for proof in (by_object, by_declaration, by_observations):
        assert proof.rate == pytest.approx(by_name.rate, abs=1e-8)
    assert by_declaration.title == "mine"
    assert "Six-state" in str(by_name)


def test_the_relay_is_known_by_its_declaration():
    protocol = dataclasses.replace(
        MDI.typical(0.0)[1], intensity_probs=(0.5, 0.5), basis_probs=(1.0, 0.0), bound="infinite"
    )
    assert prove(protocol, qber=0.03).rate == pytest.approx(prove("mdi", qber=0.03).rate, abs=1e-8)


def test_error_rates_alone_suffice_for_bb84_and_leave_the_leak_to_be_stated():
    bb84 = bb84_declaration(0.5)
    table = bb84.joint(depolarising(0.1))
    coarse = Observations.error_rates(bb84, table)
    proof = prove(bb84, coarse, leak_bits=leak_bits(bb84, table))
    assert proof.rate == pytest.approx(float(1 - 2 * h(0.05)) / 2, abs=1e-7)
    assert observed_table(bb84, coarse) is None


def test_counts_give_ranges_and_less_key_than_frequencies():
    bb84 = bb84_declaration(0.5)
    rng = np.random.default_rng(5)
    table = bb84.joint(depolarising(0.06))
    fewer, more = (
        dict(zip(table, rng.multinomial(size, list(table.values())).tolist(), strict=True))
        for size in (10**8, 10**10)
    )
    exact = prove(bb84, table)
    counted = prove(bb84, fewer)
    assert 0.9 * exact.rate < counted.rate < exact.rate
    assert "Clopper-Pearson" in str(counted)
    assert counted.rate < prove(bb84, more).rate < exact.rate


def test_counts_of_pairs():
    declared = case_of("bbm92", qber=0.03).declared
    counts = {event: round(1e9 * p) for event, p in declared.joint(symmetric_errors(0.03)).items()}
    exact = prove(declared, channel=symmetric_errors(0.03)).rate
    assert exact - 0.02 < prove(declared, counts).rate < exact


def test_the_leak_is_the_conditional_entropy():
    bb84 = bb84_declaration(0.8, "z")
    table = bb84.joint(depolarising(0.08))
    assert leak_bits(bb84, table) == pytest.approx(0.64 * float(h(0.04)))
    assert leak_bits(bb84, table, 1.2) == pytest.approx(1.2 * 0.64 * float(h(0.04)))
    damped = bb84.joint(amplitude_damping(0.3))
    zero, one = 0.5 + 0.15, 0.35
    of_bob = 0.64 * (zero * float(h(0.15 / zero)) + one * 0.0)
    assert leak_bits(bb84, damped) == pytest.approx(of_bob)
    reverse = dataclasses.replace(bb84, reconciliation="reverse")
    assert leak_bits(reverse, damped) == pytest.approx(0.64 * 0.5 * float(h(0.3)))


def test_direct_and_reverse_differ_where_the_channel_is_not_symmetric():
    direct = bb84_declaration(0.5)
    reverse = dataclasses.replace(direct, reconciliation="reverse")
    rates = [prove(each, channel=amplitude_damping(0.2)).rate for each in (direct, reverse)]
    assert abs(rates[0] - rates[1]) > 1e-3
    same = [prove(each, channel=depolarising(0.1)).rate for each in (direct, reverse)]
    assert same[0] == pytest.approx(same[1], abs=1e-8)


def test_a_choi_operator_meets_the_constraints_that_its_channel_gives():
    channel = composed(rotation(0.3), amplitude_damping(0.1), dephasing(0.2), depolarising(0.05))
    case = case_of("six-state", rotation=0.3, amplitude_damping=0.1, dephasing=0.2, depolarising=0.05)
    task = problem(case.declared, case.seen)
    assert case.start == pytest.approx(choi(channel, 2))
    met = np.einsum("ijk,kj->i", task.operators, case.start).real
    assert met == pytest.approx(task.low, abs=1e-12)
    pair = case_of("bbm92", depolarising=0.1)
    task = problem(pair.declared, pair.seen)
    assert np.einsum("ijk,kj->i", task.operators, pair.start).real == pytest.approx(task.low, abs=1e-12)


@pytest.mark.parametrize("dimension", [2, 3, 5, 7])
def test_bases_are_mutually_unbiased(dimension):
    bases = mutually_unbiased_bases(dimension)
    overlaps = np.abs(np.einsum("aik,bjk->abij", bases.conj(), bases)) ** 2
    for a in range(dimension + 1):
        for b in range(dimension + 1):
            expected = np.eye(dimension) if a == b else np.full((dimension, dimension), 1 / dimension)
            assert overlaps[a, b] == pytest.approx(expected, abs=1e-12)


def test_signals_in_many_dimensions_give_the_rate_of_their_span():
    declared = case_of("b92", overlap=0.7, depolarising=0.02).declared
    rng = np.random.default_rng(3)
    isometry = np.linalg.qr(rng.normal(size=(9, 2)) + 1j * rng.normal(size=(9, 2)))[0]
    large = {
        name: dataclasses.replace(each, state=isometry @ each.state)
        for name, each in declared.signals.items()
    }
    small = dataclasses.replace(declared, signals=spanned(large))
    table = declared.joint(depolarising(0.02))
    assert prove(small, table).rate == pytest.approx(prove(declared, table).rate, abs=1e-8)
    states = from_overlaps(np.array([[1, 0.7j], [-0.7j, 1]]))
    turned = dataclasses.replace(
        declared,
        signals={str(i): Signal(0.5, states[i], i, "") for i in (0, 1)},
    )
    assert prove(turned, table).rate == pytest.approx(prove(declared, table).rate, abs=1e-8)


def test_a_proof_survives_its_file(tmp_path):
    proof = prove("b92", overlap=0.7, depolarising=0.01, f_ec=1.1)
    proof.save(tmp_path / "b92.json")
    again = load_proof(tmp_path / "b92.json")
    assert again.rate == proof.rate
    assert again.verify()


def test_share_and_adjustments_enter_the_rate():
    case = case_of("six-state", qber=0.03)
    plain = prove_case(case)
    priced = prove_case(dataclasses.replace(case, share=0.25, adjustments=(("vacuum", 0.125),)))
    assert priced.rate == pytest.approx(0.25 * plain.entropy_bits + 0.125 - case.leak_bits)
    assert priced.gap == pytest.approx(0.25 * plain.gap)


def test_noise_free_channels_without_an_interior():
    """All statistics of a perfect channel leave one operator, of rank 1."""
    for name, kept in (("bb84", 0.81), ("six-state", 0.81), ("three-state", 0.81)):
        proof = prove(name, qber=0.0)
        assert kept - 1e-7 < proof.rate < kept
        assert proof.verify()


def test_ranges_of_observations_cost_what_their_worst_value_does():
    declared = case_of("bb84-pairs", qber_z=0.02, qber_x=0.04).declared
    case = case_of("bb84-pairs", qber_z=0.02, qber_x=0.05)
    items = tuple(
        dataclasses.replace(item, low=max(item.high - 0.02, 0.0), high=item.high) for item in case.seen.items
    )
    loose = prove_case(of_observations("loose", declared, Observations(items), leak_bits=0.0))
    assert loose.entropy_bits == pytest.approx(0.81 * float(1 - h(0.05)), abs=1e-6)


@pytest.mark.parametrize(
    ("name", "parameters", "most"),
    [
        ("b92", {"overlap": 1e-6, "depolarising": 0.0}, 0.5),
        ("bb84", {"basis_prob": 0.999999999999, "qber": 0.01}, 1.0),
    ],
)
def test_what_no_certificate_is_found_for_is_no_ignorance_and_says_so(name, parameters, most):
    """Eve's ignorance is never negative, the zero certificate proves that, and its gap is in the printout."""
    proof = prove(name, **parameters)
    verdict = proof.verify()
    assert verdict, verdict.reasons
    assert proof.entropy_bits >= 0
    assert proof.gap > 1e-4
    assert proof.value_bits <= most + 1e-6
    assert "LOOSE" in str(proof)
    assert f"up to {proof.gap:.2g} bits higher" in str(proof)
    assert ("NO KEY is proven" in str(proof)) == (proof.rate <= 0)


def test_useless_channels_leave_no_ignorance_below_zero():
    proof = prove("six-state", depolarising=1.0)
    assert proof.entropy_bits >= 0
    assert proof.rate <= 0
    assert proof.verify()
    assert "NO KEY is proven" in str(proof)
    assert "LOOSE" not in str(prove("six-state", qber=0.05))


def test_a_certificate_below_zero_is_replaced(monkeypatch):
    from noclone.proofs import proving

    monkeypatch.setattr(proving, "_worth", lambda *_: -18.73)
    proof = prove("six-state", qber=0.05)
    assert proof.verify()
    assert proof.entropy_bits == 0
    assert not proof.multipliers.any()
    assert proof.gap == proof.value_bits > 0.3


def test_sources_of_weak_pulses_say_that_single_photons_are_assumed():
    assert "EXACTLY ONE PHOTON" in prove("decoy-bb84", qber=0.02).security.assumptions[0]
    assert not any("EVERY PULSE" in text for text in prove("bb84", qber=0.02).security.assumptions)
