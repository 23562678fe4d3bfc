"""Decoy BB84 by semidefinite programme against closed forms, other bounds and a falsified file."""

import copy
import json

import numpy as np
import pytest

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.proofs.claim import claim, digests
from noclone.proofs.decoys_check import EMPTY, failures
from noclone.proofs.library.decoy_bb84 import decoy_bb84_bounds, decoy_bb84_case
from noclone.proofs.observations import Observation, Observations
from noclone.proofs.photon_number import photon_number_case
from noclone.proofs.proof import document, from_document
from noclone.proofs.proving import prove_case, prove_declared
from noclone.proofs.verify import verify_document
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
    return json.loads(json.dumps(document(proof)))


def sealed(content):
    content = {**content, **digests(content)}
    return {**content, **digests(content)}


def test_the_file_proves_its_ranges(proved):
    assert failures(claim(proved)) == []
    verdict = verify_document(proved)
    assert verdict, verdict.reasons
    assert [name for name, _ in verdict.claimed] == ["leak"]
    assert proved["adjustments"][0][1] > 0
    assert verdict.rate == pytest.approx(
        proved["share"] * verdict.proven_bits + proved["adjustments"][0][1] - proved["leak_bits"], abs=1e-15
    )


def narrow(item):
    item["high"] = item["low"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda f: f["decoys"]["rates"][0]["bounds"][1].update(value=0.05), "is not proven for 1 photons"),
        (lambda f: f["decoys"]["rates"][0]["low"].__setitem__(0, 0.0), "is not proven"),
        (lambda f: f["decoys"]["intensities"].__setitem__(0, 0.49), "is not proven"),
        (lambda f: f["decoys"].update(probs=[0.7, 0.2, 0.1]), "the share of keyed single photons"),
        (lambda f: f["decoys"]["rates"][0]["low"].__setitem__(0, 0.9), "was seen from more to less"),
        (lambda f: f["decoys"]["rates"][0]["bounds"][2].update(value=0.0), "is not proven for 1 photons"),
        (lambda f: f["observations"]["items"][3]["weights"][0].__setitem__(2, -1.0), "negative weight"),
        (lambda f: f["observations"]["items"][0].update(low=0.05), "not what the decoys prove"),
        (lambda f: narrow(f["observations"]["items"][1]), "not what the decoys prove"),
        (lambda f: f["observations"]["items"][0].update(name="other"), "not those of the observations"),
        (lambda f: f.update(share=f["share"] + 1e-9), "the share of keyed single photons"),
        (lambda f: f["adjustments"][0].__setitem__(1, f["adjustments"][0][1] * 1.001), "the bits of empty"),
        (lambda f: f["protocol"].update(reconciliation="reverse"), "the bits of empty pulses are at most 0"),
    ],
)
def test_a_changed_file_is_found_out(proved, change, expected):
    false = copy.deepcopy(proved)
    change(false)
    assert any(expected in each for each in failures(claim(false)))
    verdict = verify_document(sealed(false))
    assert any(expected in each for each in verdict.reasons)
    # What is not proven is listed as a claim.
    assert dict(verdict.claimed)["share of signals"] == false["share"]


def leaves(node, path=()):
    """Yield the path to each number and text."""
    if not isinstance(node, dict | list):
        yield path
        return
    for key, each in node.items() if isinstance(node, dict) else enumerate(node):
        yield from leaves(each, (*path, key))


def changed(content, path, value):
    """Return the content with another value at a path, copied no further than along it."""
    if not path:
        return value(content) if callable(value) else value
    copied = dict(content) if isinstance(content, dict) else list(content)
    copied[path[0]] = changed(content[path[0]], path[1:], value)
    return copied


def test_every_leaf_of_the_decoys_has_a_type(proved):
    for path in leaves(proved["decoys"]):
        for bad in (None, True, [], {}, "NaN", float("nan"), float("inf"), 1e300, "1\n", 10**400):
            if path[-1] == "name" and bad == "NaN":
                continue
            with pytest.raises(InvalidInput):
                claim(changed(proved, ("decoys", *path), bad))
    for path in leaves(proved["decoys"]):
        for cut in range(1, len(path) + 1):
            if isinstance(path[cut - 1], int):
                short = changed(proved, ("decoys", *path[: cut - 1]), lambda rows: rows[:-1])
                try:
                    assert failures(claim(short))
                except InvalidInput:
                    continue


