"""Sampling BB84 over a link of 10 dB with detectors of 10 % efficiency, as far as each code has it.

One pulse in a few hundred is detected. A code that loops over pulses pays for the others too, so
the same runs are also counted by their detections.
"""

from __future__ import annotations

from collections.abc import Iterator

from measure import Row, Timed, beside, timed
from noclone.pipeline.benchmark import LINK
from noclone.simulation import simulate

PULSES_JOB, DETECTIONS_JOB = "BB84 simulation, by pulses", "BB84 simulation, by detections"
OUR_PULSES, QKD_PULSES, SEQUENCE_PULSES, QKDSEC_PULSES = 10**9, 10**7, 50_000, 100_000


def rows() -> Iterator[Row]:
    runs = [*ours()]
    for peer, run in (("qkd", qkd), ("sequence", sequence), ("qkdsec", qkdsec)):
        runs += beside(PULSES_JOB, peer, run)
    yield from sorted(runs, key=lambda row: row.job == DETECTIONS_JOB)


def both(run: Timed, code: str, pulses: int, detections: int, remark: str) -> Iterator[Row]:
    yield run.row(PULSES_JOB, code, pulses, "pulses", remark)
    yield run.row(DETECTIONS_JOB, code, detections, "detections", remark)


def ours() -> Iterator[Row]:
    for code, dead_time_s, remark in (
        ("noclone", LINK.link.bob.dead_time_s, "three intensities, dead time of 100 ns"),
        ("noclone, no dead time", 0.0, "three intensities"),
    ):
        setup = LINK.replace({"bob.dead_time_s": dead_time_s})
        run = timed(lambda setup=setup: len(simulate(setup, OUR_PULSES)[1]))
        yield from both(run, code, OUR_PULSES, run.result, remark)


def qkd() -> Iterator[Row]:
    import qkd

    link = qkd.Link(
        alice=qkd.Alice(),
        modulation=qkd.BasisKeying(
            decoy=qkd.Decoy(intensities=(0.5, 0.15, 0.001), probs=(0.6, 0.25, 0.15)), sift=0.52
        ),
        channel=qkd.Channel(T=0.1),
        bob=qkd.Bob(
            detector=qkd.ClickDetector(eta=0.1, dark=1e-6), receiver=qkd.BasisAnalyser(misalign=0.01)
        ),
        security=qkd.SplittingAttack(),
    )
    run = timed(lambda: link.run(symbols=QKD_PULSES, seed=1).clicks)
    yield from both(run, "qkd", QKD_PULSES, run.result, "three intensities; returns counts, no record")


def sequence() -> Iterator[Row]:
    run = timed(sequence_link)
    pulses, detections = run.result
    yield from both(run, "sequence", pulses, detections, "one intensity, 0.5; dead time of 100 ns")


def sequence_link() -> tuple[int, int]:
    """Run BB84 between two nodes; return the pulses sent and the detections."""
    from sequence.components.optical_channel import ClassicalChannel, QuantumChannel
    from sequence.kernel.timeline import Timeline
    from sequence.qkd.BB84 import pair_bb84_protocols
    from sequence.topology.node import QKDNode

    # Its clock is in picoseconds; detectors would count dark for ever.
    timeline = Timeline(stop_time=SEQUENCE_PULSES * 1000)
    source = {"LightSource": {"frequency": 1e9, "mean_photon_num": 0.5}}
    alice = QKDNode("alice", timeline, stack_size=1, seed=1, component_templates=source)
    bob = QKDNode("bob", timeline, stack_size=1, seed=2)
    pair_bb84_protocols(alice.protocol_stack[0], bob.protocol_stack[0])
    for sender, receiver in ((alice, bob), (bob, alice)):
        ClassicalChannel(f"{sender.name} talks", timeline, 1).set_ends(sender, receiver.name)
        # Of photons with noise half come out right: 2 % of noise is 1 % of errors.
        fibre = QuantumChannel(f"{sender.name} sends", timeline, 10, 1, polarization_fidelity=0.98)
        fibre.set_ends(sender, receiver.name)
    receiver = bob.components["bob.qsdetector"]
    for detector in (0, 1):
        receiver.set_detector(detector, efficiency=0.1, dark_count=1e3, count_rate=1e7, time_resolution=100)
    # Pulses and detections as they happen: the protocol keeps neither.
    laser, sent, seen = alice.components["alice.lightsource"], [], []
    emit, trigger = laser.emit, receiver.trigger
    laser.emit = lambda states: (sent.append(len(states)), emit(states))
    receiver.trigger = lambda detector, info: (seen.append(detector), trigger(detector, info))
    timeline.init()
    alice.protocol_stack[0].push(256, 10**6)
    timeline.run()
    return sum(sent), len(seen)


def qkdsec() -> Iterator[Row]:
    from qkdsec.sim import BB84Protocol

    link = BB84Protocol(error_rate=0.01, backend="classical")
    run = timed(lambda: link.run(n_bits=QKDSEC_PULSES))
    remark = "no loss, no source: every qubit arrives; with its sifting and hash"
    yield from both(run, "qkdsec", QKDSEC_PULSES, QKDSEC_PULSES, remark)
