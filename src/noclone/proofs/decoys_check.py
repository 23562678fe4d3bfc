r"""What decoy states prove of the pulses of n photons, from multipliers alone and in 60 decimal digits.

A pulse of the mean photon number mu holds n photons with probability P(n|mu) = exp(-mu) mu^n / n!. What the
parties see at the rate q_i with each intensity is q_i = sum_n P(n|mu) y_in, with unknown 0 <= y_in <= most_i.
Empty pulses tell signals apart no more than nothing does: y_i0 = sum_k g_ik v_k, where v_k is how often Bob
sees k of an empty pulse, sum_k v_k <= 1, and g_ik is the probability of the signals with which k counts. Any
numbers a_i, one for each rate and intensity, then prove for the rate t and the photon number m

.. math:: y_{tm} \ge \sum_{i,\mu} a_{i\mu} q_{i\mu} - \max\Big(0, \max_k \sum_i c_{i0} g_{ik}\Big)
          - \sum_i \mathrm{most}_i \sum_{n=1}^\infty \max(0, c_{in}), \quad
          c_{in} = \sum_\mu a_{i\mu} P(n|\mu) - \delta_{it} \delta_{nm}.

No solver is trusted and no photon number is left out: beyond the numbers that are added up, the last sum is
at most that of the positive a alone, times the probability of so many photons.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, localcontext

from noclone.proofs.claim import Claim, Seen
from noclone.proofs.decoys_claim import DecoyClaim

Events = Sequence[tuple[str, str, float]]
"""What a rate counts: signals, outcomes of Bob's and weights of at least 0."""

DIGITS = 60
EMPTY = "empty pulses"
"""The name of what they add to a rate."""
ROUNDING = Decimal("1e-45")
"""Far more than all rounding together, as a share of the sum of all |a|: subtracted from what is proven."""


def proven(
    intensities: Sequence[float],
    probs: Mapping[str, float],
    rates: Sequence[tuple[Events, Sequence[float], Sequence[float]]],
    target: int,
    photons: int,
    sign: int,
    multipliers: Sequence[Sequence[float]],
) -> float:
    """Return the proven lower bound on y_tm (sign 1) or on -y_tm (sign -1), rounded down.

    Parameters
    ----------
    intensities : sequence of float
    probs : mapping
        How often each signal is sent.
    rates : sequence of (events, low, high)
        What each rate counts, and the range in which it was seen with each intensity.
    target, photons : int
        The index t and the photon number m.
    sign : {1, -1}
    multipliers : sequence of sequence of float
        a, by rate and intensity; any are allowed.

    Examples
    --------
    >>> seen = [([("z0", "click", 1.0)], [0.1, 1e-4], [0.1, 1e-4])]
    >>> round(proven([0.5, 0.0], {"z0": 0.5}, seen, 0, 0, 1, [[0.0, 1.0]]), 12)
    0.0001
    """
    with localcontext() as context:
        context.prec = DIGITS
        mu = [Decimal(each) for each in intensities]
        last = 40 + math.ceil(6 * max(intensities))
        weights = [[(-each).exp()] for each in mu]  # P(n|mu) by intensity
        for each, chances in zip(mu, weights, strict=True):
            for n in range(1, last + 1):
                chances.append(chances[-1] * each / n)
        rest = [max(1 - sum(chances), Decimal(0)) for chances in weights]
        total, size, empty = Decimal(0), Decimal(1), dict[str, Decimal]()
        for i, ((events, low, high), row) in enumerate(zip(rates, multipliers, strict=True)):
            a = [Decimal(each) for each in row]
            if not any(a) and i != target:
                continue
            greatest: dict[str, Decimal] = {}
            for sent, _, weight in events:
                greatest[sent] = max(greatest.get(sent, Decimal(0)), Decimal(weight))
            most = sum((Decimal(probs[sent]) * weight for sent, weight in greatest.items()), Decimal(0))
            size += (1 + most) * (1 + sum(abs(x) for x in a))
            for x, least, greatest_seen in zip(a, low, high, strict=True):
                total += x * Decimal(least if x > 0 else greatest_seen)
            for n in range(last + 1):
                slope = sum((x * each[n] for x, each in zip(a, weights, strict=True)), Decimal(0))
                slope -= sign * (i == target and n == photons)
                if n:
                    total -= most * max(slope, Decimal(0))
                    continue
                for sent, seen, weight in events:
                    share = Decimal(probs[sent]) * Decimal(weight)
                    empty[seen] = empty.get(seen, Decimal(0)) + slope * share
            total -= most * sum((x * r for x, r in zip(a, rest, strict=True) if x > 0), Decimal(0))
        total -= max([Decimal(0), *empty.values()]) + size * ROUNDING
        return math.nextafter(float(total), -math.inf)