def test_no_forged_leaf_of_the_decoys_raises_the_rate(proved):
    """Each number changed on its own, and with the claim that profits; at worst the same bound follows."""
    honest = verify_document(proved)
    accepted = 0
    for path in [("decoys", *each) for each in leaves(proved["decoys"])] + [
        ("share",),
        ("adjustments", 0, 1),
    ]:
        if path[-1] == "name":
            continue
        for forged in (lambda x: x + 0.3, lambda x: -x - 1e-6, lambda x: 1.01 * x):
            try:
                verdict = verify_document(sealed(changed(proved, path, forged)))
            except InvalidInput:
                continue
            accepted += verdict.accepted
            assert not verdict or verdict.rate <= honest.rate
    assert accepted  # multipliers that leave the range wide enough


def test_numbers_that_are_none_prove_nothing(proved):
    """The whole chain forged: perfect single photons, seen at rates that no comparison holds of."""
    proof = from_document(proved)
    items = []
    for item in proof.seen.items:
        basis = item.name[0]
        kept = sum(each.prob for each in proof.declared.signals.values() if each.announced == basis) ** 2
        low, high = (0.0, 0.0) if "wrong" in item.name else (0.999 * kept, 0.9995 * kept)
        items.append(Observation(item.name, item.weights, low, high))
    forged = prove_declared(
        proof.declared,
        Observations(tuple(items)),
        title=proof.title,
        leak_bits=proof.leak_bits,
        security=proof.security,
        share=proof.share,
        adjustments=proof.adjustments,
    )
    assert forged.rate > proof.rate
    for nothing in ("NaN", float("nan")):
        decoys = copy.deepcopy(proved["decoys"])
        for rate, item in zip(decoys["rates"], items, strict=True):
            rate["low"] = rate["high"] = [nothing] * 3
            for bound in rate["bounds"]:
                if bound["photons"] == 1:
                    bound["value"] = item.low if bound["sign"] == 1 else item.high
        with pytest.raises(InvalidInput, match="must be a finite number"):
            verify_document({**document(forged), "decoys": decoys})


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        ("keyed", [0, -3], "a whole number"),
        ("keyed", [0, 0], "different indices"),
        ("keyed", [0.0], "a whole number"),
        ("keyed", [3], "different indices"),
        ("keyed", [], "different indices"),
        ("probs", [3.2, 0.4, 0.4], "probabilities"),
        ("probs", [0.9, 0.9, 0.9], "must sum to 1"),
        ("probs", ["0.8", "0.1", "0.1"], "a finite number"),
        ("probs", [0.9, 0.1], "must be 3 probabilities"),
        ("intensities", [1e9, 0.1, 0.0], "from 0 to 100"),
        ("intensities", [0.5, 0.5, 0.0], "different numbers"),
        ("intensities", [-0.5, 0.1, 0.0], "from 0 to 100"),
        ("intensities", [], "different numbers"),
        ("rates", [{}] * 1000, "must have at most 50000 multipliers"),
    ],
)
def test_decoys_are_a_source_of_weak_pulses(proved, part, value, problem):
    with pytest.raises(InvalidInput, match=problem):
        verify_document({**proved, "decoys": {**proved["decoys"], part: value}})


def test_a_bound_stands_once_for_each_end(proved):
    for change in (
        lambda bounds: [*bounds, bounds[0]],
        lambda bounds: [bounds[0], bounds[1], bounds[1]],
        lambda bounds: [bounds[0], bounds[1], {**bounds[2], "sign": 2}],
        lambda bounds: [bounds[0], bounds[1], {**bounds[2], "sign": -1.5}],
        lambda bounds: [bounds[0], bounds[1], {**bounds[2], "photons": 100}],
    ):
        with pytest.raises(InvalidInput, match="one for each photons and sign"):
            claim(changed(proved, ("decoys", "rates", 0, "bounds"), change))


def test_observations_without_events_prove_no_empty_pulses(proved):
    hollow = changed(proved, ("observations", "items", 0, "weights"), [])
    assert not verify_document(sealed(hollow))


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
