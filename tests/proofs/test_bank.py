from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.proofs.bank import CertificateBank
from noclone.proofs.case import Case
from noclone.proofs.library.quaternary import quaternary
from noclone.proofs.objective import gradient
from noclone.proofs.observations import Observations
from noclone.proofs.problem import problem
from noclone.proofs.proof import Proof, load_proof
from noclone.proofs.proving import prove_case
from noclone.proofs.subjects import case_of
from noclone.protocols.declaration import Declaration, Outcome, Signal, depolarising
from noclone.setup import load

SHIPPED = Path(__file__).parents[2] / "evidence" / "results" / "certificate_bank.npz"


def keying(length_km: float, excess_noise_snu: float, amplitude: float, cutoff: int = 6) -> Case:
    return quaternary(
        length_km=length_km, excess_noise_snu=excess_noise_snu, amplitude=amplitude, cutoff=cutoff
    )


@pytest.fixture(scope="module")
def bank() -> CertificateBank:
    lengths, noises, amplitudes = (10, 15, 20), (0.005, 0.02), (0.77, 0.83)
    return CertificateBank.build(
        keying,
        (
            {"length_km": length, "excess_noise_snu": noise, "amplitude": amplitude}
            for length in lengths
            for noise in noises
            for amplitude in amplitudes
        ),
    )


def recomputed_bits(proof: Proof) -> float:
    """Return what a proof's point and multipliers give, from nothing but the declaration and observations."""
    task = problem(proof.declared, proof.seen)
    rest = gradient(task, proof.point) - np.tensordot(proof.multipliers, task.operators, 1)
    root = np.linalg.inv(np.linalg.cholesky(task.unit))
    shift = np.linalg.eigvalsh(root @ rest @ root.conj().T)[0]
    return float((task.support(proof.multipliers) + shift) / log(2))


@settings(max_examples=8, deadline=None)
@given(length_km=st.floats(10, 20), excess_noise_snu=st.floats(0.005, 0.02), amplitude=st.floats(0.75, 0.85))
def test_a_bank_is_never_above_the_minimum_and_near_it(
    bank: CertificateBank, length_km: float, excess_noise_snu: float, amplitude: float
) -> None:
    case = keying(length_km, excess_noise_snu, amplitude)
    direct = prove_case(case)
    assert bank.rate(case) <= direct.value_bits - direct.leak_bits
    assert bank.rate(case) >= 0.85 * direct.rate


def test_at_a_point_of_the_grid_a_bank_loses_only_the_barrier(bank: CertificateBank) -> None:
    case = keying(15, 0.005, 0.83)
    assert prove_case(case).rate - 5e-6 < bank.rate(case) < prove_case(case).rate


def test_an_answer_is_a_proof_for_the_source_that_was_asked_about(
    bank: CertificateBank, tmp_path: Path
) -> None:
    case = keying(13, 0.012, 0.81)
    proof = bank.proof(case)
    assert proof.title == case.title
    assert proof.rate == bank.rate(case)
    assert proof.entropy_bits == pytest.approx(recomputed_bits(proof), abs=1e-8)
    assert proof.entropy_bits <= proof.value_bits == 2
    proof.save(tmp_path / "bank.json")
    assert load_proof(tmp_path / "bank.json").verify()
    raised = replace(proof, entropy_bits=proof.entropy_bits + 1e-6)
    assert not raised.verify()


def test_shares_and_adjustments_are_those_of_the_case(bank: CertificateBank) -> None:
    case = keying(13, 0.012, 0.81)
    entropy = bank.rate(case) + case.leak_bits
    changed = replace(case, share=0.5, adjustments=(("finite size", -0.01),))
    assert bank.rate(changed) == pytest.approx(0.5 * entropy - 0.01 - case.leak_bits, abs=1e-12)
    assert bank.proof(changed).rate == pytest.approx(bank.rate(changed), abs=1e-12)


def test_ranges_and_a_ball_cost_what_the_multipliers_say(bank: CertificateBank) -> None:
    case = keying(13, 0.012, 0.81)
    loose = tuple(replace(item, low=item.low - 1e-4, high=item.high + 2e-4) for item in case.seen.items)
    for seen in (Observations(loose), Observations(case.seen.items, 1e-3)):
        wider = replace(case, seen=seen)
        assert bank.rate(wider) < bank.rate(case)
        assert bank.proof(wider).entropy_bits == pytest.approx(recomputed_bits(bank.proof(wider)), abs=1e-8)


def test_a_file_gives_the_same_bank(bank: CertificateBank, tmp_path: Path) -> None:
    bank.save(tmp_path / "bank.npz")
    again = CertificateBank.load(tmp_path / "bank.npz")
    case = keying(11, 0.007, 0.79)
    assert len(again) == len(bank) == 12
    assert np.array_equal(again.bounds(case.seen, case.declared), bank.bounds(case.seen, case.declared))
    assert np.array_equal(again.proof(case).point, bank.proof(case).point)


