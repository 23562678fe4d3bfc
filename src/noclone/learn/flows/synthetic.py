"""Synthetic flows with the columns of NSL-KDD: web, name service, mail and four attacks, then attacks unseen.

Of our own making and simpler than any network: a flow's columns are independent draws around what its kind of
traffic does, scaled by the load of its run, which all flows of a run share. They show that a model runs and
how it meets kinds of attack it was not trained on; a score on them says nothing about a real network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noclone.core.numbers import whole
from noclone.core.seeds import stream
from noclone.learn.flows import nsl_kdd
from noclone.learn.flows.flow_table import NORMAL, Flows

Floats = NDArray[np.float64]

ATTACKS_PER_RUN = 1 / 3
"""Share of a run's flows that are attacks, all of one kind."""
_WIDTH = 1.0
"""Standard deviation of the logarithms of bytes and durations."""
_LOAD_WIDTH = 0.3
"""Likewise of the load of a run, which scales the counts of connections."""


@dataclass(frozen=True)
class Traffic:
    """What a kind of traffic does, in the middle.

    Attributes
    ----------
    label : str
    protocol, service : str
    flags : tuple of (str, float)
        How its connections end, and how often.
    seconds, sent, received : float
        Medians of duration and bytes.
    count : float
        Mean number of connections to the same host in the last two seconds.
    same_service : float
        Mean share of these to the same service.
    logged_in : float
        Probability.
    failed_logins : float
        Mean number.
    hosts : float
        Mean share of a service's connections that go to other hosts.
    """

    label: str
    protocol: str
    service: str
    flags: tuple[tuple[str, float], ...]
    seconds: float
    sent: float
    received: float
    count: float
    same_service: float
    logged_in: float = 0.0
    failed_logins: float = 0.0
    hosts: float = 0.05


_WELL = (("SF", 0.97), ("REJ", 0.02), ("S0", 0.01))
USUAL = (
    Traffic(NORMAL, "tcp", "http", _WELL, 0.5, 300, 4000, 8, 0.95, 0.9),
    Traffic(NORMAL, "udp", "domain_u", (("SF", 1.0),), 0.01, 45, 90, 30, 0.98),
    Traffic(NORMAL, "tcp", "smtp", _WELL, 2.0, 1500, 350, 2, 0.8, 0.8, hosts=0.2),
)
KNOWN = (
    Traffic("syn-flood", "tcp", "http", (("S0", 0.95), ("REJ", 0.05)), 0.001, 1, 1, 180, 0.9),
    Traffic("port-scan", "tcp", "private", (("REJ", 0.8), ("S0", 0.2)), 0.001, 1, 1, 40, 0.1),
    Traffic("password-guessing", "tcp", "telnet", _WELL, 3.0, 130, 250, 3, 0.9, 0.1, failed_logins=1.5),
    Traffic("upload", "tcp", "http", _WELL, 5.0, 40_000, 2000, 4, 0.95, 0.9),
)
"""Attacks of the first half of the runs."""
UNSEEN = (
    Traffic("udp-flood", "udp", "private", (("SF", 1.0),), 0.001, 30, 1, 150, 0.95),
    Traffic("slow-scan", "tcp", "http", (("REJ", 0.3), ("SF", 0.7)), 0.01, 60, 60, 2, 0.5, hosts=0.6),
    Traffic("mail-guessing", "tcp", "smtp", _WELL, 2.0, 200, 200, 6, 0.9, 0.1, failed_logins=1.0),
    Traffic("name-tunnel", "udp", "domain_u", (("SF", 1.0),), 0.05, 180, 240, 60, 0.98),
    Traffic("drip-upload", "tcp", "http", _WELL, 60.0, 8000, 800, 2, 0.95, 0.9),
)
"""Attacks of the second half: each shows first in a fifth of its own, and keeps coming among the others."""
WORDS = {
    "protocol_type": ("tcp", "udp"),
    "service": ("domain_u", "http", "private", "smtp", "telnet"),
    "flag": ("REJ", "S0", "SF"),
}
"""Every word that a flow may have; fixed, so that nothing is learned from test flows."""


