"""No attack inside a bound's assumptions beats it, and every one outside does."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import entr

from noclone import attacks
from noclone.agreement.attacked_pulses import BB84, DECOYS, SINGLE_PHOTONS, best_remapping, pulses_left
from noclone.agreement.attacked_rounds import round_links, rounds_left
from noclone.agreement.attacks import VARIANTS, AttackRow, attacks_table, telling
from noclone.attacks import (
    BeamSplitting,
    DetectorBlinding,
    InterceptResend,
    PhaseCovariantCloning,
    PhotonNumberSplitting,
    TransmittanceDenial,
    UnambiguousDiscrimination,
    Wavelength,
    ZeroErrorCoherentOneWay,
)
from noclone.core.errors import InvalidInput
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.proofs.library.decoy_bb84 import decoy_bb84_case
from noclone.proofs.proving import prove_case
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.report.attacks_figure import attacks_figure
from noclone.report.attacks_page import attacks_page
from noclone.sampling.pulses import honest_patterns
from noclone.sampling.symbols import SymbolModel

DOCS = Path(__file__).parents[2] / "docs"
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")


@pytest.fixture(scope="module")
def rows():
    return attacks_table()


def h(prob):
    return float((entr(prob) + entr(1 - prob)) / np.log(2))


def test_every_attack_has_rows_and_every_variant_is_one_of_them(rows):
    assert {row.attack for row in rows} == set(attacks.names())
    settings = {row.setting for row in rows}
    assert all(f"{name}:{each}" in settings for name, listed in VARIANTS.items() for each in listed)


def test_no_attack_inside_the_assumptions_beats_its_bound(rows):
    inside = [row for row in rows if row.inside]
    assert {row.attack for row in inside} >= {
        "beam-splitting",
        "intercept-resend",
        "phase-covariant-cloning",
        "photon-number-splitting",
        "unambiguous-discrimination",
        "universal-cloning",
        "entangling-cloner",
        "transmittance-denial",
    }
    assert [(row.setting, row.link) for row in inside if row.beaten] == []
    # Each is also looked at where the parties would make a key.
    assert {row.attack for row in inside if row.accepted} == {row.attack for row in inside}


def test_every_attack_outside_beats_its_bound_where_a_key_is_made(rows):
    outside = {row.attack: row.breaks for row in rows if not row.inside}
    assert {name for name in attacks.names() if attacks.get(name).BREAKS} <= set(outside)
    assert all(outside.values())
    beaten = {row.attack for row in rows if not row.inside and row.beaten and row.accepted}
    assert beaten == set(outside)
    assert [row.attack for row in telling(rows)] == list(dict.fromkeys(row.attack for row in rows))
    assert all(row.beaten and row.accepted for row in telling(rows) if not row.inside)


@dataclass(frozen=True, kw_only=True)
class Reading(InterceptResend):
    """Learns the bit and leaves the pulse alone, which physics forbids."""

    def outcomes(self, model, settings):
        honest = honest_patterns(model, settings)
        bits = settings.sent_bit[:, None, None]
        return [np.where(bits == bit, honest, 0.0) for bit in (0, 1)]


def test_knowledge_without_disturbance_would_be_found():
    found = pulses_left(Reading(fraction=0.3), SINGLE_PHOTONS)
    row = AttackRow("reading", "", "", "", (), found.certified, found.left, 0.0)
    assert found.left == pytest.approx(0.7)
    assert row.beaten
    assert not row.sound
    assert replace(row, breaks="that bits cannot be read without a trace").sound


@pytest.mark.parametrize("disturbance", [0.01, 0.05, 0.11])
def test_single_photons_under_cloning_follow_the_formulas(disturbance):
    """Shor and Preskill (2000) beside Fuchs et al. (1997): 1 - h(D) is certified, 1 - I(D) left."""
    found = pulses_left(PhaseCovariantCloning(disturbance=disturbance), SINGLE_PHOTONS)
    assert found.qber == pytest.approx(disturbance, abs=1e-7)
    assert found.certified == pytest.approx(1 - h(disturbance), abs=1e-6)
    guess = 0.5 + np.sqrt(disturbance * (1 - disturbance))
    assert found.left == pytest.approx(h(guess), abs=1e-6)


def test_the_certified_bound_without_an_attack_is_that_of_the_link():
    """What the parties see comes from a table of patterns here, and from the link's own counts there."""
    intensities, probs = DECOYS.pulses.intensities, DECOYS.pulses.probs
    link = Link(
        alice=WeakCoherentSource(intensities=intensities, clock_rate_hz=1e9),
        channel=Fibre(length_km=50.0),
        bob=ThresholdDetectors(efficiency=0.6, dark_count_prob=1e-8, misalignment=0.01),
    )
    protocol = DecoyBB84(
        intensity_probs=probs, basis_prob=0.5, keyed_bases="both", keyed_intensities=(0,), f_ec=1.0
    )
    proof = prove_case(decoy_bb84_case(link, protocol))
    found = pulses_left(BeamSplitting(fraction=0.0), DECOYS)
    secret = (proof.rate + proof.leak_bits) / probs[0]
    assert found.certified * found.gain == pytest.approx(secret, rel=1e-6)
    assert found.left == 1.0


