"""Decoy BB84 by semidefinite programme against closed forms, other bounds and a falsified file."""

import copy
import json

import numpy as np
import pytest

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.proofs.decoys_check import EMPTY, failures
from noclone.proofs.library.decoy_bb84 import decoy_bb84_bounds, decoy_bb84_case
from noclone.proofs.photon_number import photon_number_case
from noclone.proofs.proof import document
from noclone.proofs.proving import prove_case
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.rates.entropy import binary_entropy

OPEN_QKD_SECURITY = ((0.9, 0.1, 0.001), 0.5, 0.0)  # intensities, basis probability, dark counts: its preset
SETS = [OPEN_QKD_SECURITY, ((0.5, 0.1, 0.0), 0.9, 1e-6), ((0.6, 0.2, 0.05, 0.0), 0.8, 1e-7)]


def setup(intensities, basis_prob, dark_count_prob, length_km, keyed_bases="z", **other):
    count = len(intensities)
    link = Link(
        alice=WeakCoherentSource(intensities=intensities, clock_rate_hz=1e9),
        channel=Fibre(length_km=length_km),
        bob=ThresholdDetectors(efficiency=0.6, dark_count_prob=dark_count_prob, misalignment=0.01),
    )
    protocol = DecoyBB84(
        intensity_probs=(1 - 0.1 * (count - 1), *(0.1,) * (count - 1)),
        basis_prob=basis_prob,
        keyed_intensities=(0,),
        keyed_bases=keyed_bases,
        bound="infinite",
        f_ec=1.16,
        **other,
    )
    return link, protocol


def closed_form(link, protocol):
    """R = p1 Y1 [1 - h(e1)] + p0 Y0 - f Q h(E), with the yields that the linear programmes give."""
    _, decoys = decoy_bb84_bounds(link, protocol)
    rate = {each.name: each for each in decoys.rates}
    shares = {"z": protocol.basis_prob**2, "x": (1 - protocol.basis_prob) ** 2}
    # A photon is detected as often in either basis.
    y1 = max(rate[f"{b}·{b} kept"].end(1, 1) / share for b, share in shares.items())
    mu, sent = link.alice.intensities[0], protocol.intensity_probs[0]
    counts, _ = protocol.counts(link)
    total = 0.0
    for basis, other in ("zx", "xz")[: 1 + (protocol.keyed_bases == "both")]:
        e1 = rate[f"{other}·{other} wrong"].end(1, -1) / shares[other] / y1
        b = "zx".index(basis)
        total += sent * mu * np.exp(-mu) * shares[basis] * y1 * (1 - binary_entropy(e1))
        total += sent * np.exp(-mu) * rate[f"{basis}·{basis} kept"].end(0, 1)
        gain, wrong = counts.detections[b, 0], counts.errors[b, 0]
        total -= protocol.f_ec * gain * binary_entropy(wrong / gain)
    return float(total)


@pytest.mark.parametrize("given", SETS)
@pytest.mark.parametrize("length_km", [0.0, 50.0, 100.0, 150.0])
def test_closed_form_with_the_same_yields(given, length_km):
    link, protocol = setup(*given, length_km)
    exact = closed_form(link, protocol)
    assert exact > 0
    proof = prove_case(decoy_bb84_case(link, protocol))
    assert 0.9999 * exact < proof.rate <= exact


def test_both_bases_give_key():
    link, protocol = setup(*SETS[1], 50.0, keyed_bases="both")
    exact = closed_form(link, protocol)
    proof = prove_case(decoy_bb84_case(link, protocol))
    assert 0.9999 * exact < proof.rate <= exact


@pytest.mark.parametrize("length_km", [0.0, 100.0])
def test_between_the_other_bounds(length_km):
    # Ma 2005 with a weak decoy and a vacuum counts no empty pulses; infinitely many decoys know every yield.
    link, protocol = setup((0.5, 0.1, 0.0), 0.9, 1e-7, length_km)
    proof = prove_case(decoy_bb84_case(link, protocol))
    weak = sum(protocol.key(link, "vacuum-weak", None).terms.values())
    ideal = sum(protocol.key(link, "infinite", None).terms.values())
    empty = sum(bits for name, bits in proof.adjustments if name == EMPTY)
    assert proof.rate - empty == pytest.approx(float(weak), rel=1e-2)
    assert proof.rate - empty <= ideal


