"""Key rates of every protocol under every bound, 20000 links in one call, and tuning of 64 links at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

import noclone as nc
from measure import Row, settle_memory, timed
from noclone.core.seeds import stream
from noclone.protocols import Protocol, protocols
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.rates import bounds

LINKS, FEW_LINKS, TUNED_LINKS, CALLS = 20_000, 200, 64, 5
NEAREST_KM, FURTHEST_KM = 0.5, 50.0
PULSES = 1e12

NUMERICAL = {
    "decoys": "a linear programme a yield",
    "wiesemann-2024-exact": "tails of binomials by search",
}
"""Bounds that are no closed forms, and what they do instead."""
SEARCHED = {
    "tightened": "closed form, least over one number",
    "sasaki-2014": "closed form, best of all thresholds",
}

TWO_DECOYS: dict[str, Any] = {
    "alice.intensities": (0.5, 0.1, 0.001),
    "bob.intensities": (0.5, 0.1, 0.001),
    "protocol.intensity_probs": (0.6, 0.2, 0.2),
    "protocol.basis_probs": (0.9, 0.5, 0.5),
}
ONE_DECOY: dict[str, Any] = {"protocol.intensity_probs": (0.8, 0.2), "protocol.bound": "rusca-2018"}
VARIANTS: dict[tuple[str, str], dict[str, Any]] = {
    ("decoy-bb84", "rusca-2018"): ONE_DECOY | {"alice.intensities": (0.5, 0.15)},
    ("heralded-decoy-bb84", "rusca-2018"): ONE_DECOY | {"alice.mean_pairs": (0.2, 0.06)},
    ("mdi", "curty-2014"): TWO_DECOYS | {"protocol.bound": "curty-2014"},
    ("mdi", "three-intensity"): TWO_DECOYS | {"protocol.bound": "three-intensity"},
    ("twin-field", "decoys"): {f"{party}.intensities": (0.036, 0.01, 0.001) for party in ("alice", "bob")},
}
"""Bounds that need another number of intensities than the typical setup of their protocol has."""
TUNED_BOUNDS = {
    "decoy-bb84": ("lim-2014", "rusca-2018", "wiesemann-2024"),
    "mdi": ("four-intensity", "curty-2014"),
}
"""Finite keys that are tuned besides the asymptotic ones."""
REMEMBERED = ("discrete-modulation",)
"""Protocols that keep the moments of constellations: the first call counts, which finds none."""


def rows() -> Iterator[Row]:
    settle_memory()
    for name, protocol in protocols().items():
        for bound, regime in protocol.BOUNDS.items():
            setup = setup_of(name, bound)
            if fits(setup.protocol, bound):
                yield rates(setup, bound, regime)
    for name, protocol in protocols().items():
        yield from tuning(name, protocol)


def setup_of(name: str, bound: str) -> nc.Setup:
    """Return a protocol's typical setup with as many intensities as this bound needs."""
    setup = nc.typical(name)
    insecure = {"protocol.insecure": True} if setup.protocol.BROKEN else {}
    changed = setup.replace(VARIANTS.get((name, bound), {}) | insecure)
    return dataclasses.replace(changed, name=name)


def fits(protocol: Protocol, bound: str) -> bool:
    """Say whether there are as many intensities as a bound of decoy BB84 needs: BB84 has one, others more."""
    if not isinstance(protocol, DecoyBB84):
        return True
    return len(protocol.intensity_probs) in bounds.get(bound).INTENSITIES


def length_field(setup: nc.Setup) -> str:
    return "channel.length_km" if setup.link.middle is None else "channels.length_km"


def rates(setup: nc.Setup, bound: str, regime: str) -> Row:
    count = FEW_LINKS if bound in NUMERICAL else LINKS
    lengths = {length_field(setup): np.linspace(NEAREST_KM, FURTHEST_KM, count)}
    block: dict[str, Any] = {"pulses": PULSES} if regime == "finite" else {"asymptotic": True}
    run = timed(lambda: nc.rate(setup.grid(lengths), bound=bound, **block), CALLS)
    when = f"finite, {PULSES:.0e} pulses" if regime == "finite" else regime
    how = SEARCHED.get(bound, "closed form")
    if bound in NUMERICAL:
        how = f"numerical: {NUMERICAL[bound]}; {count} links a call"
    return run.row(f"{setup.name}, {bound}", "noclone", count, "links", f"{when}; {how}")


def tuning(name: str, protocol: type[Protocol]) -> Iterator[Row]:
    if not protocol.FREE and protocol is not DecoyBB84:
        yield Row(f"tuning of {name}", "noclone", remark="nothing to choose")
        return
    own = nc.typical(name).protocol.own_bound
    yield tuned(name, own, {"asymptotic": True})
    for bound in TUNED_BOUNDS.get(name, ()):
        yield tuned(name, bound, {"pulses": PULSES})


def tuned(name: str, bound: str, question: dict[str, Any]) -> Row:
    setup, rng = setup_of(name, bound), stream(3, "benchmark")

    def work() -> Any:
        # Links of its own for each call.
        lengths = np.sort(rng.uniform(NEAREST_KM, FURTHEST_KM, TUNED_LINKS))
        return nc.tune(setup.grid({length_field(setup): lengths}), bound=bound, **question)

    run = timed(work, 1 if name in REMEMBERED else CALLS)
    each_ms, looked = 1e3 * run.cpu_s / TUNED_LINKS, run.result.evaluations / TUNED_LINKS
    remark = f"{each_ms:.2g} ms a link; {looked:.0f} rates a link"
    block = "asymptotic" if "asymptotic" in question else f"{PULSES:.0e} pulses"
    return run.row(f"tuning of {name}, {bound}, {block}", "noclone", TUNED_LINKS, "links", remark)
