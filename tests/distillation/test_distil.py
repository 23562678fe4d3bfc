"""Two parties, one channel: equal keys or an abort, and a ledger that counts what was said."""

import dataclasses
import queue
from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import noclone as nc
from noclone.attacks import InterceptResend, PhotonNumberSplitting
from noclone.core.errors import InvalidInput
from noclone.core.secrets import SimulatedSecrets
from noclone.distillation import estimation, party, session, sifting, verification
from noclone.distillation.channel import ChannelClosed, ProtocolViolation, QueueChannel, expect
from noclone.distillation.distil import both, distil_pair
from noclone.distillation.key_pool import pools_in_memory
from noclone.distillation.messages import BitString, Message, Numbers, decode, encode
from noclone.distillation.reconciliation.reconciliation import Reconciled
from noclone.distillation.result import Abort, SecretKey
from noclone.distillation.session import Terms
from noclone.rates.entropy import binary_entropy
from noclone.records import BobRecord
from noclone.records.tally import tally
from noclone.simulation import with_truth

# A short, bright link on which a million pulses give a key.
BRIGHT = {
    "channel.length_km": 0,
    "bob.efficiency": 0.9,
    "bob.afterpulse_prob": 0,
    "bob.dark_count_prob": 1e-7,
    "bob.misalignment": 0.01,
    "bob.statistics": "exact",
    "alice.intensities": [0.8, 0.25, 0.0],
    "protocol.intensity_probs": [0.2, 0.5, 0.3],
    "protocol.basis_prob": 0.6,
    "protocol.eps_sec": 1e-6,
}


def small_setup(**changes):
    return nc.load("lim-2014").replace(BRIGHT | changes)


@pytest.fixture(scope="module")
def run():
    setup = small_setup()
    return setup, nc.simulate(setup, pulses=1_000_000, seed=11)


def terms(setup, seed, names=("alice", "bob")):
    pools = pools_in_memory(4, SimulatedSecrets(seed, "authentication"))
    return [
        Terms(setup, pool, SimulatedSecrets(seed, name), SimulatedSecrets(seed, f"{name}'s envelopes"))
        for pool, name in zip(pools, names, strict=True)
    ]


class Wire(QueueChannel):
    """An end of a channel through which Eve sees, and may change, every message sent."""

    def __init__(self, outgoing, incoming, change=lambda number, data: [data]):
        super().__init__(outgoing, incoming)
        self.seen, self.change = [], change

    def send(self, message):
        data = encode(message)
        for each in self.change(len(self.seen), data):
            self._outgoing.put(each)
        self.seen.append(data)

    def receive(self, kind):
        try:
            data = self._incoming.get(timeout=1.0)
        except queue.Empty:
            data = None
        if data is None:
            raise ChannelClosed("the peer has stopped talking")
        return expect(data, kind)

    def unread_bytes(self):
        total = 0
        while not self._incoming.empty():
            total += len(self._incoming.get() or b"")
        return total


def converse(setup, alice_record, bob_record, seed=1, change_alice=None, change_bob=None):
    forth, back = queue.SimpleQueue(), queue.SimpleQueue()
    keep = lambda number, data: [data]  # noqa: E731
    ends = Wire(forth, back, change_alice or keep), Wire(back, forth, change_bob or keep)
    hers, his = terms(setup, seed)

    def close(end, work):
        try:
            return work()
        finally:
            end.close()

    outcomes = both(
        lambda: close(ends[0], lambda: session.alice(alice_record, hers, ends[0])),
        lambda: close(ends[1], lambda: session.bob(bob_record, his, ends[1])),
    )
    return outcomes, ends


