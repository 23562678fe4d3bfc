"""The relation of two free-running clocks, found from the photon pairs that both parties tagged.

From coarse to fine: an FFT cross-correlation of a short stretch finds the delay of Bob's clock behind
Alice's among all that are allowed; differences of times near it, counted again on a finer grid over a
longer stretch, sharpen delay and rate; then the peak is followed slice by slice through the whole run.

Sources: C. Ho, A. Lamas-Linares and C. Kurtsiefer, New J. Phys. 11, 045011 (2009), for the correlation;
C. Spiess et al., Phys. Rev. Applied 19, 054082 (2023), for following the clocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.stats import poisson

from noclone.core.errors import InvalidInput
from noclone.records.clock_model import ClockModel
from noclone.records.time_tags import TimeTags

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_OFFSET_PS = 1e9
"""Largest difference of the two clocks at the beginning that is looked for: 1 ms."""

MAX_RATE = 5e-5
"""Largest relative difference of their rates that is looked for: 50 ppm, two plain quartzes."""

_ATTEMPTS = ((2**17, 0.0), (2**17, 0.5), (2**20, 0.0))
"""Number of bins and place in the run (share of it) of each attempt at a first correlation."""

_FALSE_ALARM = 1e-6  # probability that uncorrelated tags pass an attempt
_BACKGROUND = 20.0  # uncorrelated events in two bins that the first correlation aims at
_LONGEST_PS = 1e12  # stretch over which the rate counts as constant while it is sharpened
_MOST_PAIRS = 2e4  # pairs beyond which a longer stretch is not needed to sharpen
_FINEST_PS = 1500.0  # width of the peak's neighbourhood where sharpening ends and following begins
_GATE_PS = 6000.0  # half width of what is looked at while following
_SLICE_PAIRS = 500.0  # pairs per slice that are aimed at
_SLICE_PS = (1e9, 5e11)  # shortest and longest slice
_GAIN = 0.2  # share of a slice's surprise by which the followed rate is corrected
_MOST_MISSED = 20  # slices over which the gate widens while the peak is lost


@dataclass(frozen=True)
class _Lock:
    """A line that the delay follows near a time: how well it is known, and how many pairs there are."""

    time_ps: float
    delay_ps: float
    rate: float
    bin_ps: float
    stretch_ps: float
    pairs_per_ps: float


def synchronise(
    alice: TimeTags, bob: TimeTags, *, max_offset_ps: float = MAX_OFFSET_PS, max_rate: float = MAX_RATE
) -> ClockModel:
    """Find Bob's clock against Alice's from the pairs among their tags.

    Parameters
    ----------
    alice, bob : TimeTags
        Of the same run.
    max_offset_ps : float
        Largest difference of the clocks at the beginning.
    max_rate : float
        Largest relative difference of their rates.

    Returns
    -------
    ClockModel
        The delay through the whole run.

    Raises
    ------
    InvalidInput
        If both hold the same tags, do not overlap in time, or show no correlation; or if a limit is not
        between 0 and 1 s or 1000 ppm.

    Notes
    -----
    The peak of the first correlation stands out by about h sqrt(N / 2) standard deviations, with N bins
    and h the geometric mean of the shares of tags that have a partner; 2^17 bins nearly always suffice
    for h = 5 %, and 2^20, which are tried last, for 2 %. The rate may change by 10 ppb per second, and the
    peak may be up to 2.5 ns wide (full width at half maximum).

    Examples
    --------
    >>> from noclone.sampling.time_tags import BobsClock, TaggedPairs
    >>> truth = BobsClock(offset_ps=-3e8, rate=1e-5, drift_per_s=1e-9)
    >>> tags = TaggedPairs().sample(duration_s=1.0, seed=1, clock=truth)
    >>> clock = synchronise(TimeTags(time_ps=tags.alice_ps, channel=tags.alice_channel),
    ...                     TimeTags(time_ps=tags.bob_ps, channel=tags.bob_channel))
    >>> bool(abs(clock.delay_ps(5e11) - truth.delay_ps(5e11)) < 30)
    True
    """
    for name, value, most in (("max_offset_ps", max_offset_ps, 1e12), ("max_rate", max_rate, 1e-3)):
        if not 0 <= value <= most:
            raise InvalidInput(name, f"must lie between 0 and {most:g}, but is {value:g}")
    if len(alice) == len(bob) and np.array_equal(alice.time_ps, bob.time_ps):
        raise InvalidInput("the two tag files", "must be of two parties, but hold the same times")
    slack = max_offset_ps + max_rate * float(max(alice.duration_ps, bob.duration_ps))
    start = max(float(alice.time_ps[0]), float(bob.time_ps[0]) - slack)
    end = min(float(alice.time_ps[-1]), float(bob.time_ps[-1]) + slack)
    if end <= start:
        raise InvalidInput(
            "the two tag files",
            f"must overlap in time, but run from {_seconds(alice)} s and from {_seconds(bob)} s",
        )
    for bins, place in _ATTEMPTS:
        at = start + place * (end - start)
        reach = max_offset_ps + max_rate * (at - float(alice.time_ps[0]))
        lock = _acquired(alice.time_ps, bob.time_ps, at, end, reach, max_rate, bins)
        if lock is not None:
            break
    else:
        raise InvalidInput(
            "the two tag files",
            f"must hold photon pairs, but show no correlation within {max_offset_ps * 1e-9:g} ms "
            f"of offset and {max_rate * 1e6:g} ppm of rate",
        )
    while lock.bin_ps > _FINEST_PS:
        lock = _sharpened(alice.time_ps, bob.time_ps, lock, start, end)
    return _followed(alice.time_ps, bob.time_ps, lock, start, end)


def _seconds(tags: TimeTags) -> str:
    return f"{tags.time_ps[0] * 1e-12:.6g} s to {tags.time_ps[-1] * 1e-12:.6g}"


def _acquired(
    alice: Ints, bob: Ints, at: float, end: float, reach: float, max_rate: float, bins: int
) -> _Lock | None:
    """Look for the delay among all within reach by FFT, for each of the allowed rates; None without a peak.

    A stretch of N bins tells rates apart that differ by 1 / N, because that moves the peak by one bin.
    """
    density = len(alice) / (alice[-1] - alice[0] + 1) * (len(bob) / (bob[-1] - bob[0] + 1))
    bin_ps = max(math.sqrt(_BACKGROUND / (2 * bins * density)), reach / bins, _FINEST_PS)
    stretch = min(bins * bin_ps, end - at)
    reach += 2 * bin_ps  # a peak at the very edge is a whole one too
    size = next_fast_len(int((stretch + 2 * reach) / bin_ps) + 2, real=True)
    origin = int(at - reach)
    delays = np.arange(int(2 * reach / bin_ps) + 1)  # in bins from the origin
    hers = _between(alice, at, at + stretch) - int(at)
    his = _between(bob, origin, at + stretch + reach) - origin
    # Where Bob's tags begin or end within the stretch, fewer can coincide by chance.
    lone = 2 * bin_ps / stretch * len(hers) * np.diff(
        np.searchsorted(his, [delays * bin_ps, delays * bin_ps + stretch]), axis=0
    )[0]  # fmt: skip

    spectrum = rfft(_binned(his, bin_ps, size))
    rates = np.arange(-max_rate, max_rate + bin_ps / stretch, bin_ps / stretch)
    best = (0.0, 0, 0.0, 0.0)
    for rate in rates:
        counts = irfft(spectrum * np.conj(rfft(_binned(hers * (1 + rate), bin_ps, size))), size)
        sums = counts[delays] + counts[delays + 1]  # a peak may fall between two bins
        excess = (sums - lone) / np.sqrt(lone + 1)
        top = int(np.argmax(excess))
        best = max(best, (float(excess[top]), top, float(rate), float(sums[top])))
    _, top, rate, height = best
    if poisson.sf(round(height) - 1, max(lone[top], 1e-3)) * len(delays) * len(rates) > _FALSE_ALARM:
        return None
    delay = origin - int(at) + (top + 1) * bin_ps
    return _Lock(at, delay, rate, bin_ps, stretch, (height - lone[top]) / stretch)


def _binned(times: Ints | Floats, bin_ps: float, size: int) -> NDArray[np.float32]:
    """Return how many times lie in each bin, in single precision, which is enough for a peak."""
    place = (times / bin_ps).astype(np.int64)
    return np.bincount(place[(place >= 0) & (place < size)], minlength=size).astype(np.float32)


def _sharpened(alice: Ints, bob: Ints, lock: _Lock, start: float, end: float) -> _Lock:
    """Look near the known line, with bins of a quarter of the width and up to four times the stretch."""
    fine = max(lock.bin_ps / 4, _FINEST_PS)
    longest = max(lock.stretch_ps, min(_LONGEST_PS, _MOST_PAIRS / lock.pairs_per_ps))
    stretch = min(4 * lock.stretch_ps, longest, end - start)
    at = min(lock.time_ps, end - stretch)
    doubt = 2 * lock.bin_ps / lock.stretch_ps
    gate = 3 * lock.bin_ps + doubt * (lock.time_ps - at + stretch)
    centre = lock.delay_ps + lock.rate * (at - lock.time_ps)
    hers = _between(alice, at, at + stretch)
    expected = hers + np.rint(centre + lock.rate * (hers - at)).astype(np.int64)
    tag, errors = near(expected, _between(bob, expected[0] - gate, expected[-1] + gate), gate)
    elapsed = hers[tag] - at
    best = (0, 0.0, 0.0)
    for step in np.arange(-doubt, doubt + fine / stretch, fine / stretch):
        count, place = _densest(errors - step * elapsed, fine)
        best = max(best, (count, place, float(step)))
    count, place, step = best
    pairs = max(1.0, count - len(errors) * fine / (2 * gate))
    return _Lock(at, centre + place, lock.rate + step, fine, stretch, pairs / stretch)


def _followed(alice: Ints, bob: Ints, lock: _Lock, start: float, end: float) -> ClockModel:
    """Follow the peak from the lock to both ends of the run, then centre all slices on what was found."""
    length = np.clip(_SLICE_PAIRS / lock.pairs_per_ps, *_SLICE_PS)
    slices = max(2, round((end - start) / length))
    edges = np.linspace(start, end, slices + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    origin = int(np.clip(np.searchsorted(edges, lock.time_ps, "right") - 1, 0, slices - 1))
    delays = np.full(slices, np.nan)
    _follow(alice, bob, edges, range(origin, slices), lock, delays)
    _follow(alice, bob, edges, range(origin - 1, -1, -1), lock, delays)
    spread = _FINEST_PS / 4
    for _ in range(2):  # while following, the slope within a slice was only a guess
        model = _model(edges, middles, delays, spread)
        tag, errors = near(model.read(alice), bob, _GATE_PS)
        spread = _spread(errors[:: 1 + len(errors) // 200_000])
        place = np.searchsorted(edges, alice[tag], "right") - 1
        within = (place >= 0) & (place < slices)
        place, errors = place[within], errors[within]
        central = np.abs(errors) <= 3 * spread
        inside = np.bincount(place[central], minlength=slices)
        outside = np.bincount(place[~central], minlength=slices)
        shift = np.bincount(place[central], errors[central], slices) / np.maximum(inside, 1)
        lone = outside * 3 * spread / (_GATE_PS - 3 * spread)
        delays = np.where(_stands_out(inside, lone), model.delay_ps(middles) + shift, np.nan)
    return _model(edges, middles, delays, spread)


def _follow(alice: Ints, bob: Ints, edges: Floats, order: range, lock: _Lock, delays: Floats) -> None:
    """Fill in the delay of each slice in turn, where the peak is found; each predicts the next."""
    last, delay, rate, missed = lock.time_ps, lock.delay_ps, lock.rate, 0
    for k in order:
        middle = (edges[k] + edges[k + 1]) / 2
        predicted = delay + rate * (middle - last)
        gate = _GATE_PS * (1 + min(missed, _MOST_MISSED))
        hers = _between(alice, edges[k], edges[k + 1])
        expected = hers + np.rint(predicted + rate * (hers - middle)).astype(np.int64)
        ends = (expected[0] - gate, expected[-1] + gate) if len(hers) else (0, 0)
        _, errors = near(expected, _between(bob, *ends), gate)
        count, place = _densest(errors, _FINEST_PS)
        lone = (len(errors) - count) * _FINEST_PS / (2 * gate - _FINEST_PS)
        if not _stands_out(count, lone):
            missed += 1
            continue
        elapsed = middle - last  # from the lock to its own slice it may be too short to tell a rate
        rate += _GAIN * place / np.copysign(max(abs(elapsed), edges[1] - edges[0]), elapsed)
        last, delay, missed = middle, predicted + place, 0
        delays[k] = delay


def _model(edges: Floats, middles: Floats, delays: Floats, spread: float) -> ClockModel:
    """Return the clock through the slices that have a delay, extrapolated to the ends of the run."""
    seen = np.isfinite(delays)
    if seen.sum() < max(2, len(delays) / 4):
        raise InvalidInput(
            "the two tag files",
            f"must be correlated through the run, but only {seen.sum()} of its {len(delays)} slices are",
        )
    knots, values = middles[seen], delays[seen]
    slopes = np.diff(values)[[0, -1]] / np.diff(knots)[[0, -1]]
    ends = values[[0, -1]] + slopes * (edges[[0, -1]] - knots[[0, -1]])
    return ClockModel(
        np.concatenate([edges[:1], knots, edges[-1:]]),
        np.concatenate([ends[:1], values, ends[1:]]),
        spread,
        float(seen.mean()),
    )


def _stands_out(count: NDArray[np.integer] | int, lone: NDArray[np.floating] | float) -> NDArray[np.bool_]:
    """Say whether a count is far above what uncorrelated events give."""
    return np.asarray(count >= lone + 5 * np.sqrt(lone) + 5)


def _spread(errors: Floats) -> float:
    """Return the standard deviation of a Gaussian peak on an even background, from its central 68 %."""
    distance = np.sort(np.abs(errors))
    lone = 2 * np.sum(distance > _GATE_PS / 2) / _GATE_PS  # per ps of distance
    pairs = np.arange(1, len(distance) + 1) - lone * distance
    reach = np.searchsorted(np.maximum.accumulate(pairs), 0.6827 * pairs[-1])
    return float(np.clip(distance[min(reach, len(distance) - 1)], 1.0, _GATE_PS / 6))


def _between(times: Ints, low: float, high: float) -> Ints:
    return times[slice(*np.searchsorted(times, (int(low), int(high))))]


def _densest(errors: Floats, width: float) -> tuple[int, float]:
    """Return how many values the fullest window of this width holds, and their mean."""
    if not len(errors):
        return 0, 0.0
    values = np.sort(errors)
    counts = np.searchsorted(values, values + width, "right") - np.arange(len(values))
    top = int(np.argmax(counts))
    return int(counts[top]), float(values[top : top + counts[top]].mean())


@njit(cache=True, nogil=True)
def near(expected: Ints, bob: Ints, gate: float) -> tuple[Ints, Floats]:
    """Find all pairs of an expected and a real reading of Bob's that are no further apart than the gate.

    Parameters
    ----------
    expected, bob : int64 arrays, shapes (A,) and (B,)
        Both ascending, in ps.
    gate : float
        Largest distance in ps.

    Returns
    -------
    tag : int64 array, shape (n,)
        Index of the expected reading of each pair, ascending.
    difference : array, shape (n,)
        Real minus expected, in ps.

    Examples
    --------
    >>> tag, difference = near(np.array([100, 900]), np.array([90, 850, 910]), 60.0)
    >>> tag.tolist(), difference.tolist()
    ([0, 1, 1], [-10.0, -50.0, 10.0])
    """
    room = 1024 + len(expected) // 4
    tag, errors = np.empty(room, np.int64), np.empty(room)
    found, low = 0, 0
    for i in range(len(expected)):
        while low < len(bob) and bob[low] - expected[i] < -gate:  # integers first: they are exact
            low += 1
        j = low
        while j < len(bob) and bob[j] - expected[i] <= gate:
            if found == room:
                room *= 2
                more_tag, more_errors = np.empty(room, np.int64), np.empty(room)
                more_tag[:found], more_errors[:found] = tag, errors
                tag, errors = more_tag, more_errors
            tag[found], errors[found] = i, bob[j] - expected[i]
            found += 1
            j += 1
    return tag[:found], errors[:found]