def test_five_intensities_reach_infinitely_many():
    link, protocol = setup((0.5, 0.2, 0.1, 0.02, 0.0), 0.9, 1e-8, 80.0)
    proof = prove_case(decoy_bb84_case(link, protocol))
    ideal = float(sum(protocol.key(link, "infinite", None).terms.values()))
    empty = sum(bits for name, bits in proof.adjustments if name == EMPTY)
    assert 0.99 * ideal < proof.rate - empty < ideal


@pytest.mark.parametrize("length_km", [0.0, 100.0])
def test_one_decoy_is_enough(length_km):
    # Rusca et al. 2018 in closed form; the linear programme of the same observations is the better one.
    link, protocol = setup((0.5, 0.1), 0.9, 1e-7, length_km)
    proof = prove_case(decoy_bb84_case(link, protocol))
    rusca = float(sum(protocol.key(link, "rusca-2018", None).terms.values()))
    ideal = float(sum(protocol.key(link, "infinite", None).terms.values()))
    assert rusca < proof.rate < 1.1 * rusca
    assert proof.rate < ideal


def test_reverse_reconciliation_counts_no_empty_pulse():
    import dataclasses

    declared, decoys = decoy_bb84_bounds(*setup(*SETS[1], 50.0))
    assert [name for name, _ in photon_number_case("", declared, decoys, 0.0).adjustments] == [EMPTY]
    reverse = dataclasses.replace(declared, reconciliation="reverse")
    assert photon_number_case("", reverse, decoys, 0.0).adjustments == ()


@pytest.fixture(scope="module")
def proved():
    link, protocol = setup(*SETS[1], 50.0)
    proof = prove_case(decoy_bb84_case(link, protocol))
    _, decoys = decoy_bb84_bounds(link, protocol)
    return json.loads(json.dumps({**document(proof), "decoys": decoys.document()}))


def test_the_file_proves_its_ranges(proved):
    assert failures(proved) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda f: f["decoys"]["rates"][0]["bounds"][1].update(value=0.05), "is not proven for 1 photons"),
        (lambda f: f["decoys"]["rates"][0]["low"].__setitem__(0, 0.0), "is not proven"),
        (lambda f: f["decoys"]["intensities"].__setitem__(0, 0.49), "is not proven"),
        (lambda f: f["decoys"]["probs"].__setitem__(0, 0.7), "The share of keyed single photons"),
        (lambda f: f["observations"]["items"][3]["weights"][0].__setitem__(2, -1.0), "negative weight"),
        (lambda f: f["observations"]["items"][0].update(low=0.05), "not what the decoys prove"),
        (lambda f: f["observations"]["items"][1].update(high=1e-9), "not what the decoys prove"),
        (lambda f: f["observations"]["items"].pop(), "not those of the observations"),
        (lambda f: f.update(share=f["share"] + 1e-9), "The share of keyed single photons"),
        (lambda f: f["adjustments"][0].__setitem__(1, f["adjustments"][0][1] * 1.001), "The bits of empty"),
        (lambda f: f["protocol"].update(reconciliation="reverse"), "The bits of empty pulses are at most 0"),
    ],
)
def test_a_changed_file_is_found_out(proved, change, expected):
    false = copy.deepcopy(proved)
    change(false)
    assert any(expected in each for each in failures(false))


def test_flaws_that_the_proof_does_not_cover_are_refused():
    link, protocol = setup(*SETS[0], 10.0)
    for station, field, value in (
        ("alice", "intensity_fluctuation", 0.05),
        ("alice", "trojan_photons", 1e-6),
        ("bob", "efficiency_mismatch", 0.9),
    ):
        flawed = nc.Setup(link, protocol).replace({f"{station}.{field}": value})
        with pytest.raises(InvalidInput, match=station):
            decoy_bb84_case(flawed.link, flawed.protocol)
    grid = nc.Setup(link, protocol).grid({"channel.length_km": [1.0, 2.0]})
    with pytest.raises(InvalidInput, match="must be one link"):
        decoy_bb84_case(grid.link, grid.protocol)