def test_both_parties_end_with_the_same_key_of_the_length_the_ledger_allows(run):
    setup, (alice, bob) = run
    first, second = distil_pair(alice, bob, setup, seed=5)
    assert isinstance(first, SecretKey)
    assert isinstance(second, SecretKey)
    assert np.array_equal(first.packed, second.packed)
    assert first.key_bits == second.key_bits > 1000
    assert first.packed.size == (first.key_bits + 7) // 8
    # The length again, from counts that an all-knowing observer takes and the leakage of the ledger.
    detections, errors = tally(alice, bob, 3)
    from noclone.rates.bounds import lim_2014
    from noclone.rates.counts import DecoyCounts

    counts = DecoyCounts(setup.link.alice.intensities, setup.protocol.intensity_probs, detections, errors)
    tags = first.ledger.charged_under("verification")
    leak = first.ledger.charged_under("reconciliation") + tags - int(np.log2(2 / setup.protocol.eps_cor))
    again = lim_2014.key_terms(counts, setup.protocol.keyed, leak, 1e-6, setup.protocol.eps_cor)
    # Cascade announces where the strings differ, so that empty pulses give no key.
    assert first.key_bits == int(again.length - again.vacuum.sum())


def test_the_raw_key_is_not_the_key_and_secrets_stay_out_of_repr(run):
    setup, (alice, bob) = run
    key = nc.distil(alice, bob, setup, seed=5)
    assert key.key_bits < key.sifted_bits
    assert str(key.packed.tobytes()[:8]) not in repr(key)
    assert 0.45 < np.unpackbits(key.packed).mean() < 0.55


def test_same_seed_same_key_and_another_seed_another(run):
    setup, (alice, bob) = run
    keys = [nc.distil(alice, bob, setup, seed=seed).sha256() for seed in (5, 5, 6)]
    assert keys[0] == keys[1] != keys[2]


def test_unseeded_keys_differ(run):
    setup, (alice, bob) = run
    assert nc.distil(alice, bob, setup).sha256() != nc.distil(alice, bob, setup).sha256()


@pytest.mark.parametrize("method", ["cascade", "cascade-original", "ldpc"])
def test_every_reconciliation_method_gives_equal_keys_and_charges_at_least_shannon(run, method):
    setup, (alice, bob) = run
    first, second = distil_pair(alice, bob, setup.replace({"protocol.reconciliation": method}), seed=5)
    assert np.array_equal(first.packed, second.packed)
    detections, errors = tally(alice, bob, 3)
    n, q = detections[0].sum(), errors[0].sum() / detections[0].sum()
    assert first.ledger.charged_under("reconciliation") > 0.98 * n * binary_entropy(q)


@pytest.mark.parametrize("family", ["integer", "toeplitz", "modified-toeplitz"])
def test_every_extractor_gives_equal_keys(run, family):
    setup, (alice, bob) = run
    first, second = distil_pair(alice, bob, setup.replace({"protocol.amplification": family}), seed=5)
    assert np.array_equal(first.packed, second.packed)


def test_both_bases_and_one_intensity_keyed():
    setup = nc.load("micius-2017").replace({"channel.loss_db": 12, "protocol.eps_sec": 1e-6})
    first, second = distil_pair(*nc.simulate(setup, pulses=5e7, seed=2), setup, seed=5)
    assert np.array_equal(first.packed, second.packed)
    assert all(length > 0 for length in first.estimate.lengths)


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    pulses=st.integers(1, 150_000),
    efficiency=st.floats(0.0, 1.0),
    misalignment=st.floats(0.0, 0.12),
    both_bases=st.booleans(),
)
def test_the_ledger_counts_every_bit_on_the_wire(seed, pulses, efficiency, misalignment, both_bases):
    setup = small_setup(
        **{
            "bob.efficiency": efficiency,
            "bob.misalignment": misalignment,
            "protocol.keyed_bases": "both" if both_bases else "z",
            "protocol.eps_sec": 1e-2,
            "protocol.eps_cor": 1e-6,
        }
    )
    alice, bob = nc.simulate(setup, pulses=pulses, seed=seed)
    outcomes, ends = converse(setup, alice, bob, seed)
    wire = 8 * sum(len(data) for end in ends for data in end.seen)
    for outcome, end in zip(outcomes, ends, strict=True):
        # After an abort, what the other party said may be left unread.
        assert outcome.ledger.sent_bits == wire - 8 * end.unread_bytes()
    assert isinstance(outcomes[0], SecretKey) == isinstance(outcomes[1], SecretKey)
    if isinstance(outcomes[0], SecretKey):
        assert np.array_equal(outcomes[0].packed, outcomes[1].packed)
        assert outcomes[0].ledger.charges == outcomes[1].ledger.charges
        assert outcomes[0].ledger.sent == outcomes[1].ledger.sent
        assert all(end.unread_bytes() == 0 for end in ends)


