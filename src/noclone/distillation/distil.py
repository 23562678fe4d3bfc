"""Distillation of two records in one process, by two parties that share nothing but a channel."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from noclone.core.errors import InvalidInput
from noclone.core.progress import Progress, silent
from noclone.core.secrets import Secrets, SimulatedSecrets, SystemSecrets
from noclone.distillation import amplification, party, session
from noclone.distillation.channel import QueueChannel
from noclone.distillation.key_pool import pools_in_memory
from noclone.distillation.result import Abort, SecretKey
from noclone.distillation.session import Terms
from noclone.records import AliceRecord, BobRecord, check_same_run
from noclone.setup import Setup

Outcome = SecretKey | Abort
Result = TypeVar("Result")


def distil(
    alice: AliceRecord,
    bob: BobRecord,
    setup: Setup,
    *,
    bound: str | None = None,
    seed: int | None = None,
    progress: Progress = silent,
) -> SecretKey | Abort:
    """Distil a secret key from two records.

    Parameters
    ----------
    alice, bob : AliceRecord, BobRecord
        What the two parties wrote down in one run.
    setup : Setup
        Protocol and source of that run.
    bound : str, optional
        Instead of the protocol's own. An asymptotic one is replaced by the rigorous default.
    seed : int, optional
        Makes a distillation of simulated records reproducible; then the key is no secret.
    progress : callable
        Called with stage and share done.

    Returns
    -------
    SecretKey or Abort
        Alice's key, when Bob has the same; otherwise the reason why there is none.

    Raises
    ------
    InvalidInput
        If the records are not of one run, do not fit the setup, or a seed is given for real ones.

    Examples
    --------
    >>> import noclone as nc
    >>> setup = nc.load("lim-2014")
    >>> key = nc.distil(*nc.simulate(setup, pulses=1e9), setup, seed=1)
    >>> key.key_bits > 0
    True
    """
    first, second = distil_pair(alice, bob, setup, bound=bound, seed=seed, progress=progress)
    if isinstance(first, SecretKey) and isinstance(second, Abort):
        return second
    return first


def distil_pair(
    alice: AliceRecord,
    bob: BobRecord,
    setup: Setup,
    *,
    bound: str | None = None,
    seed: int | None = None,
    progress: Progress = silent,
) -> tuple[Outcome, Outcome]:
    """Distil as `distil` does, and return what each party ends with."""
    check_same_run(alice, bob)
    check_fits(alice, setup)
    if seed is not None and not alice.run.simulated:
        raise InvalidInput(
            "seed", "must not be given for a real record: a key from a known seed is no secret"
        )
    first, second = pools_in_memory(1, randomness(seed, "authentication"))
    ends = QueueChannel.pair()
    hers = Terms(
        setup, first, randomness(seed, "alice"), randomness(seed, "alice's envelopes"), bound, progress
    )
    his = Terms(setup, second, randomness(seed, "bob"), randomness(seed, "bob's envelopes"), bound)
    return both(
        lambda: _closing(ends[0], lambda: session.alice(alice, hers, ends[0])),
        lambda: _closing(ends[1], lambda: session.bob(bob, his, ends[1])),
    )


def randomness(seed: int | None, owner: str) -> Secrets:
    """Return real randomness, or a seeded stream of its own for each owner in a simulation."""
    return SystemSecrets() if seed is None else SimulatedSecrets(seed, owner)


def both(first: Callable[[], Result], second: Callable[[], Result]) -> tuple[Result, Result]:
    """Run two parties at the same time and return their results."""
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(first), pool.submit(second)
        return one.result(), two.result()


def _closing(channel: QueueChannel, work: Callable[[], Outcome]) -> Outcome:
    try:
        return work()
    finally:
        channel.close()


def check_methods(setup: Setup) -> None:
    """Refuse a setup that names a reconciliation method or an extractor that does not exist.

    Raises
    ------
    InvalidInput
        Naming it and those that exist.
    """
    party.reconciliation(setup.recorded.reconciliation)
    amplification.extractor(setup.recorded.amplification)


def check_fits(record: AliceRecord | BobRecord, setup: Setup) -> None:
    """Refuse a record that cannot be of this setup.

    Raises
    ------
    InvalidInput
        If the protocol differs or an intensity index does not exist.
    """
    if not isinstance(setup, Setup):
        raise InvalidInput("setup", f"must be a Setup, but is {type(setup).__name__}")
    check_methods(setup)
    if record.run.protocol != setup.protocol.NAME:
        raise InvalidInput(
            "setup", f"must be for {record.run.protocol}, like the record, but is for {setup.protocol.NAME}"
        )
    if isinstance(record, AliceRecord) and len(record):
        most = len(setup.recorded.intensity_probs) - 1
        if record.intensity.max() > most:
            raise InvalidInput(
                "intensity",
                f"must lie between 0 and {most} for this setup, but reaches {record.intensity.max()}",
            )
