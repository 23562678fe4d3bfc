"""What the protocols that send qubits as photons have in common, against their own statistics and states."""

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.link import (
    FixedLoss,
    Link,
    MeasuredTransmittance,
    SinglePhotonSource,
    ThresholdDetectors,
    WeakCoherentSource,
)
from noclone.protocols.agreement import compare
from noclone.protocols.b92 import B92
from noclone.protocols.check import check_protocol
from noclone.protocols.declaration import depolarising
from noclone.protocols.four_states import bb84_declaration
from noclone.protocols.sarg04 import SARG04
from noclone.protocols.six_state import SixState
from noclone.protocols.strong_reference_b92 import StrongReferenceB92
from noclone.protocols.three_state import ThreeState
from noclone.protocols.weak_coherent_bb84 import WeakCoherentBB84

PHOTON = SinglePhotonSource(clock_rate_hz=1e8)
EITHER = [
    SixState(basis_prob=0.6, bound="infinite-decoy"),
    ThreeState(basis_prob=0.7),
    SARG04(),
    B92(overlap=0.8),
]
LASER = [WeakCoherentBB84(), StrongReferenceB92()]
ALL = EITHER + LASER


def laser(intensity):
    return WeakCoherentSource(intensities=(intensity,), clock_rate_hz=1e9)


def link_of(source, loss_db=3.0, **changes):
    bob = {"efficiency": 0.5, "dark_count_prob": 1e-3, "misalignment": 0.03} | changes
    return Link(alice=source, channel=FixedLoss(loss_db=loss_db), bob=ThresholdDetectors(**bob))


def name(value):
    return value.NAME


@pytest.mark.parametrize("kind", [type(each) for each in ALL], ids=lambda kind: kind.NAME)
def test_it_is_sound(kind):
    assert check_protocol(kind) == ()


@pytest.mark.parametrize("protocol", ALL, ids=name)
def test_played_rounds_agree_with_the_statistics(protocol):
    sources = [laser(0.8), laser(0.1)] + [PHOTON] * (protocol in EITHER)
    rng = np.random.default_rng(3)
    p_values = []
    for source in sources:
        for changes in ({"loss_db": 0.0}, {"loss_db": 8.0, "misalignment": 0.2}, {"dark_count_prob": 0.1}):
            link = link_of(source, **changes)
            played = protocol.sample(link, 200_000, rng)
            p_values += [row.p_value for row in compare(protocol.statistics(link), played, 200_000)]
    assert min(p_values) > 1e-4 / len(p_values)


@pytest.mark.parametrize("protocol", ALL, ids=name)
def test_a_fading_channel_averages_what_is_seen(protocol):
    channel = MeasuredTransmittance(duration_s=(1, 2, 3), transmittance=(0.9, 0.5, 0.05))
    link = dataclasses.replace(link_of(laser(0.5)), channel=channel)
    played = protocol.sample(link, 300_000, np.random.default_rng(5))
    rows = compare(protocol.statistics(link), played, 300_000)
    assert min(row.p_value for row in rows) > 1e-5


@pytest.mark.parametrize("protocol", ALL, ids=name)
def test_a_wrong_device_is_refused_in_a_sentence(protocol):
    with pytest.raises(InvalidInput, match="is not used by"):
        protocol.check_link(link_of(laser(0.5), dead_time_s=1e-7))
    two = WeakCoherentSource(intensities=(0.5, 0.1), clock_rate_hz=1e9)
    with pytest.raises(InvalidInput, match="must have one element"):
        protocol.check_link(link_of(two))
    if protocol in LASER:
        with pytest.raises(InvalidInput, match="must be weak-coherent"):
            protocol.check_link(link_of(PHOTON))


