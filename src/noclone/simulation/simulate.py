"""Simulation of a setup: two Records, photon by photon, with or without an Eve."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.progress import Progress, silent
from noclone.core.seeds import kernel_seed
from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.protocols.attack import Attack
from noclone.protocols.pulse_attack import PulseAttack
from noclone.records import AliceRecord, BobRecord, Run
from noclone.sampling import clicks
from noclone.sampling.clicks import Clicks
from noclone.sampling.pulses import honest_table
from noclone.setup import Setup


@dataclass(frozen=True)
class Simulated:
    """A simulated run.

    Attributes
    ----------
    alice, bob : AliceRecord, BobRecord
        What the parties wrote down.
    photons : NDArray[uint8]
        Ground truth: photons that Alice sent in each of Bob's events.
    double_clicks, afterpulses : int
        Events in which both detectors clicked, or a trapped carrier was the only cause.
    """

    alice: AliceRecord
    bob: BobRecord
    photons: NDArray[np.uint8]
    double_clicks: int
    afterpulses: int


def simulate(
    setup: Setup,
    pulses: float | None = None,
    *,
    attack: Attack | None = None,
    seed: int = 1,
    workers: int = 1,
    progress: Progress = silent,
) -> tuple[AliceRecord, BobRecord]:
    """Simulate a run and return the two parties' records.

    Parameters
    ----------
    setup : Setup
        Link and protocol.
    pulses : float, optional
        Pulses to send; the setup's own by default.
    attack : Attack, optional
        What Eve does on the channel.
    seed : int
        The same seed gives the same records, whatever the number of workers.
    workers : int
        Threads.
    progress : callable
        Called with the share of pulses done.

    Returns
    -------
    alice, bob : AliceRecord, BobRecord

    Examples
    --------
    >>> import noclone as nc
    >>> alice, bob = nc.simulate(nc.load("micius-2017"), pulses=1e6, seed=7)
    >>> len(alice) == len(bob)
    True
    """
    run = with_truth(setup, pulses, attack=attack, seed=seed, workers=workers, progress=progress)
    return run.alice, run.bob


def with_truth(
    setup: Setup,
    pulses: float | None = None,
    *,
    attack: Attack | None = None,
    seed: int = 1,
    workers: int = 1,
    progress: Progress = silent,
) -> Simulated:
    """Simulate as `simulate` does, and return what no party knows besides."""
    if not isinstance(setup, Setup):
        raise InvalidInput("setup", f"must be a Setup, but is {type(setup).__name__}")
    if attack is not None and not isinstance(attack, Attack):
        raise InvalidInput(
            "attack", f"must be an Attack, but is {type(attack).__name__}; see noclone.attacks"
        )
    if attack is not None and not isinstance(attack, PulseAttack):
        raise InvalidInput(
            "attack", f"must act on pulses to be simulated here, but {attack.NAME} acts on {attack.ACTS_ON}"
        )
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise InvalidInput("seed", f"must be a whole number, but is {seed!r}")
    total = _whole(setup.pulses if pulses is None else pulses)
    columns = _Columns()
    done = 0
    for block in _sample(setup, total, attack, seed, workers):
        done += block.pulses
        columns.add(block, done / total)
        columns.double_clicks += int(np.count_nonzero(block.double_click))
        columns.afterpulses += int(np.count_nonzero(block.afterpulse))
        progress("simulation", done / total)
    position, setting, outcome, photons = columns.arrays()
    run = Run(
        run_id=_run_id(setup, total, attack, seed),
        protocol=setup.protocol.NAME,
        pulses=total,
        clock_rate_hz=setup.link.alice.clock_rate_hz,
        simulated=True,
        provenance={"seed": seed, "attack": None if attack is None else attack.text(), "setup": setup.name},
    )
    # Settings are numbered over (intensity, Alice's basis, her bit, Bob's basis), the last fastest.
    alice = AliceRecord(
        run=run,
        pulse_index=position,
        basis=(setting >> np.uint8(2)) & np.uint8(1),
        bit=(setting >> np.uint8(1)) & np.uint8(1),
        intensity=setting >> np.uint8(3),
    )
    bob = BobRecord(run=run, pulse_index=position, basis=setting & np.uint8(1), bit=outcome)
    return Simulated(alice, bob, photons, columns.double_clicks, columns.afterpulses)


def _whole(pulses: float) -> int:
    number = isinstance(pulses, (int, float)) and not isinstance(pulses, bool)
    if not number or not 1 <= pulses <= 1e13 or pulses != int(pulses):
        raise InvalidInput(
            "pulses", f"must be a whole number from 1 to 1e13 to be simulated, but is {pulses!r}"
        )
    return int(pulses)


def _run_id(setup: Setup, pulses: int, attack: Attack | None, seed: int) -> str:
    text = repr((setup.link, setup.protocol, pulses, attack, seed))
    return f"simulated-{seed}-{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}"


def _sample(
    setup: Setup, pulses: int, attack: PulseAttack | None, seed: int, workers: int
) -> Iterator[Clicks]:
    """Yield clicks block by block; every interval of a measured channel is a run of its own."""
    settings = setup.recorded.pulse_settings(setup.link)
    detectors = setup.link.detectors("bob")
    memory = DetectorMemory.of(detectors, setup.link.alice.clock_rate_hz)
    shares, transmittances = setup.link.channel.segments()
    ends = np.rint(np.cumsum(shares) * pulses).astype(np.int64)
    start = 0
    for number, (end, transmittance) in enumerate(zip(ends.tolist(), transmittances.tolist(), strict=True)):
        if end == start:
            continue
        model = DetectionModel.of(detectors, transmittance)
        table = honest_table(model, settings) if attack is None else attack.table(model, settings)
        own_seed = seed if number == 0 else int(kernel_seed(seed, "interval", number))
        for block in clicks.sample(table, memory, end - start, own_seed, workers):
            block.position[:] += start
            yield block
        start = end


class _Columns:
    """Columns that grow block by block; room is taken once, from the first blocks' density of clicks."""

    _KINDS = (np.int64, np.uint8, np.uint8, np.uint8)

    def __init__(self) -> None:
        self.double_clicks = self.afterpulses = 0
        self._size = 0
        self._arrays: list[NDArray[Any]] = [np.empty(0, kind) for kind in self._KINDS]

    def add(self, block: Clicks, share_done: float) -> None:
        """Append a block, after which `share_done` of the run is done."""
        end = self._size + block.position.size
        if end > self._arrays[0].size:
            room = int(end / share_done * 1.02) + 4096
            self._arrays = [_grown(array[: self._size], room) for array in self._arrays]
        columns = (block.position, block.setting, block.outcome, block.photons)
        for array, column in zip(self._arrays, columns, strict=True):
            array[self._size : end] = column
        self._size = end

    def arrays(self) -> list[NDArray[Any]]:
        """Return position, setting, outcome and photons of all blocks."""
        return [array[: self._size] for array in self._arrays]


def _grown(array: NDArray[Any], room: int) -> NDArray[Any]:
    larger = np.empty(room, array.dtype)
    larger[: array.size] = array
    return larger