def synthetic_flows(seed: int, runs: int = 100, flows_per_run: int = 12) -> tuple[Flows, NDArray[np.int64]]:
    """Draw runs of flows in the order of time; kinds of attack not seen before come in the second half.

    Parameters
    ----------
    seed : int
    runs : int
        At least 10.
    flows_per_run : int
        At least 3, a third of them attacks.

    Returns
    -------
    flows : Flows
        With NSL-KDD's columns; those that the generator does not move are 0.
    run : ndarray, shape (flows,)
        Which run each flow is of.

    Raises
    ------
    InvalidInput
        If a number is too small.

    Examples
    --------
    >>> flows, run = synthetic_flows(1)
    >>> early = set(flows.labels[run < 50].tolist())
    >>> sorted(set(flows.labels.tolist()) - early)
    ['drip-upload', 'mail-guessing', 'name-tunnel', 'slow-scan', 'udp-flood']
    """
    runs, flows_per_run = whole("runs", runs, 10), whole("flows_per_run", flows_per_run, 3)
    numbers, words, labels = [], [], []
    for run in range(runs):
        rng = stream(seed, "synthetic flows", run)
        attack = _attack(run / runs, rng)
        load = np.exp(_LOAD_WIDTH * rng.standard_normal())
        attacks = round(ATTACKS_PER_RUN * flows_per_run)
        kinds = [attack] * attacks + [
            USUAL[i] for i in rng.choice(3, flows_per_run - attacks, p=(0.6, 0.25, 0.15))
        ]
        rng.shuffle(kinds)
        for kind in kinds:
            values, said = _flow(kind, load, rng)
            numbers.append(values)
            words.append(said)
            labels.append(kind.label)
    flows = Flows(nsl_kdd.NUMBERS, np.array(numbers), nsl_kdd.WORDS, np.array(words), np.array(labels))
    return flows, np.repeat(np.arange(runs), flows_per_run)


def _attack(time: float, rng: np.random.Generator) -> Traffic:
    """Return the attack of a run at this time, from 0 to 1."""
    if time < 0.5:
        return KNOWN[rng.integers(len(KNOWN))]
    newest = int((time - 0.5) * 2 * len(UNSEEN))
    choices = (*KNOWN, *UNSEEN[:newest])
    return UNSEEN[newest] if rng.random() < 0.5 else choices[rng.integers(len(choices))]


def _flow(kind: Traffic, load: float, rng: np.random.Generator) -> tuple[Floats, tuple[str, str, str]]:
    flag = str(rng.choice([name for name, _ in kind.flags], p=[share for _, share in kind.flags]))
    spread = np.exp(_WIDTH * rng.standard_normal(3))
    count = 1 + rng.poisson(load * kind.count)
    same = rng.binomial(count, kind.same_service) / count
    unanswered, rejected = (dict(kind.flags).get(each, 0.0) for each in ("S0", "REJ"))
    at_host = 1 + rng.binomial(254, min(1.0, load * kind.count / 60))
    whole_flow = flag == "SF"
    values = {
        "duration": round(kind.seconds * spread[0], 2),
        "src_bytes": round(kind.sent * spread[1]) * whole_flow,
        "dst_bytes": round(kind.received * spread[2]) * whole_flow,
        "logged_in": float(whole_flow and rng.random() < kind.logged_in),
        "num_failed_logins": float(rng.poisson(kind.failed_logins)),
        "count": min(count, 511),
        "srv_count": min(max(1, round(count * same)), 511),
        "serror_rate": rng.binomial(count, unanswered) / count,
        "rerror_rate": rng.binomial(count, rejected) / count,
        "same_srv_rate": same,
        "diff_srv_rate": 1 - same,
        "srv_diff_host_rate": rng.binomial(count, kind.hosts) / count,
        "dst_host_count": at_host,
        "dst_host_srv_count": max(1, rng.binomial(at_host, kind.same_service)),
        "dst_host_same_srv_rate": rng.binomial(at_host, kind.same_service) / at_host,
        "dst_host_serror_rate": rng.binomial(at_host, unanswered) / at_host,
        "dst_host_rerror_rate": rng.binomial(at_host, rejected) / at_host,
    }
    return (
        np.array([values.get(name, 0.0) for name in nsl_kdd.NUMBERS], float),
        (kind.protocol, kind.service, flag),
    )


def features(flows: Flows) -> Floats:
    """Return the columns that the generator moves as numbers, ``log(1 + x)`` of each.

    Returns
    -------
    ndarray, shape (flows, features)
        Words as indicators of `WORDS`.
    """
    moved = flows.numbers[:, [name in _MOVED for name in flows.number_names]]
    words = [
        (flows.words[:, place, None] == np.array(WORDS[name])).astype(float)
        for place, name in enumerate(flows.word_names)
    ]
    return np.hstack([np.log1p(moved), *words])


_MOVED = {
    *("duration", "src_bytes", "dst_bytes", "logged_in", "num_failed_logins", "count", "srv_count"),
    *("serror_rate", "rerror_rate", "same_srv_rate", "srv_diff_host_rate"),
    *("dst_host_count", "dst_host_srv_count", "dst_host_same_srv_rate"),
    *("dst_host_serror_rate", "dst_host_rerror_rate"),
}