def test_known_ends():
    blinded = pulses_left(DetectorBlinding(), SINGLE_PHOTONS)
    assert (blinded.certified, blinded.left) == pytest.approx((1.0, 0.0), abs=1e-6)
    assert blinded.gain == pytest.approx(0.015)  # half of 0.1 * 0.6 / 2
    split = pulses_left(PhotonNumberSplitting(), DECOYS)
    assert split.certified == 0.0
    tapped = pulses_left(BeamSplitting(), replace(DECOYS, model=replace(DECOYS.model, dark_count_prob=0.0)))
    assert tapped.left == pytest.approx(np.exp(-0.5 * 0.9), abs=1e-9)  # Bob's photon and hers are independent


def test_what_contradicts_the_devices_certifies_nothing():
    assert pulses_left(Wavelength(), SINGLE_PHOTONS).certified == 0.0
    assert pulses_left(Wavelength(share_x=0.997), SINGLE_PHOTONS).certified > 0.9


def test_remapped_states_are_worth_less_than_those_of_the_protocol():
    assert {each.announced for each in BB84.signals.values()} == {"z", "x"}
    full = best_remapping(90.0, 0.05)
    assert full.certified == pytest.approx(full.left, abs=1e-6)
    assert full.left == pytest.approx(1 - h(0.05), abs=1e-6)
    steps = [best_remapping(step, 0.08).left for step in (90.0, 75.0, 61.2, 45.0)]
    assert np.all(np.diff(steps) < -0.02)
    with pytest.raises(InvalidInput, match="contradict"):
        best_remapping(10.0, 0.01)


def test_discrimination_leaves_nothing_where_b92_certifies_nothing():
    near, far, reference, one_way = round_links()
    for _, link, protocol in (near, far):
        found = rounds_left(UnambiguousDiscrimination(), protocol, link)
        assert found.certified <= found.left < 1e-5
    assert rounds_left(UnambiguousDiscrimination(fraction=0.0), near[2], near[1]).certified > 0.2
    found = rounds_left(UnambiguousDiscrimination(), reference[2], reference[1])
    assert 0 < found.certified < found.left
    assert found.qber > 0.3  # a reference shows what is blocked
    broken = rounds_left(ZeroErrorCoherentOneWay(), one_way[2], one_way[1])
    assert broken.left < 1e-4 < 0.2 < broken.certified


@pytest.mark.parametrize("kept", [1.0, 0.8, 0.3])
@pytest.mark.parametrize("phase_noise_rad2", [0.0, 0.02])
def test_parties_with_an_oscillator_of_their_own_charge_more_loss_exactly(kept, phase_noise_rad2):
    """The phase's noise shrinks with the signal: who takes off what it was overlooks as much of Eve's."""
    model = SymbolModel(reference_photons=500.0, phase_noise_rad2=phase_noise_rad2)
    attack = TransmittanceDenial(kept=kept)
    seen = model.estimates(attack.attacked(model).expected())
    noise = model.efficiency * model.transmittance * kept * model.excess_noise_snu
    assert seen.excess_noise_snu == pytest.approx(noise, abs=1e-6)
    assert attack.charged(model) == pytest.approx(float(attack.information(model)), abs=1e-6)


def test_the_committed_page_is_current(rows):
    """Words must be equal; numbers may differ in their last digit between machines."""
    written, fresh = (DOCS / "attacks.md").read_text(encoding="utf-8"), attacks_page(rows)
    assert NUMBER.sub("#", written) == NUMBER.sub("#", fresh), "make docs writes another page"
    for old, new in zip(NUMBER.findall(written), NUMBER.findall(fresh), strict=True):
        assert float(old) == pytest.approx(float(new), rel=2e-3, abs=1.1e-3)
    for name in attacks.names():
        assert attacks.get(name).SOURCE in fresh
        assert (attacks.get(name).BREAKS or "nothing") in fresh


def test_the_picture_is_drawn_and_refuses_what_it_cannot(rows, tmp_path):
    for name in ("a.svg", "b.svg"):
        attacks_figure(rows, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "detector-blinding" in (tmp_path / "a.svg").read_text()
    assert (DOCS / "images" / "attacks.svg").exists()
    with pytest.raises(InvalidInput, match=r"must end in \.svg or \.png"):
        attacks_figure(rows, tmp_path / "a.pdf")
    with pytest.raises(InvalidInput, match="must not be empty"):
        attacks_figure([], tmp_path / "a.svg")


def test_an_unknown_attack_is_refused():
    with pytest.raises(InvalidInput, match="attack"):
        attacks_table(["telepathy"])
