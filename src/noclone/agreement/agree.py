"""The agreement test: closed forms, capacity bounds, certified proofs and sampled rounds must agree."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from noclone.agreement.proofs import comparisons
from noclone.agreement.setups import setups
from noclone.core.errors import InvalidInput
from noclone.core.progress import Progress, silent
from noclone.core.registry import pick
from noclone.core.seeds import stream
from noclone.protocols import Protocol, protocols
from noclone.protocols.agreement import compare
from noclone.setup import Setup

SETUPS = 20
ROUNDS = 500_000
FAMILY_ERROR = 1e-4
"""Probability that the test fails although every model is right, over all statistics of the run."""
BLOCKS = (1e8, 1e12, 1e16, 1e20, 1e26)
"""Rounds of the blocks at which finite keys are held against the asymptotic one."""
LEAST_RATE = 1e-8
"""Asymptotic rate below which even the longest block is too short to come near it."""
LIMIT = 0.02
"""How far the rate of the longest block may lie below the asymptotic one, relatively."""


def agree(
    names: Sequence[str] = (),
    *,
    count: int = SETUPS,
    rounds: int = ROUNDS,
    seed: int = 1,
    workers: int = 1,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """Return one row per protocol: what was compared, the worst case of each comparison, and the verdict.

    Four things must hold on every setup: no rate exceeds the capacity of its channel; a finite rate is
    never above the asymptotic one, grows with the block and tends to it; sampled rounds agree with the
    statistics; and the distilled key of a protocol that can be distilled is what the tests of
    distillation say (`tests/distillation`). Besides, the certified proof of a protocol that declares what a
    proof needs agrees with its closed form (`noclone.agreement.proofs`).

    Parameters
    ----------
    names : sequence of str
        Protocols; all by default.
    count, rounds : int
        Setups per protocol, and rounds played on each.
    seed : int
        The same seed gives the same table, whatever the number of workers.
    workers : int
        Processes.
    progress : callable
        Called with the share of protocols done.

    Returns
    -------
    list of dict
        ``protocol``, ``setups``, ``with_key``, ``rate_over_capacity`` (largest), ``finite_over_limit``
        (largest ratio, and that of the longest block, ``longest_over_limit``, smallest), ``closed_form``
        ("exact" or "lower bound") and ``proof_less_closed`` (smallest and largest difference, in bits per
        kept bit) where there is a proof, ``statistics`` (how many), ``smallest_p``, ``faults`` (sentences),
        ``seconds``, ``passed``.

    Examples
    --------
    >>> [row] = agree(["bb84"], count=2, rounds=20_000)
    >>> row["passed"]
    True
    """
    known = protocols()
    chosen = list(names) or list(known)
    for name in chosen:
        pick("protocol", name, known)
    one = partial(_protocol, count=count, rounds=rounds, seed=seed)
    rows = []
    for row in _mapped(one, chosen, workers):
        rows.append(row)
        progress("agreement", len(rows) / len(chosen))
    threshold = FAMILY_ERROR / max(1, sum(row["statistics"] for row in rows))
    for row in rows:
        if row["smallest_p"] < threshold:
            row["faults"].append(f"{row.pop('least_likely')}: p = {row['smallest_p']:.1e}")
        row.pop("least_likely", None)
        row["passed"] = not row["faults"]
    return rows


def _mapped(one: Any, names: list[str], workers: int) -> Iterator[dict[str, Any]]:
    if workers == 1:
        yield from map(one, names)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(one, names)


def _protocol(name: str, count: int, rounds: int, seed: int) -> dict[str, Any]:
    began = time.perf_counter()
    kind = protocols()[name]
    row: dict[str, Any] = {
        "protocol": name,
        "setups": 0,
        "with_key": 0,
        "rate_over_capacity": 0.0,
        "finite_over_limit": None,
        "longest_over_limit": None,
        "closed_form": None,
        "proof_less_closed": None,
        "statistics": 0,
        "smallest_p": 1.0,
        "least_likely": "",
        "faults": [],
    }
    for setup in setups(kind, count, seed):
        row["setups"] += 1
        _rates(setup, row)
        _statistics(setup, row, rounds, seed)
    _proofs(kind, row)
    row["seconds"] = time.perf_counter() - began
    return row


def _rates(setup: Setup, row: dict[str, Any]) -> None:
    link, protocol = setup.link, setup.protocol
    capacity = float(protocol.capacity(link, protocol.CAPACITY))
    has_key = False
    for bound, regime in protocol.BOUNDS.items():
        try:
            answer = protocol.rate(link, bound=bound)
        except InvalidInput:
            continue  # this bound needs another source than the typical link has
        limit = float(answer.rate_per_pulse)
        has_key |= limit > 0
        if not np.isnan(answer.qber) and limit > float(answer.sifted_bits) * (1 + 1e-9):
            row["faults"].append(f"{setup.name}: {bound} gives more key than sifted bits")
        row["rate_over_capacity"] = max(row["rate_over_capacity"], limit / capacity)
        if limit > capacity * (1 + 1e-9):
            row["faults"].append(f"{setup.name}: {bound} gives {limit:.4g}, above {capacity:.4g}")
        if regime == "asymptotic" or limit == 0:
            continue
        finite = [float(protocol.rate(link, bound=bound, pulses=block).rate_per_pulse) for block in BLOCKS]
        ratios = np.array(finite) / limit
        row["finite_over_limit"] = max(row["finite_over_limit"] or 0.0, float(ratios.max()))
        if limit > LEAST_RATE:
            row["longest_over_limit"] = min(row["longest_over_limit"] or 1.0, float(ratios[-1]))
        far = limit > LEAST_RATE and ratios[-1] < 1 - LIMIT
        if ratios.max() > 1 + 1e-9 or np.any(np.diff(ratios) < -1e-9) or far:
            row["faults"].append(f"{setup.name}: {bound} does not tend to its limit from below: {ratios}")
    row["with_key"] += has_key


def _statistics(setup: Setup, row: dict[str, Any], rounds: int, seed: int) -> None:
    expected = setup.protocol.statistics(setup.link)
    sampled = setup.protocol.sample(setup.link, rounds, stream(seed, setup.name))
    for each in compare(expected, sampled, rounds):
        row["statistics"] += 1
        if each.p_value < row["smallest_p"]:
            row["smallest_p"], row["least_likely"] = each.p_value, f"{setup.name}: {each.name}"


def _proofs(kind: type[Protocol], row: dict[str, Any]) -> None:
    found = list(comparisons(kind))
    if found:
        row["closed_form"] = "exact" if found[0].exact else "lower bound"
        differences = [each.difference for each in found]
        row["proof_less_closed"] = [min(differences), max(differences)]
        row["faults"] += [each.fault for each in found if each.fault]