def b92(angle: float, first_prob: float) -> Declaration:
    """Return two states at an angle and a measurement that is not that of the angle but of 45 degrees."""
    states = [np.array([np.cos(angle / 2), sign * np.sin(angle / 2)], complex) for sign in (1, -1)]
    fixed = [np.array([np.cos(np.pi / 8), sign * np.sin(np.pi / 8)]) for sign in (-1, 1)]
    hits = [(np.eye(2) - np.outer(state, state)) / 2 for state in fixed]
    return Declaration(
        {str(i): Signal((first_prob, 1 - first_prob)[i], states[i], i, "") for i in (0, 1)},
        {
            "0": Outcome(hits[0], "kept"),
            "1": Outcome(hits[1], "kept"),
            "?": Outcome(np.eye(2) - hits[0] - hits[1], "lost"),
        },
        {("", "0"): 0, ("", "1"): 1},
    )


def b92_case(angle: float, depolarised: float, first_prob: float = 0.5) -> Case:
    return case_of(b92(angle, first_prob), channel=depolarising(depolarised))


def test_certificates_serve_other_states_and_other_probabilities() -> None:
    bank = CertificateBank.of_proofs(
        prove_case(b92_case(angle, strength)) for angle in (0.75, 0.85) for strength in (0.02, 0.04)
    )
    for query in (b92_case(0.8, 0.03), b92_case(0.78, 0.03, 0.45), b92_case(0.75, 0.02)):
        direct, proof = prove_case(query), bank.proof(query)
        assert proof.entropy_bits <= direct.value_bits
        assert proof.entropy_bits > 0.9 * direct.entropy_bits
        assert proof.entropy_bits == pytest.approx(recomputed_bits(proof), abs=1e-8)
    assert bank.proof(b92_case(0.8, 0.03)).verify()


def test_pairs_and_dependent_signals_need_their_own_source() -> None:
    pairs = CertificateBank.build("mub", [{"dimension": 3, "bases": 4, "qber": q} for q in (0.03, 0.05)])
    case = case_of("mub", dimension=3, bases=4, qber=0.04)
    assert pairs.rate(case) <= prove_case(case).rate
    assert pairs.proof(case).verify()
    with pytest.raises(InvalidInput, match="bank's observables"):
        pairs.rate(case_of("mub", dimension=3, bases=4, qber=0.04, key_prob=0.8))
    four = CertificateBank.build("bb84", [{"qber": 0.03, "basis_prob": 0.5}])
    turned = four.first.declared.signals["x0"]
    other = np.array([np.cos(0.7), np.sin(0.7)], complex)
    skew = replace(
        four.first.declared, signals={**four.first.declared.signals, "x0": replace(turned, state=other)}
    )
    with pytest.raises(InvalidInput, match="one linear map"):
        four.bounds(four.first.seen, skew)


def test_a_proof_with_decoy_states_keeps_what_they_prove() -> None:
    case = case_of(load("decoy-bb84"))
    proof = CertificateBank.of_proofs([prove_case(case)]).proof(case)
    assert proof.decoys == case.decoys
    verdict = proof.verify()
    assert verdict
    assert [name for name, _ in verdict.claimed] == ["leak"]


def test_a_bound_below_zero_is_a_bound_of_zero(bank: CertificateBank) -> None:
    case = keying(13, 0.012, 0.81)
    far = replace(case, seen=Observations(case.seen.items, 10.0))
    assert bank.bounds(far.seen).max() < 0
    assert bank.rate(far) == bank.proof(far).rate == -case.leak_bits
    assert bank.proof(far).verify()


def test_what_does_not_fit_is_refused(bank: CertificateBank, tmp_path: Path) -> None:
    case = keying(11, 0.007, 0.79)
    with pytest.raises(InvalidInput, match="observables"):
        bank.bounds(Observations(case.seen.items[:-1]))
    with pytest.raises(InvalidInput, match="measurement and the key"):
        bank.rate(keying(11, 0.007, 0.79, cutoff=7))
    with pytest.raises(InvalidInput, match="at least one point"):
        CertificateBank.build("bb84", [])
    (tmp_path / "no.npz").write_bytes(b"PK\x03\x04 nothing")
    for name in ("no.npz", "missing.npz"):
        with pytest.raises(InvalidInput, match="no bank"):
            CertificateBank.load(tmp_path / name)


def test_the_bank_of_the_evidence_holds_in_ball_arithmetic() -> None:
    found = CertificateBank.load(SHIPPED)
    case = keying(23, 0.013, 0.79, cutoff=10)
    assert found.proof(case).verify()
    assert 0.97 < found.rate(case) / prove_case(case).rate <= 1