def test_charged_bits_of_cascade_are_the_parities_that_alice_sent(run):
    setup, (alice, bob) = run
    outcomes, ends = converse(setup, alice, bob)
    from noclone.distillation.authentication import Envelope
    from noclone.distillation.reconciliation import cascade

    parities = 0
    for data in ends[0].seen:
        envelope = decode(data, Envelope)
        try:
            message = decode(envelope.message, cascade.AliceParities)
        except msgspec.ValidationError:  # another kind of message
            continue
        if isinstance(message, cascade.AliceParities):
            parities += sum(getattr(message, name).count for name in message.__struct_fields__)
    assert outcomes[0].ledger.charged_under("reconciliation") == parities


def corrupt(kind):
    def at(target):
        held = []

        def change(number, data):
            if number != target:
                return [data]
            if kind == "flip":
                return [data[:-1] + bytes([data[-1] ^ 4])]
            if kind == "drop":
                return []
            if kind == "replay":
                return [data, data]
            if kind == "truncate":
                return [data[:-1]]
            held.append(data)
            return [b"\x00"]

        return change

    return at


@pytest.mark.parametrize("kind", ["flip", "drop", "replay", "truncate", "replace"])
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_any_tampering_ends_in_an_abort_or_a_key_that_alice_alone_holds(kind, who, monkeypatch):
    """Only the very last message, Alice's tag, may be lost without Alice's noticing."""
    setup = small_setup(**{"protocol.eps_sec": 1e-2, "protocol.eps_cor": 1e-6})
    alice, bob = nc.simulate(setup, pulses=120_000, seed=4)
    outcomes, ends = converse(setup, alice, bob)
    assert all(isinstance(outcome, SecretKey) for outcome in outcomes)
    count = len(ends[0 if who == "alice" else 1].seen)
    targets = sorted({0, 1, 2, count // 2, count - 3, count - 2, count - 1})
    for target in targets:
        change = {f"change_{who}": corrupt(kind)(target)}
        first, second = converse(setup, alice, bob, **change)[0]
        # Eve may also put something else in the place of the last message.
        last_word = who == "alice" and target >= count - (2 if kind == "replay" else 1)
        if target == count - 1 and kind == "replay":
            continue  # a copy of a party's last message arrives when nobody listens any more
        assert isinstance(second, Abort), (kind, who, target)
        assert isinstance(first, SecretKey if last_word else Abort), (kind, who, target)


def test_intercept_resend_is_seen_and_aborts():
    setup = nc.load("micius-2017").replace({"channel.loss_db": 12})
    truth = with_truth(setup, 3e7, attack=InterceptResend(), seed=3)
    detections, errors = tally(truth.alice, truth.bob, 3)
    n, k = detections[:, 0].sum(), errors[:, 0].sum()
    floor = float(setup.protocol.expected(setup.link, 1).qber)
    expected = floor + (1 - 2 * floor) / 4
    assert abs(k / n - expected) < 4 * np.sqrt(expected * (1 - expected) / n)
    outcome = nc.distil(truth.alice, truth.bob, setup, seed=1)
    assert isinstance(outcome, Abort)
    assert "error rate" in outcome.reason


def test_photon_number_splitting_leaves_the_error_rate_and_takes_the_key():
    setup = nc.load("lim-2014")
    honest, attacked = (
        with_truth(setup, 2e9, attack=attack, seed=9) for attack in (None, PhotonNumberSplitting())
    )
    rates = []
    for truth in (honest, attacked):
        detections, errors = tally(truth.alice, truth.bob, 3)
        rates.append((errors[0, 0] / detections[0, 0], detections[0, 0]))
    sigma = np.sqrt(rates[0][0] / rates[0][1] + rates[1][0] / rates[1][1])
    assert abs(rates[0][0] - rates[1][0]) < 4 * sigma
    assert isinstance(nc.distil(honest.alice, honest.bob, setup, seed=1), SecretKey)
    outcome = nc.distil(attacked.alice, attacked.bob, setup, seed=1)
    assert isinstance(outcome, Abort)
    assert "leaves no secret key" in outcome.reason
    assert outcome.evidence["single_photons"] == 0


def test_wrong_frames_are_found_sent_in_clear_and_charged(run, monkeypatch):
    """A method that leaves one frame wrong: verification repairs it and the key pays for it."""
    setup, (alice, bob) = run

    class Everything(Message):
        stage = "reconciliation"
        bits: BitString

    class Careless:
        NAME, THEOREM = "careless", "everything was sent"

        @staticmethod
        def alice(bits, error_rate, public_seed, channel):
            channel.send(Everything(BitString.of(bits)))
            return Reconciled(bits, 5000, 10_000, 0)

        @staticmethod
        def bob(bits, error_rate, public_seed, channel):
            found = channel.receive(Everything).bits.bits()
            found[12_345] ^= 1
            return Reconciled(found, 5000, 10_000, 0)

    monkeypatch.setattr(party, "reconciliation", lambda name: Careless)
    first, second = distil_pair(alice, bob, setup, seed=5)
    assert np.array_equal(first.packed, second.packed)
    assert first.disclosed_frames == second.disclosed_frames == 1
    # Each basis that is keyed pays for what verification said, whichever string it was about.
    assert first.leak_bits[0] > 10_000
    assert first.ledger.charged_under("verification") > 10_000


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (estimation.ErrorRates, ["ErrorRates", ["foo", b"12345678"]]),
        (estimation.ErrorRates, ["ErrorRates", ["<f8", b"12345678" * 2]]),
        (estimation.ErrorRates, ["ErrorRates", ["O", b"12345678" * 2]]),
        (estimation.ErrorRates, ["ErrorRates", ["<i8", b"123"]]),
        (verification.Frames, ["Frames", [9, b"1"]]),
        (verification.Frames, ["Frames", [-9, b""]]),
        (verification.Frames, ["Frames", "text"]),
        (sifting.Detections, ["Detections", ["<u2", b"12"], [1, b"1"], 7]),
        (party.PublicSeed, ["PublicSeed", "seven"]),
        (party.PublicSeed, ["Goodby", 7]),
    ],
)
def test_malformed_messages_are_violations_not_crashes(kind, data):
    with pytest.raises(ProtocolViolation):
        expect(msgspec.msgpack.encode(data), kind)


