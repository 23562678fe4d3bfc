"""One seed's telemetry of a link: what a watcher learns from, and what it is tested by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from noclone.learn.robustness.links import WatchedLink
from noclone.protocols.attack import Attack
from noclone.records.telemetry import Telemetry
from noclone.simulation.drift import FIELD, STEADY, Drift


@dataclass(frozen=True)
class Sizes:
    """How many windows are drawn of each sort.

    Attributes
    ----------
    normal : int
        One half fits the watcher, the other sets its threshold.
    known : int
        Of every attack, to learn from.
    fresh : int
        Normal ones of a test, which measure the false-alarm rate.
    attacked : int
        Of every attack of a test.
    """

    normal: int = 600
    known: int = 60
    fresh: int = 300
    attacked: int = 60


FULL = Sizes()
"""Of the results that are reported."""
TWICE_FIELD = replace(
    FIELD,
    **{each.name: 2 * getattr(FIELD, each.name) for each in fields(Drift) if each.name != "correlation_s"},
)
"""Everything drifts twice as far as in the field."""
DRIFTS: Mapping[str, Drift] = {"none": STEADY, "field": FIELD, "twice field": TWICE_FIELD}


@dataclass(frozen=True, eq=False)
class Draw:
    """Telemetry of one seed.

    Attributes
    ----------
    link : WatchedLink
    seed : int
    normal : mapping of str to Telemetry
        By how the link drifts: to learn normal from.
    known : mapping of str to mapping of str to Telemetry
        By drift, then by attack: to learn attacks from.
    fresh : mapping of str to Telemetry
        By drift: normal blocks of tests.
    attacked : mapping of str to mapping of str to Telemetry
        By drift, then by attack: of tests.
    both : mapping of str to Telemetry
        By pair of attacks: of tests, drifting as in the field.
    """

    link: WatchedLink
    seed: int
    normal: Mapping[str, Telemetry]
    known: Mapping[str, Mapping[str, Telemetry]]
    fresh: Mapping[str, Telemetry]
    attacked: Mapping[str, Mapping[str, Telemetry]]
    both: Mapping[str, Telemetry]


def draw(link: WatchedLink, seed: int, sizes: Sizes = FULL) -> Draw:
    """Draw a seed's telemetry: to learn from, without drift and as in the field; for tests also twice as far.

    Examples
    --------
    >>> from noclone.learn.robustness.links import pulse_link
    >>> found = draw(pulse_link(), 1, Sizes(normal=4, known=2, fresh=3, attacked=2))
    >>> len(found.normal["field"].windows(8)), sorted(found.both)[0]
    (4, 'dead-time+photon-number-splitting')
    """
    used = 0

    def part(attack: Attack | None, runs: int, drift: str) -> Telemetry:
        nonlocal used  # run numbers are never used twice, so that no drift is shared
        used += runs
        return link.telemetry(attack, runs, DRIFTS[drift], seed, used - runs)

    learned = ("none", "field")
    return Draw(
        link,
        seed,
        {drift: part(None, sizes.normal, drift) for drift in learned},
        {drift: {each.NAME: part(each, sizes.known, drift) for each in link.attacks} for drift in learned},
        {drift: part(None, sizes.fresh, drift) for drift in DRIFTS},
        {drift: {each.NAME: part(each, sizes.attacked, drift) for each in link.attacks} for drift in DRIFTS},
        {each.NAME: part(each, sizes.attacked, "field") for each in link.pairs},
    )
