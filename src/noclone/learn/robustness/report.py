"""Every watcher against what it was not prepared for, over several seeds, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from noclone.core.progress import Progress, silent
from noclone.core.registry import pick
from noclone.learn.robustness.coexisting import coexisting
from noclone.learn.robustness.draws import FULL, Draw, Sizes, draw
from noclone.learn.robustness.drifting import drifting
from noclone.learn.robustness.evasion import evasion
from noclone.learn.robustness.links import LINKS, WatchedLink
from noclone.learn.robustness.training import learns_attacks, ready, taught, tuned
from noclone.learn.robustness.trials import Trial, summary
from noclone.learn.robustness.unknown import unknown
from noclone.simulation.drift import STEADY
from noclone.watchers import Watcher, get, watchers

SEEDS = (1, 2, 3, 4, 5)
TUNING_SEED = 0
"""Settings are chosen with telemetry that no test sees."""


def suited(link: WatchedLink) -> list[str]:
    """Return the names of the watchers that can be asked about a link."""
    columns = link.telemetry(None, 1, STEADY, TUNING_SEED, 0).columns
    return [
        watcher.name
        for watcher in watchers().values()
        if any(watcher.suits(columns, kind) for kind in watcher.kinds)
    ]


def trials_of(watcher: Watcher, link: str, seeds: Sequence[int], sizes: Sizes = FULL) -> list[list[Trial]]:
    """Run all tests of one watcher on one link.

    Parameters
    ----------
    watcher : Watcher
    link : str
        One of `LINKS`.
    seeds : sequence of int
    sizes : Sizes

    Returns
    -------
    list of list of Trial
        Per seed, the same tests in the same order.

    Raises
    ------
    InvalidInput
        If the watcher does not suit the link, or needs a package that is not installed.
    """
    names = [attack.NAME for attack in pick("link", link, LINKS)().attacks]
    best, without = watcher, dict.fromkeys(names, watcher)
    if learns_attacks(watcher):  # settings cannot be chosen without attacks
        other = drawn(link, TUNING_SEED, sizes)
        best = tuned(watcher, other, names)
        without = {name: tuned(watcher, other, [each for each in names if each != name]) for name in names}
    found = []
    for seed in seeds:
        telemetry = drawn(link, seed, sizes)
        field, calm = ready(best, telemetry, names), ready(best, telemetry, names, "none")
        namer = taught(best, telemetry, names) if learns_attacks(watcher) else None
        found.append(
            [
                *unknown(without, telemetry),
                *coexisting(field, namer, telemetry),
                *drifting(field, "field", telemetry),
                *drifting(calm, "none", telemetry),
                *evasion(field, telemetry),
            ]
        )
    return found


@lru_cache(maxsize=12)
def drawn(link: str, seed: int, sizes: Sizes = FULL) -> Draw:
    """Return a seed's telemetry of a link, drawn once for all watchers."""
    return draw(pick("link", link, LINKS)(), seed, sizes)


def rows_of(watcher: Watcher, link: str, trials: Sequence[Sequence[Trial]]) -> list[dict[str, Any]]:
    """Return means over seeds with intervals, one row per test, attack and case."""
    head = {"watcher": watcher.name, "family": watcher.family, "link": link}
    return [head | summary(each) for each in zip(*trials, strict=True)]


def robustness_report(
    names: Iterable[str] | None = None,
    links: Iterable[str] = tuple(LINKS),
    seeds: Sequence[int] = SEEDS,
    *,
    sizes: Sizes = FULL,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """Test watchers by unknown attacks, attacks at once, drift and evasion.

    Thresholds are set at a false-alarm rate of 1 % on held-out normal blocks; every window of a test comes
    from a run of its own.

    Parameters
    ----------
    names : iterable of str, optional
        Of watchers; all that suit a link by default.
    links : iterable of str
        ``"pulses"`` and ``"symbols"``.
    seeds : sequence of int
    sizes : Sizes
    progress : Progress

    Returns
    -------
    list of dict
        ``watcher``, ``family``, ``link``, ``test`` (unknown, coexisting, drifting, evasion), ``attack``,
        ``case``, ``tpr`` with ``half_width`` and ``far`` with ``far_half_width`` (means over seeds and half
        widths of their 95 % intervals), ``seeds``; of watchers that name coexisting attacks also
        ``subset_accuracy``, ``hamming_loss`` and ``micro_f1``, and of evasion ``drop``, each with its half
        width.

    Raises
    ------
    InvalidInput
        If a watcher or a link is unknown, a watcher does not suit the link, or its package is not installed.
    """
    wanted = None if names is None else list(names)
    jobs = [
        (name, link)
        for link in links
        for name in (suited(pick("link", link, LINKS)()) if wanted is None else wanted)
    ]
    rows = []
    for place, (name, link) in enumerate(jobs):
        watcher = get(name)
        rows += rows_of(watcher, link, trials_of(watcher, link, seeds, sizes))
        progress("robustness", (place + 1) / len(jobs))
    return rows