@pytest.mark.parametrize("rates", [[-5, 10], [10, 500_001], [10], [1, 2, 3]])
def test_error_rates_that_cannot_be_are_violations(run, rates):
    setup, (alice, _) = run
    ends = QueueChannel.pair()
    mine = party.Greeting(alice.run.run_id, alice.run.pulses, party.setup_digest(setup, None))
    empty = sifting.Detections(Numbers.of(np.zeros(0, np.uint16)), BitString(0, b""), True)
    for message in (mine, empty, estimation.ErrorRates(Numbers.of(np.array(rates, np.int64)))):
        ends[1].send(message)
    with pytest.raises(ProtocolViolation):
        party.alice(alice, setup, ends[0], SimulatedSecrets(1, "alice"))


@pytest.mark.parametrize("parts", [[10**6, 0], [5, 3, 5, 3], [2, 2], [99]])
def test_disagreements_that_cannot_be_are_violations(parts):
    ends = QueueChannel.pair()
    ends[1].send(verification.Disagreements(Numbers.of(np.array(parts, np.uint32))))
    with pytest.raises(ProtocolViolation):
        verification.alice(np.zeros(100, np.uint8), 10, ends[0], SimulatedSecrets(1, "alice"))


def test_records_of_two_runs_or_another_setup_are_refused(run):
    setup, (alice, bob) = run
    _, other = nc.simulate(setup, pulses=1_000_000, seed=12)
    with pytest.raises(InvalidInput, match="run_id must be the same"):
        nc.distil(alice, other, setup)
    with pytest.raises(InvalidInput, match="swapped"):
        nc.distil(bob, alice, setup)
    brighter = dataclasses.replace(alice, intensity=alice.intensity + 2)
    with pytest.raises(InvalidInput, match="intensity must lie between 0 and 2 for this setup"):
        nc.distil(brighter, bob, setup)