@pytest.mark.parametrize("protocol", ALL, ids=name)
def test_it_computes_in_batches_of_links(protocol):
    """Within 1e5 links per second and core, with room for a loaded machine."""
    losses = np.linspace(0.0, 30.0, 20_000)
    link = link_of(laser(0.1))
    grid = link.replaced({"channel": link.channel.with_arrays({"loss_db": losses})})
    protocol.rate(grid)
    start = time.process_time()
    answer = protocol.rate(grid)
    assert answer.rate_per_pulse.shape == losses.shape
    assert time.process_time() - start < 0.2


def rotation(angle):
    """A channel that turns the states in the plane of Z and X, by this angle of the Bloch sphere."""
    turn = np.array(
        [[np.cos(angle / 2), -np.sin(angle / 2)], [np.sin(angle / 2), np.cos(angle / 2)]], complex
    )
    return lambda state: turn @ state @ turn.conj().T


def kept_and_wrong(protocol, misalignment):
    """The closed forms for one photon and no loss."""
    link = link_of(PHOTON, loss_db=0.0, efficiency=1.0, dark_count_prob=0.0, misalignment=misalignment)
    seen = protocol.statistics(link)
    return (
        (seen["conclusive"], seen["error"]) if "conclusive" in seen else (seen["sifted z"], seen["error z"])
    )


@pytest.mark.parametrize("protocol", EITHER, ids=name)
@given(error=st.floats(0.0, 0.5))
def test_the_declared_states_give_the_closed_forms(protocol, error):
    """A flip with probability e is a loss of polarisation of 2 e, or a rotation with sin^2(angle/2) = e."""
    kept, wrong = kept_and_wrong(protocol, error)
    for channel in (depolarising(2 * error), rotation(2 * np.arcsin(np.sqrt(error)))):
        declared = protocol.declaration().kept_and_wrong(channel)
        assert declared == pytest.approx((float(kept), float(wrong)), abs=1e-12)


@given(error=st.floats(0.0, 0.5), basis_prob=st.floats(0.05, 0.95))
def test_the_declaration_of_bb84_gives_its_closed_forms(error, basis_prob):
    both = basis_prob**2 + (1 - basis_prob) ** 2
    for channel in (depolarising(2 * error), rotation(2 * np.arcsin(np.sqrt(error)))):
        kept, wrong = bb84_declaration(basis_prob).kept_and_wrong(channel)
        assert (kept, wrong) == pytest.approx((both, both * error), abs=1e-12)
        kept, wrong = bb84_declaration(basis_prob, "z").kept_and_wrong(channel)
        assert (kept, wrong) == pytest.approx((basis_prob**2, basis_prob**2 * error), abs=1e-12)


@pytest.mark.parametrize("protocol", EITHER, ids=name)
def test_a_declaration_is_complete(protocol):
    declared = protocol.declaration()
    assert sum(each.prob for each in declared.signals.values()) == pytest.approx(1.0)
    dimension = len(next(iter(declared.signals.values())).state)
    total = sum(each.element for each in declared.outcomes.values())
    np.testing.assert_allclose(total, np.eye(dimension), atol=1e-15)
    for each in declared.signals.values():
        assert np.linalg.norm(each.state) == pytest.approx(1.0)


@pytest.mark.parametrize("protocol", ALL, ids=name)
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "changes", [{"efficiency": 0.0, "dark_count_prob": 0.0}, {"misalignment": 0.5}, {"dark_count_prob": 0.5}]
)
def test_what_carries_no_signal_gives_no_key(protocol, changes):
    for source in [laser(0.5)] + [PHOTON] * (protocol in EITHER):
        answer = protocol.rate(link_of(source, **changes))
        assert float(answer.rate_per_pulse) == 0.0
        assert 0.0 <= float(answer.qber) <= 0.5 + 1e-12


@pytest.mark.parametrize("protocol", EITHER, ids=name)
def test_a_faint_laser_is_a_rare_single_photon(protocol):
    one = protocol.rate(link_of(PHOTON, dark_count_prob=0.0)).rate_per_pulse
    faint = protocol.rate(link_of(laser(1e-7), dark_count_prob=0.0)).rate_per_pulse
    assert faint == pytest.approx(1e-7 * one, rel=1e-4)