def keyed_share(
    intensities: Sequence[float], probs: Sequence[float], keyed: Sequence[int], photons: int
) -> float:
    """Return the probability that a pulse has a keyed intensity and holds n photons, rounded down.

    Examples
    --------
    >>> keyed_share([0.5, 0.0], [0.9, 0.1], [1], 0) <= 0.1
    True
    """
    with localcontext() as context:
        context.prec = DIGITS
        total = Decimal(0)
        for k in set(keyed):
            mu = Decimal(intensities[k])
            total += Decimal(probs[k]) * (-mu).exp() * (mu**photons if photons else 1)
        return max(math.nextafter(float(total / math.factorial(photons)), -math.inf), 0.0)


def vacuum_bits(
    rates: Sequence[tuple[Events, float]],
    signals: Mapping[str, tuple[str, int, float]],
    kept: Collection[tuple[str, str]],
) -> float:
    """Return the bits that Eve lacks of Alice's symbols of kept empty pulses, per empty pulse.

    An empty pulse says nothing of Alice's symbol but what she announces, and whether the round is kept
    depends on no more than that and on what Bob sees.

    Parameters
    ----------
    rates : sequence of (events, float)
        Events (signal, outcome, weight) and a lower bound on their rate for empty pulses. Rates of kept
        events are counted, those of most events first and no event twice.
    signals : mapping
        Label to announcement, symbol and probability.
    kept : collection of (str, str)
        Announcements of Alice and outcomes of Bob that are kept.

    Examples
    --------
    >>> signals = {"z0": ("z", 0, 0.5), "z1": ("z", 1, 0.5)}
    >>> events = [("z0", "click", 1.0), ("z1", "click", 1.0)]
    >>> vacuum_bits([(events, 1e-3), (events[:1], 5e-4)], signals, {("z", "click")})
    0.001
    """
    unknown = {}
    for said in {said for said, _, _ in signals.values()}:
        group = [(bit, prob) for other, bit, prob in signals.values() if other == said]
        total = math.fsum(prob for _, prob in group)
        shares = [math.fsum(p for b, p in group if b == bit) / total for bit in {b for b, _ in group}]
        unknown[said] = -math.fsum(share * math.log2(share) for share in shares)
    counted: set[tuple[str, str]] = set()
    found = 0.0
    for events, rate in sorted(rates, key=lambda each: -len(each[0])):
        cells = {(sent, seen) for sent, seen, _ in events}
        inside = cells and all(
            weight == 1 and (signals[sent][0], seen) in kept for sent, seen, weight in events
        )
        if inside and not cells & counted:
            counted |= cells
            found += rate * min(unknown[signals[sent][0]] for sent, _ in cells)
    return found


def failures(case: Claim) -> list[str]:
    """Return what a proof file claims of decoy states and does not prove, a clause each.

    Parameters
    ----------
    case : Claim
        With decoys and without faults. Their rates are its observations, in the same order.
    """
    decoys = case.decoys
    if decoys is None:
        return []
    if [rate.name for rate in decoys.rates] != [item.name for item in case.items]:
        return ["the rates seen with decoys are not those of the observations"]
    # No comparison is written so that what is no number would pass it.
    found = [
        f"{item.name} counts what is no outcome, or with a negative weight"
        for item in case.items
        if not all(weight >= 0 and what in case.announced for (_, what), weight in item.weights.items())
    ]
    if found:
        return found
    found, empty = _rate_failures(case, decoys)
    shares = [keyed_share(decoys.intensities, decoys.probs, decoys.keyed, n) for n in (0, 1)]
    if not case.share <= shares[1]:
        found.append(f"the share of keyed single photons is at most {shares[1]}")
    signals = {name: (each.announced, each.symbol, each.prob) for name, each in case.signals.items()}
    most_bits = shares[0] * vacuum_bits(empty, signals, case.key) if case.direct else 0.0
    if not sum(bits for name, bits in case.adjustments if name == EMPTY) <= most_bits:
        found.append(f"the bits of empty pulses are at most {most_bits}")
    return found


def _rate_failures(case: Claim, decoys: DecoyClaim) -> tuple[list[str], list[tuple[Events, float]]]:
    """Return what is wrong with ranges, and each rate's events with its least value for empty pulses."""
    probs = {name: each.prob for name, each in case.signals.items()}
    seen = [(_events(i), r.low, r.high) for i, r in zip(case.items, decoys.rates, strict=True)]
    found: list[str] = []
    for index, (rate, item) in enumerate(zip(decoys.rates, case.items, strict=True)):
        if not all(low <= high for low, high in zip(rate.low, rate.high, strict=True)):
            found.append(f"{rate.name} was seen from more to less")
        for (photons, sign), (value, multipliers) in rate.ends.items():
            if not sign * value <= proven(decoys.intensities, probs, seen, index, photons, sign, multipliers):
                found.append(f"{rate.name}: {value} is not proven for {photons} photons")
        least, most = max(rate.ends[1, 1].value, 0.0), rate.ends[1, -1].value
        if not (item.low <= least <= max(most, 0.0) and most <= item.high):
            found.append(f"{rate.name} is not what the decoys prove of single photons")
    return found, [(e, max(r.ends[0, 1].value, 0.0)) for (e, _, _), r in zip(seen, decoys.rates, strict=True)]


def _events(item: Seen) -> Events:
    return [(sent, what, weight) for (sent, what), weight in item.weights.items()]