@pytest.mark.parametrize("wrong", [[0.9, 0.02, 0.0], [0.3, 0.2, 0.0]])
def test_counts_that_contradict_the_setup_give_no_key(run, wrong):
    """A lab's files with the wrong intensities must not give a key as long as the raw key."""
    setup, (alice, bob) = run
    outcome = nc.distil(alice, bob, setup.replace({"alice.intensities": wrong}), seed=5)
    if isinstance(outcome, SecretKey):
        leaked = outcome.ledger.charged_under("reconciliation")
        assert outcome.key_bits <= outcome.sifted_bits - leaked
    else:
        assert outcome.stage == "estimation"


def test_a_single_photon_bound_above_the_events_is_a_contradiction(run):
    setup, (alice, bob) = run
    detections, errors = tally(alice, bob, 3)
    detections[:, 1] *= 20
    detections[:, 0] = detections[:, 1] // 50
    errors[:] = 0
    with pytest.raises(estimation.Contradiction, match="not those of a source as the setup describes"):
        estimation.estimate(setup, detections, errors, (0, 0))


def test_an_error_free_link_has_a_finite_efficiency():
    setup = small_setup(**{"bob.misalignment": 0, "bob.dark_count_prob": 0})
    key = nc.distil(*nc.simulate(setup, pulses=1_000_000, seed=3), setup, seed=1)
    assert key.qber == 0
    assert np.isfinite(key.f_ec)
    assert "0.000% errors" in str(key)


def test_the_model_guesses_the_error_rate_where_nothing_is_disclosed():
    setup = small_setup(**{"protocol.keyed_bases": "both", "protocol.reconciliation": "ldpc"})
    key = nc.distil(*nc.simulate(setup, pulses=2_000_000, seed=3), setup, seed=1)
    assert key.f_ec < 1.35


def test_a_seed_is_refused_for_real_records(run):
    setup, (alice, bob) = run
    real = dataclasses.replace(alice.run, simulated=False)
    records = dataclasses.replace(alice, run=real), dataclasses.replace(bob, run=real)
    with pytest.raises(InvalidInput, match="seed must not be given"):
        nc.distil(*records, setup, seed=1)
    assert isinstance(nc.distil(*records, setup), SecretKey)


def test_alice_may_have_recorded_more_pulses_than_bob_detected(run):
    setup, (alice, bob) = run
    half = slice(None, None, 2)
    fewer = BobRecord(
        run=bob.run, pulse_index=bob.pulse_index[half], basis=bob.basis[half], bit=bob.bit[half]
    )
    first, second = distil_pair(alice, fewer, setup, seed=5)
    assert np.array_equal(first.packed, second.packed)


def test_empty_records_abort():
    setup = small_setup(**{"bob.efficiency": 0, "bob.dark_count_prob": 0})
    outcome = nc.distil(*nc.simulate(setup, pulses=1000), setup)
    assert isinstance(outcome, Abort)
    assert outcome.stage == "sifting"


def test_the_two_sides_say_stop_at_the_same_time(run):
    setup, (alice, bob) = run
    first, second = distil_pair(alice, bob, setup.replace({"protocol.abort_qber": 0.001}), seed=5)
    assert isinstance(first, Abort)
    assert isinstance(second, Abort)
    assert Counter([first.stage, second.stage])["estimation"] >= 1
