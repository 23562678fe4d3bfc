"""Two parties, a wire that Eve owns, and what the tags make of her."""

import queue
import struct
import threading
import tracemalloc

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.core.secrets import SimulatedSecrets, SystemSecrets
from noclone.distillation.authentication import (
    AUTHENTICATION_EPSILON,
    TRANSCRIPT_LIMIT_BYTES,
    Envelope,
    SessionOffer,
    Tag,
    TranscriptChannel,
    authenticate_as_alice,
    authenticate_as_bob,
)
from noclone.distillation.channel import ChannelClosed, PeerAborted, ProtocolViolation, QueueChannel
from noclone.distillation.key_pool import SESSION_KEY_BITS, Session, pools_in_memory
from noclone.distillation.messages import Message, decode, encode
from noclone.hashing.polynomial import PRIME


class Question(Message, frozen=True):
    stage = "sifting"
    number: int
    data: bytes


class Answer(Message, frozen=True):
    stage = "reconciliation"
    number: int
    data: bytes


ROUNDS = 3
# Per direction: the core messages, then choice and tag from Alice, offer and tag from Bob.
MESSAGES = {"alice": ROUNDS + 2, "bob": ROUNDS + 2}
LAST = MESSAGES["alice"] - 1


class Eve:
    """The wire between two parties; `edit(sender, index, data)` returns what arrives instead."""

    def __init__(self, edit):
        self.edit = edit
        self.outgoing = {party: queue.SimpleQueue() for party in MESSAGES}
        self.incoming = {party: queue.SimpleQueue() for party in MESSAGES}
        self.seen = {party: [] for party in MESSAGES}
        self.channels = {
            party: QueueChannel(self.outgoing[party], self.incoming[party]) for party in MESSAGES
        }

    def relay(self, sender, receiver):
        while (data := self.outgoing[sender].get()) is not None:
            self.seen[sender].append(data)
            for arriving in self.edit(sender, len(self.seen[sender]) - 1, data):
                self.incoming[receiver].put(arriving)
                if arriving is None:
                    return
        self.incoming[receiver].put(None)


def core_as_alice(channel):
    for number in range(ROUNDS):
        channel.send(Question(number, b"q" * number))
        channel.receive(Answer)


def core_as_bob(channel):
    for number in range(ROUNDS):
        channel.receive(Question)
        channel.send(Answer(number, b"a" * number))


def honest(sender, index, data):
    return [data]


