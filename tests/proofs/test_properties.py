"""What must be true of every certificate, for random channels, states and constraints."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import null_space

from noclone.proofs.case import of_channel
from noclone.proofs.library.channels import choi
from noclone.proofs.objective import value
from noclone.proofs.observations import Observations
from noclone.proofs.problem import problem
from noclone.proofs.proving import prove_case
from noclone.proofs.reduced import smat, svec
from noclone.proofs.subjects import case_of
from noclone.protocols.declaration import Declaration, Outcome, Signal

SLOW = settings(max_examples=12)
BITS = 1 / np.log(2)


def random_channel(rng, rank=3):
    """A random channel of a qubit, by an isometry."""
    large = rng.normal(size=(2 * rank, 2)) + 1j * rng.normal(size=(2 * rank, 2))
    kraus = np.linalg.qr(large)[0].reshape(rank, 2, 2)
    return lambda state: 0.8 * state + 0.2 * sum(k @ state @ k.conj().T for k in kraus)


def random_protocol(rng):
    """Three pure states, a POVM of four elements, and a random rule for the key."""
    states = rng.normal(size=(3, 2)) + 1j * rng.normal(size=(3, 2))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    probs = rng.dirichlet(np.ones(3))
    roots = rng.normal(size=(4, 2, 2)) + 1j * rng.normal(size=(4, 2, 2))
    elements = roots @ roots.conj().transpose(0, 2, 1)
    level, vectors = np.linalg.eigh(elements.sum(0))
    inverse = (vectors / np.sqrt(level)) @ vectors.conj().T
    elements = inverse @ elements @ inverse
    signals = {f"s{i}": Signal(probs[i], states[i], int(rng.integers(2)), "ab"[i // 2]) for i in range(3)}
    outcomes = {f"k{j}": Outcome(elements[j], "cd"[j // 2]) for j in range(4)}
    bits = {(said, f"k{j}"): int(rng.integers(2)) for said in "ab" for j in range(4) if rng.random() < 0.8}
    return Declaration(signals, outcomes, bits or {("a", "k0"): 0})


@SLOW
@given(seed=st.integers(0, 10**6))
def test_the_bound_holds_for_random_states_that_fit(seed):
    rng = np.random.default_rng(seed)
    declared, channel = random_protocol(rng), random_channel(rng)
    case = of_channel("random", declared, channel)
    task = problem(declared, case.seen)
    proof = prove_case(case)
    truth = choi(channel, 2)
    assert proof.entropy_bits <= value(task, truth) * BITS + 1e-12
    free = null_space(svec(task.operators, real=False), rcond=1e-10)
    for _ in range(5):
        if not free.shape[1]:
            break
        direction = smat(free @ rng.normal(size=free.shape[1]), 4, real=False)
        root = np.linalg.inv(np.linalg.cholesky(truth))
        reach = -1 / min(np.linalg.eigvalsh(root @ direction @ root.conj().T)[0], -1e-9)
        other = truth + rng.random() * reach * direction
        assert proof.entropy_bits <= value(task, other) * BITS + 1e-9


@SLOW
@given(seed=st.integers(0, 10**6))
def test_the_bound_falls_where_a_constraint_is_dropped(seed):
    rng = np.random.default_rng(seed)
    declared, channel = random_protocol(rng), random_channel(rng)
    case = of_channel("random", declared, channel)
    items = list(case.seen.items)
    bounds = [prove_case(case)]
    for _ in range(3):
        del items[int(rng.integers(len(items)))]
        bounds.append(prove_case(dataclasses.replace(case, seen=Observations(tuple(items)))))
    for more, fewer in pairwise(bounds):
        assert fewer.entropy_bits <= more.entropy_bits + more.gap + 1e-9
    assert all(proof.gap < 1e-6 for proof in bounds)


@SLOW
@given(seed=st.integers(0, 10**6), width=st.floats(1e-4, 1e-2))
def test_the_bound_falls_where_a_value_becomes_a_range(seed, width):
    rng = np.random.default_rng(seed)
    declared, channel = random_protocol(rng), random_channel(rng)
    case = of_channel("random", declared, channel)
    sharp = prove_case(case)
    items = tuple(
        dataclasses.replace(item, low=max(item.low - width, 0.0), high=item.high + width)
        for item in case.seen.items
    )
    vague = prove_case(dataclasses.replace(case, seen=Observations(items)))
    assert vague.entropy_bits <= sharp.entropy_bits + sharp.gap + 1e-9
    ball = prove_case(dataclasses.replace(case, seen=Observations(case.seen.items, radius=width)))
    assert ball.entropy_bits <= sharp.entropy_bits + sharp.gap + 1e-9


@pytest.mark.parametrize(("dimension", "bases"), [(2, 2), (2, 3), (3, 2), (3, 4)])
def test_a_twirl_changes_nothing(dimension, bases):
    case = case_of("mub", dimension=dimension, bases=bases, qber=0.06)
    plain = dataclasses.replace(case, declared=dataclasses.replace(case.declared, symmetries=()))
    with_, without = prove_case(case), prove_case(plain)
    assert with_.entropy_bits == pytest.approx(without.entropy_bits, abs=1e-8)
    assert max(with_.gap, without.gap) < 1e-7


def test_a_certificate_bounds_whatever_point_it_is_made_at():
    from noclone.proofs.certificate import certify

    case = case_of("bb84-pairs", qber_z=0.03, qber_x=0.05)
    task = problem(case.declared, case.seen)
    exact = prove_case(case).value_bits
    rng = np.random.default_rng(1)
    for _ in range(20):
        root = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
        assert certify(task, root @ root.conj().T).bound * BITS < exact
