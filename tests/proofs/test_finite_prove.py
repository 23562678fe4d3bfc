"""Finite blocks through `prove`: a proof like any other for the ball, rates of a case for Rényi entropies."""

import math
from dataclasses import replace

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.proofs.finite.coherent import CoherentBlock, fixed_length, variable_length
from noclone.proofs.finite.expected import acceptance_radius, expected_table
from noclone.proofs.finite.norm_ball import Block
from noclone.proofs.proof import load_proof
from noclone.proofs.proving import prove, prove_case
from noclone.proofs.subjects import case_of
from noclone.proofs.sweeps import sweep
from noclone.proofs.thresholds import threshold

BB84 = {"basis_prob": 0.5, "keyed_bases": "both", "f_ec": 1.16}
PRESET = Block(10**6, 0.05, tolerance=1e-7)


def entropy(error: float) -> float:
    return -error * math.log2(error) - (1 - error) * math.log2(1 - error)


def test_the_preset_has_a_proof_that_is_saved_and_verified(tmp_path) -> None:
    # openQKDsecurity 2.2: mu .088888451, smoothing .0272402116; the entropy is that of the errors it allows.
    proof = prove("bb84", qber=0.0, block=PRESET, **BB84)
    exact = (1 - entropy(0.088888451 + 1e-7)) / 2
    assert exact - 2e-8 < proof.entropy_bits <= exact + 1e-9
    costs = 0.0272402116 + 3.5219e-5 + 7.6251e-5
    assert proof.rate == pytest.approx(0.95 * exact - costs, abs=2e-8)
    proof.save(tmp_path / "finite.json")
    again = load_proof(tmp_path / "finite.json")
    assert again.verify()
    assert again.rate == proof.rate
    assert (again.security.attacks, again.security.regime) == ("collective", "finite")
    assert again.security.eps_sec == pytest.approx(0.75e-10)
    assert any("single photons" in text for text in again.security.assumptions)
    assert not any("infinitely many signals" in text for text in again.security.assumptions)
    # A narrower ball would prove more; that the file's is claimed by nobody else is what its digest is for.
    narrower = replace(again, seen=replace(again.seen, radius=0.0))
    assert narrower.verify().proven_bits > again.entropy_bits + 0.1


def test_longer_blocks_prove_more_and_tend_to_the_asymptotic_rate() -> None:
    limit = prove("bb84", qber=0.02, **BB84).rate
    last = -math.inf
    for signals in (10**6, 10**8, 10**10, 10**14):
        rate = prove("bb84", qber=0.02, block=Block(signals, 0.05), **BB84).rate
        assert last < rate < 0.95 * limit
        last = rate
    assert last == pytest.approx(0.95 * limit, abs=1e-4)


def test_honest_blocks_are_accepted_unless_asked_otherwise() -> None:
    table = expected_table(case_of("bb84", qber=0.02, **BB84))
    probs = np.array(list(table.values()))
    seen = np.random.default_rng(2).multinomial(50_000, probs, size=4000) / 50_000
    distances = np.abs(seen - probs).sum(axis=1)
    assert distances.max() < acceptance_radius(50_000, len(probs))
    assert distances.min() > PRESET.tolerance
    wide, narrow = (
        prove("bb84", qber=0.02, block=block, **BB84) for block in (replace(PRESET, tolerance=None), PRESET)
    )
    assert wide.seen.radius - narrow.seen.radius == pytest.approx(acceptance_radius(50_000, 16) - 1e-7)
    assert wide.rate < narrow.rate


def test_sweeps_and_thresholds_take_a_block() -> None:
    found = sweep("bb84", "qber", [0.01, 0.03], block=PRESET, **BB84)
    assert found.rate[0] == pytest.approx(prove("bb84", qber=0.01, block=PRESET, **BB84).rate, abs=2e-8)
    assert found.rate[0] > found.rate[1]
    end = threshold("bb84", low=0.01, high=0.1, tolerance=1e-6, block=Block(10**8, 0.05), **BB84)
    assert 0.01 < end < threshold("bb84", low=0.05, high=0.12, tolerance=1e-6, **BB84)


def test_coherent_rates_of_a_case_say_what_they_rest_on() -> None:
    case, block = case_of("bb84", qber=0.01, f_ec=1.16), CoherentBlock(10**7)
    found = variable_length(case, block, alpha=1.0005)
    fixed = fixed_length(case, block, alpha=1.01)
    assert 0 < fixed.rate < found.rate < prove_case(case).rate
    assert found.key_bits == math.floor(found.rate * 10**7)
    assert found.title == case.title
    assert fixed.radius == acceptance_radius(10**7, len(found.score.events) + 1)
    assert found.security.assumptions[:2] == case.security.assumptions[:2]
    assert not any("Renner" in text for text in found.security.assumptions)
    assert variable_length(case, CoherentBlock(100), alpha=1.5).key_bits == 0


def test_what_a_block_cannot_be_charged_to_is_refused() -> None:
    block = CoherentBlock(10**6)
    pairs = case_of("bb84-pairs", qber_z=0.01, qber_x=0.02)
    with pytest.raises(InvalidInput, match="every signal and outcome"):
        variable_length(pairs, block)
    with pytest.raises(InvalidInput, match="every signal and outcome"):
        prove("bb84-pairs", qber_z=0.01, qber_x=0.02, block=PRESET)
    case = case_of("bb84", qber=0.01)
    for changed in ({"share": 0.5}, {"adjustments": (("vacuum", 0.1),)}, {"decoys": {}}):
        with pytest.raises(InvalidInput, match="without decoys or a cutoff"):
            fixed_length(replace(case, **changed), block)
    # A block of a block would pay twice.
    with pytest.raises(InvalidInput, match="block needs"):
        variable_length(case_of("bb84", qber=0.01, block=PRESET), block)