def run(edit=honest, pools=None, commit=lambda: None):
    """Run a session over Eve's wire; returns what each party ended with, its channel, and Eve."""
    pools = pools or pools_in_memory(4, SystemSecrets())
    eve, ended = Eve(edit), {}
    channels = {
        pool.party: TranscriptChannel(eve.channels[pool.party], pool, SystemSecrets()) for pool in pools
    }

    def party(name, core, authenticate):
        try:
            core(channels[name])
            ended[name] = authenticate(channels[name])
        except Exception as error:
            ended[name] = error
        finally:
            eve.channels[name].close()

    threads = [
        threading.Thread(target=eve.relay, args=("alice", "bob")),
        threading.Thread(target=eve.relay, args=("bob", "alice")),
        threading.Thread(
            target=party,
            args=("alice", core_as_alice, lambda channel: authenticate_as_alice(channel, pools[0], commit)),
        ),
        threading.Thread(
            target=party,
            args=("bob", core_as_bob, lambda channel: authenticate_as_bob(channel, pools[1])),
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    for outcome in ended.values():
        if isinstance(outcome, Exception):
            assert isinstance(outcome, ChannelClosed | PeerAborted | ProtocolViolation), repr(outcome)
    return ended, channels, eve


def keeps(ended):
    return {party for party, outcome in ended.items() if getattr(outcome, "accepted", False)}


def test_honest_parties_accept_and_use_one_session():
    pools = pools_in_memory(4, SystemSecrets())
    for slot in range(3):
        ended, _, _ = run(pools=pools)
        assert ended["alice"] == ended["bob"]
        assert ended["alice"].accepted
        assert ended["alice"].reason == ""
        assert ended["alice"].session == Session(0, slot)
        assert ended["alice"].key_bits == SESSION_KEY_BITS == 244
    assert pools[0].sessions_left == pools[1].sessions_left == 1


def test_bits_are_counted_as_they_pass_the_wire():
    _, channels, eve = run()
    for sender, receiver in (("alice", "bob"), ("bob", "alice")):
        assert channels[sender].sent_bits == channels[receiver].received_bits
        assert channels[sender].sent_bits.total() == 8 * sum(len(data) for data in eve.seen[sender])
    assert set(channels["alice"].sent_bits) == {"sifting", "authentication"}
    assert set(channels["bob"].sent_bits) == {"reconciliation", "authentication"}


def test_tags_are_the_naive_hashes_of_both_streams_plus_the_pads():
    pools, twins = (pools_in_memory(2, SimulatedSecrets(1, "authentication")) for _ in range(2))
    _, _, eve = run(pools=pools)
    pads = twins[0].reserve(Session(0, 0))

    def stream_hash(party, lane):
        stream = b"".join(struct.pack("<Q", len(data)) + data for data in eve.seen[party][:-1])
        k, padded = twins[0].points[party][lane], stream + bytes(-len(stream) % 4)
        words = [int.from_bytes(padded[i : i + 4], "little") for i in range(0, len(padded), 4)]
        return len(stream) * k + sum(w * pow(k, len(words) + 1 - i, PRIME) for i, w in enumerate(words))

    for party in MESSAGES:
        tag = decode(decode(eve.seen[party][-1], Envelope).message, Tag).value
        for lane, value in enumerate(struct.unpack("<2Q", tag)):
            expected = stream_hash("alice", lane) + stream_hash("bob", lane) + pads[party][lane]
            assert value == expected % PRIME


def same_tag(data, altered):
    """Return whether only the random number of a tag's envelope differs, which means nothing."""
    try:
        return decode(altered, Envelope).message == decode(data, Envelope).message
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError):  # it is not that tag
        return False


@pytest.mark.parametrize("sender", ["alice", "bob"])
@pytest.mark.parametrize("index", range(LAST + 1))
def test_every_changed_byte_aborts_its_receiver(sender, index):
    length = len(run()[2].seen[sender][index])
    for position in range(length):
        delivered = []

        def edit(party, number, data, position=position, delivered=delivered):
            if (party, number) != (sender, index):
                return [data]
            altered = bytearray(data)
            altered[min(position, len(data) - 1)] ^= 1 << position % 8
            delivered += [data, bytes(altered)]
            return [bytes(altered)]

        kept = keeps(run(edit)[0])
        if index == LAST and same_tag(*delivered):
            assert kept == {"alice", "bob"}
        else:
            assert kept == ({"alice"} if (sender, index) == ("alice", LAST) else set())


def cut(data, history):
    return [None]  # the message is lost, and a transport that waits for it gives up


def replay(data, history):
    return [history[-2], data]


def repeat(data, history):
    return [data, data]


def inject(data, history):
    return [encode(Envelope(bytes(16), encode(Answer(0, b"")))), data]


def replace_by_older(data, history):
    return [history[-2]]


@pytest.mark.parametrize("sender", ["alice", "bob"])
@pytest.mark.parametrize("index", range(1, LAST + 1))
@pytest.mark.parametrize("attack", [cut, replay, repeat, inject, replace_by_older])
def test_messages_that_are_cut_off_replayed_or_injected_abort(attack, sender, index):
    histories = {"alice": [], "bob": []}

    def edit(party, number, data):
        histories[party].append(data)
        return attack(data, histories[party]) if (party, number) == (sender, index) else [data]

    kept = keeps(run(edit)[0])
    if (attack, sender, index) == (repeat, "alice", LAST - 1):
        assert kept == {"alice"}  # Bob finds her choice of session again where her tag should be
    elif index < LAST:
        assert kept == set()
    elif sender == "bob":
        # Bob's tag arrived, with something after it that nobody reads: the run was honest.
        assert kept == ({"alice", "bob"} if attack is repeat else set())
    else:
        assert kept == ({"alice", "bob"} if attack is repeat else {"alice"})


@pytest.mark.parametrize("sender", ["alice", "bob"])
@pytest.mark.parametrize("index", range(1, LAST))
def test_a_message_that_takes_the_place_of_the_one_before_aborts(sender, index):
    """Eve delivers a message twice and drops the next one; the parties would only wait otherwise."""
    held = {}

    def edit(party, number, data):
        if party != sender or number < index - 1:
            return [data]
        held[number] = data
        return [data] if number == index - 1 else [held[index - 1]] if number == index else [held[index]]

    assert keeps(run(edit)[0]) == set()


def test_messages_swapped_in_flight_are_noticed():
    """One party sends two messages in a row; they arrive the other way round."""
    pools = pools_in_memory(1, SystemSecrets())
    ends = QueueChannel.pair()
    alice, bob = (
        TranscriptChannel(end, pool, SystemSecrets()) for end, pool in zip(ends, pools, strict=True)
    )
    alice.send(Question(1, b"")), alice.send(Question(2, b""))
    first, second = ends[1].receive(Envelope), ends[1].receive(Envelope)
    ends[0].send(second), ends[0].send(first)
    assert [bob.receive(Question).number for _ in range(2)] == [2, 1]
    assert alice.digest() != bob.digest()


def test_a_message_delivered_before_it_was_sent_is_noticed():
    """Eve foresees what Bob will say, and says it to Alice first; only the random number is hers."""
    pools = pools_in_memory(1, SystemSecrets())
    ends = QueueChannel.pair()
    alice, bob = (
        TranscriptChannel(end, pool, SystemSecrets()) for end, pool in zip(ends, pools, strict=True)
    )
    ends[1].send(Envelope(bytes(16), encode(Answer(7, b"all clicked"))))
    foreseen = alice.receive(Answer)
    bob.send(Answer(7, b"all clicked"))
    said = decode(ends[0].receive(Envelope).message, Answer)
    assert foreseen == said
    assert alice.digest() != bob.digest()


def test_a_message_moved_to_the_other_direction_is_noticed():
    """The same envelopes, but who said what is exchanged."""
    pools = pools_in_memory(1, SystemSecrets())
    said = Envelope(bytes(16), encode(Question(1, b"")))
    digests = []
    for talker in range(2):
        ends = [QueueChannel.pair() for _ in range(2)]
        channels = [TranscriptChannel(ends[i][0], pool, Zeros()) for i, pool in enumerate(pools)]
        channels[talker].send(Question(1, b""))
        ends[1 - talker][1].send(said)
        channels[1 - talker].receive(Question)
        assert channels[0].digest() == channels[1].digest()
        digests.append(channels[0].digest())
    assert digests[0] != digests[1]


class Zeros:
    live = True

    def bytes(self, count):
        return bytes(count)


def test_a_whole_earlier_session_replayed_to_either_party_aborts():
    pools = pools_in_memory(4, SystemSecrets())
    _, _, first = run(pools=pools)
    for victim, sender in (("alice", "bob"), ("bob", "alice")):

        def edit(party, number, data, sender=sender):
            return [first.seen[sender][number]] if party == sender else [data]

        assert victim not in keeps(run(edit, pools=pools)[0])


def test_a_tag_reflected_to_its_sender_is_refused():
    reflected = {}

    def edit(party, number, data):
        if party == "bob" and number == LAST:
            reflected["tag"] = data
        return [reflected["tag"]] if (party, number) == ("alice", LAST) else [data]

    assert keeps(run(edit)[0]) == {"alice"}


def test_blocking_the_last_message_leaves_alice_alone_with_a_key():
    ended, _, _ = run(lambda party, number, data: [None] if (party, number) == ("alice", LAST) else [data])
    assert keeps(ended) == {"alice"}
    assert "cut short" in ended["bob"].reason
    assert ended["bob"].key_bits == SESSION_KEY_BITS


def test_blocking_bobs_tag_leaves_nobody_a_key_and_commits_nothing():
    committed = []
    ended, _, _ = run(
        lambda party, number, data: [None] if (party, number) == ("bob", LAST) else [data],
        commit=lambda: committed.append(True),
    )
    assert keeps(ended) == set()
    assert committed == []


def test_alice_commits_before_bob_hears_of_it_and_not_at_all_if_she_cannot():
    committed = []
    ended, _, _ = run(commit=lambda: committed.append(True))
    assert keeps(ended) == {"alice", "bob"}
    assert committed == [True]

    pools, ends = pools_in_memory(1, SystemSecrets()), QueueChannel.pair()
    alice, bob = (
        TranscriptChannel(end, pool, SystemSecrets()) for end, pool in zip(ends, pools, strict=True)
    )
    outcome = []
    thread = threading.Thread(target=lambda: outcome.append(authenticate_as_bob(bob, pools[1])))
    thread.start()

    def disk_full():
        raise InvalidInput("alice.key", "cannot be written")

    with pytest.raises(InvalidInput):
        authenticate_as_alice(alice, pools[0], disk_full)
    ends[0].close()
    thread.join(20)
    assert not outcome[0].accepted


def test_parties_that_lost_step_meet_at_the_later_session():
    pools = pools_in_memory(10, SystemSecrets())
    pools[1].reserve(Session(0, 3))
    ended, _, _ = run(pools=pools)
    assert keeps(ended) == {"alice", "bob"}
    assert ended["alice"].session == Session(0, 4)
    assert ended["alice"].key_bits == 5 * SESSION_KEY_BITS
    assert ended["bob"].key_bits == SESSION_KEY_BITS


def test_pools_that_are_no_pair_do_not_authenticate():
    alice, _ = pools_in_memory(2, SystemSecrets())
    _, bob = pools_in_memory(2, SystemSecrets())
    ended, _, _ = run(pools=(alice, bob))
    assert keeps(ended) == set()
    assert "no session in common" in ended["alice"].reason
    assert "no session in common" in ended["bob"].reason
    assert alice.sessions_left == bob.sessions_left == 2


def test_a_forged_offer_costs_at_most_the_allowed_sessions():
    pools = pools_in_memory(500, SystemSecrets())

    def edit(party, number, data):
        if (party, number) != ("bob", ROUNDS):
            return [data]
        envelope = decode(data, Envelope)
        offer = decode(envelope.message, SessionOffer)
        return [encode(Envelope(envelope.nonce, encode(SessionOffer(offer.pair, [Session(0, 400)]))))]

    assert keeps(run(edit, pools=pools)[0]) == set()
    assert pools[0].sessions_left == pools[1].sessions_left == 500


def test_a_live_pool_refuses_simulated_randomness_and_a_simulated_one_takes_it():
    channel = QueueChannel.pair()[0]
    live, _ = pools_in_memory(1, SystemSecrets())
    with pytest.raises(InvalidInput, match="secrets must be really random here"):
        TranscriptChannel(channel, live, SimulatedSecrets(1, "alice"))
    simulated, _ = pools_in_memory(1, SimulatedSecrets(1, "authentication"))
    TranscriptChannel(channel, simulated, SimulatedSecrets(1, "alice"))


def test_an_exhausted_pool_is_refused_before_anything_is_said():
    pool, _ = pools_in_memory(1, SystemSecrets())
    pool.reserve(Session(0, 0))
    with pytest.raises(InvalidInput, match="authentication key is used up"):
        TranscriptChannel(QueueChannel.pair()[0], pool, SystemSecrets())


def test_an_envelope_without_its_random_number_is_refused():
    ends, (pool, _) = QueueChannel.pair(), pools_in_memory(1, SystemSecrets())
    ends[1].send(Envelope(b"", encode(Answer(0, b""))))
    with pytest.raises(ProtocolViolation, match="random bytes"):
        TranscriptChannel(ends[0], pool, SystemSecrets()).receive(Answer)


class Nowhere:
    def send(self, message):
        pass


def test_the_transcript_takes_constant_memory():
    pool, _ = pools_in_memory(1, SystemSecrets())
    channel = TranscriptChannel(Nowhere(), pool, SystemSecrets())
    message = Question(0, bytes(10**6))
    channel.send(message)
    tracemalloc.start()
    for _ in range(30):
        channel.send(message)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000
    assert peak < 4_000_000


def test_a_stream_beyond_the_limit_cannot_be_authenticated(monkeypatch):
    monkeypatch.setattr("noclone.distillation.authentication.TRANSCRIPT_LIMIT_BYTES", 150)
    ended, _, _ = run()
    assert keeps(ended) == set()


def test_the_failure_probability_is_that_of_two_tags():
    assert TRANSCRIPT_LIMIT_BYTES == 2**32
    assert pytest.approx(2 * (2**30 / 2**61) ** 2, rel=1e-6) == AUTHENTICATION_EPSILON
    assert AUTHENTICATION_EPSILON < 1e-18


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.binary(max_size=3000)), max_size=12),
    st.integers(0, 2**32),
)
def test_any_conversation_gives_equal_digests_and_any_change_unequal_ones(conversation, number):
    pools, ends = pools_in_memory(1, SystemSecrets()), QueueChannel.pair()
    channels = [TranscriptChannel(end, pool, SystemSecrets()) for end, pool in zip(ends, pools, strict=True)]
    for from_bob, data in conversation:
        channels[from_bob].send(Question(0, data))
        assert channels[not from_bob].receive(Question).data == data
    assert channels[0].digest() == channels[1].digest()
    channels[number % 2].send(Question(1, b""))
    assert channels[0].digest() != channels[1].digest()


def test_random_tags_are_never_right():
    """Guessing is hopeless: 2^122 tags are equally likely."""
    generator = np.random.default_rng(2)

    def edit(party, number, data):
        if number < LAST:
            return [data]
        guess = struct.pack("<2Q", *generator.integers(0, PRIME, 2, dtype=np.uint64).tolist())
        return [encode(Envelope(bytes(16), encode(Tag(guess))))]

    for _ in range(20):
        assert keeps(run(edit)[0]) == set()
