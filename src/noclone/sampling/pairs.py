"""Photon pairs one by one: how many a pulse of down-conversion holds, which way they go, what clicks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import lgamma
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.link import ThresholdDetectors
from noclone.link.timing import FWHM_PER_SIGMA

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CHUNK_ROUNDS = 200_000
"""Rounds that are held in memory at a time."""


def in_chunks(play: Callable[[int], Mapping[str, int]], rounds: int) -> dict[str, float]:
    """Return the counts of so many rounds, played chunk by chunk and added up.

    Examples
    --------
    >>> in_chunks(lambda n: {"round": n}, 500_000)
    {'round': 500000.0}
    """
    totals: dict[str, float] = {}
    for start in range(0, rounds, CHUNK_ROUNDS):
        for name, count in play(min(CHUNK_ROUNDS, rounds - start)).items():
            totals[name] = totals.get(name, 0.0) + float(count)
    return totals


def down_conversion(mean_pairs: float, rounds: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw how many photons a pulse sends to Alice in her modes 0 and 1.

    Bob gets as many in the modes of the same bits. The two modes are thermal and independent.

    Examples
    --------
    >>> zeros, ones = down_conversion(0.2, 100_000, np.random.default_rng(1))
    >>> bool(abs((zeros + ones).mean() - 0.2) < 0.01)
    True
    """
    vacuum_prob = 1.0 / (1.0 + mean_pairs / 2.0)
    zeros, ones = rng.geometric(vacuum_prob, (2, rounds)) - 1
    return zeros, ones


def turned(zeros: Ints, ones: Ints, angle_rad: Any, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Draw how photons in two polarisation modes split in another basis.

    Photons of one pulse interfere: the split of |zeros, ones> follows from the amplitudes of
    (cos a0 + sin a1)^zeros (cos a1 - sin a0)^ones, with half the angle of the Bloch sphere.

    Parameters
    ----------
    zeros, ones : ndarray of int, shape (n,)
        Photons in the modes of the first basis.
    angle_rad : float or ndarray, shape (n,)
        To the other basis, on the Bloch sphere.

    Examples
    --------
    >>> pair = np.ones(1000, int)  # as in Hong, Ou and Mandel's experiment never one in each output
    >>> zeros, ones = turned(pair, pair, np.pi / 2, np.random.default_rng(1))
    >>> np.unique(zeros).tolist()
    [0, 2]
    """
    total = zeros + ones
    found = np.zeros_like(zeros)
    angles = np.broadcast_to(np.asarray(angle_rad, float), zeros.shape)
    lit = np.flatnonzero(total)
    cases, which = np.unique(
        np.stack([zeros[lit], ones[lit], angles[lit]], axis=1), axis=0, return_inverse=True
    )
    order = np.argsort(which, kind="stable")
    for case, members in zip(cases, np.split(lit[order], np.cumsum(np.bincount(which))[:-1]), strict=True):
        probs = _split_probs(int(case[0]), int(case[1]), float(case[2]))
        found[members] = rng.choice(len(probs), members.size, p=probs)
    return found, total - found


def _split_probs(zeros: int, ones: int, angle_rad: float) -> NDArray[np.float64]:
    """Return the probabilities of 0, 1, ... photons in the new mode 0."""
    cos, sin = np.cos(angle_rad / 2), np.sin(angle_rad / 2)
    total = zeros + ones
    # Coefficients of ascending powers of the new mode 0 in the polynomial of creation operators.
    operators = np.ones(1)
    for factor in [(sin, cos)] * zeros + [(cos, -sin)] * ones:
        operators = np.convolve(operators, factor)
    norms = [
        np.exp((lgamma(j + 1) + lgamma(total - j + 1) - lgamma(zeros + 1) - lgamma(ones + 1)) / 2)
        for j in range(total + 1)
    ]
    weights = (operators * norms) ** 2
    probs: NDArray[np.float64] = weights / weights.sum()
    return probs


def clicks(
    zeros: Ints, ones: Ints, transmittance: Any, detectors: ThresholdDetectors, rng: np.random.Generator
) -> tuple[Bools, Bools]:
    """Draw which of a station's two detectors click.

    Parameters
    ----------
    zeros, ones : ndarray of int, shape (n,)
        Photons that were sent to it in the modes of its detectors 0 and 1.
    transmittance : float or ndarray, shape (n,)
        Of the channel.
    detectors : ThresholdDetectors

    Returns
    -------
    click_0, click_1 : ndarray of bool, shape (n,)
    """
    reach = np.asarray(transmittance) * detectors.efficiency
    detected_0, detected_1 = (
        _in_gate(rng.binomial(photons, reach), detectors, rng) for photons in (zeros, ones)
    )
    strayed_0, strayed_1 = (
        rng.binomial(detected, detectors.misalignment) for detected in (detected_0, detected_1)
    )
    dark_0, dark_1 = rng.random((2, zeros.size)) < detectors.dark_count_prob
    return (
        (detected_0 - strayed_0 + strayed_1 > 0) | dark_0,
        (detected_1 - strayed_1 + strayed_0 > 0) | dark_1,
    )


def _in_gate(detected: Ints, detectors: ThresholdDetectors, rng: np.random.Generator) -> Ints:
    """Draw when each photon is registered and return how many are within the gate, round by round."""
    if not detectors.jitter_s and not detectors.jitter_tail_share:
        return detected
    owner = np.repeat(np.arange(detected.size), detected)
    late = rng.random(owner.size) < detectors.jitter_tail_share
    times = rng.normal(0.0, detectors.jitter_s / FWHM_PER_SIGMA, owner.size)
    times += late * rng.exponential(detectors.jitter_tail_s, owner.size)
    return np.bincount(owner[np.abs(times) <= detectors.gate_width_s / 2], minlength=detected.size)


def bits(click_0: Bools, click_1: Bools, rng: np.random.Generator) -> Ints:
    """Return the announced bits: the detector that clicked, a random one of both, -1 for none."""
    random_bits = rng.integers(0, 2, click_0.size)
    return np.where(click_0 & click_1, random_bits, np.where(click_1, 1, np.where(click_0, 0, -1)))
