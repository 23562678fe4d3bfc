"""Key rates of decoy-state BB84 at many distances: vacuum + weak decoy, and finite keys of Lim et al.

The link is that of Gobby, Yuan and Shields 2004 with the analysis of Ma et al. 2005, intensities
0.48, 0.1 and 0. The finite key is from one basis, both bases and the three intensities equally
likely, 1e12 pulses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import noclone as nc
from measure import Row, beside, timed

ASYMPTOTIC, FINITE = "decoy BB84, asymptotic rate", "decoy BB84, finite key"
OUR_LINKS, THEIR_LINKS, SINGLE_LINKS = 100_000, 2_000, 200
PULSES = 1e12
LONGEST_KM = 125
"""Short of the reach, at 139 km, where rounding of the dark count would show."""


def distances(count: int) -> NDArray[np.float64]:
    return np.linspace(1, LONGEST_KM, count)


def rows() -> Iterator[Row]:
    link = nc.load("gys-2004").replace({"alice.intensities[1]": 0.1})
    finite = link.replace(
        {
            "protocol.intensity_probs": (1 / 3, 1 / 3, 1 / 3),
            "protocol.keyed_bases": "z",
            "protocol.keyed_intensities": (),
            "protocol.bound": "lim-2014",
            "protocol.eps_sec": 1e-10,
        }
    )
    # The peer's rate is per signal pulse, ours per pulse of any intensity.
    signal_share = link.protocol.intensity_probs[0]

    def asymptotic_rates(setup: Any) -> NDArray[np.float64]:
        return nc.rate(setup, asymptotic=True).rate_per_pulse / signal_share

    def key_bits(setup: Any) -> NDArray[np.float64]:
        return nc.rate(setup, pulses=PULSES).key_bits

    for job, setup, answer in ((ASYMPTOTIC, link, asymptotic_rates), (FINITE, finite, key_bits)):
        yield from ours(job, setup, answer)
        yield from beside(job, "qkd", qkd, job, setup, answer)


def ours(job: str, setup: Any, answer: Callable[[Any], NDArray[np.float64]]) -> Iterator[Row]:
    def all_at_once() -> None:
        answer(setup.grid({"channel.length_km": distances(OUR_LINKS)}))

    def one_by_one() -> None:
        for length_km in distances(SINGLE_LINKS):
            answer(setup.replace({"channel.length_km": float(length_km)}))

    yield timed(all_at_once).row(job, "noclone", OUR_LINKS, "links", "all links in one call")
    yield timed(one_by_one).row(job, "noclone, one by one", SINGLE_LINKS, "links", "a call for each link")


def qkd(job: str, setup: Any, answer: Callable[[Any], NDArray[np.float64]]) -> Iterator[Row]:
    import qkd

    modulation = qkd.BasisKeying(decoy=qkd.Decoy(intensities=(0.48, 0.1, 0.0)))
    bob = qkd.Bob(
        detector=qkd.ClickDetector(eta=0.045, dark=8.5e-7), receiver=qkd.BasisAnalyser(misalign=0.033)
    )
    block = qkd.KeyBlock(n=PULSES, eps_sec=1e-10, eps_cor=1e-15) if job == FINITE else None
    security = qkd.SplittingAttack(f=1.22, block=block)

    def one_by_one() -> NDArray[np.float64]:
        answers = []
        for length_km in distances(THEIR_LINKS):
            fibre = qkd.Fiber(length=length_km, alpha=0.21)
            found = qkd.Link(modulation=modulation, channel=fibre, bob=bob, security=security).run()
            answers.append(found.key_rate if block is None else found.key_length)
        return np.array(answers)

    theirs = timed(one_by_one)
    mine = answer(setup.grid({"channel.length_km": distances(THEIR_LINKS)}))
    apart = float(np.abs(mine / theirs.result - 1).max())
    yield theirs.row(
        job, "qkd", THEIR_LINKS, "links", f"a call for each link; ours differs by {apart:.1e} at most"
    )
