"""Simulation pulse by pulse and photon by photon: the oracle of `clicks`.

Slow and plain on purpose. It follows every photon through the parameters of `DetectionModel` and
counts the detectors' dead time and traps down gate by gate, so it shares with `clicks` the random
number generator and the definitions, but neither pattern tables nor thinning.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.seeds import kernel_seed
from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.sampling.clicks import AFTERPULSE, DOUBLE_CLICK, Clicks, doubled
from noclone.sampling.pulses import PulseSettings
from noclone.sampling.xoshiro import next_word, seeded, uniform


def sample(
    settings: PulseSettings,
    fixed_photons: NDArray[np.integer],
    poisson_photons: NDArray[np.float64],
    model: DetectionModel,
    memory: DetectorMemory,
    pulses: int,
    seed: int,
) -> Clicks:
    """Simulate a run as one block.

    Parameters
    ----------
    settings : PulseSettings
        What Alice and Bob choose; its photon statistics are not used.
    fixed_photons, poisson_photons : arrays, shape (J,)
        A pulse of setting j holds fixed_photons[j] photons and a Poissonian number of mean
        poisson_photons[j] besides.
    model : DetectionModel
        Channel and receiver, with scalar parameters.
    memory : DetectorMemory
        What the detectors remember, with scalar parameters.
    pulses : int
        Pulses to send.
    seed : int
        The run's seed.

    Returns
    -------
    Clicks
        As `clicks.sample` gives them.

    Raises
    ------
    InvalidInput
        If after-pulses are to be booked on the pulse, which no device does.

    Examples
    --------
    >>> one = np.array([1])
    >>> settings = PulseSettings(np.ones(1), np.array([[0.0, 1.0]]), one, one, one, one == 1)
    >>> perfect = DetectionModel(channel_transmittance=1.0, efficiency=1.0)
    >>> sample(settings, one, 0 * one, perfect, DetectorMemory(dead_pulses=2), 9, seed=1).position.tolist()
    [0, 3, 6]
    """
    if model.proportional_afterpulse_prob != 0:
        raise InvalidInput("afterpulsing", "must be physical in a simulation pulse by pulse")
    sent = np.zeros(len(settings.probs), np.int64)
    position, columns = _run(
        kernel_seed(seed, "per-pulse"),
        pulses,
        np.cumsum(settings.probs),
        np.asarray(fixed_photons, np.int64),
        np.exp(-np.asarray(poisson_photons, float)),
        settings.sent_bit.astype(np.int64),
        settings.sent_basis == settings.measured_basis,
        float(model.channel_transmittance),
        np.array([model.efficiency, model.efficiency * model.efficiency_mismatch]),
        float(model.misalignment),
        float(model.dark_count_prob),
        int(memory.dead_pulses),
        float(memory.afterpulse_prob),
        math.exp(-1 / memory.afterpulse_mean_pulses) if memory.afterpulse_mean_pulses else 0.0,
        bool(memory.paralysable),
        sent,
    )
    return Clicks(pulses, sent, position, *columns)


@njit(cache=True, nogil=True)
def _run(
    seed: np.uint64,
    pulses: int,
    cumulative: NDArray[np.float64],
    fixed_photons: NDArray[np.int64],
    empty_prob: NDArray[np.float64],
    sent_bit: NDArray[np.int64],
    matched: NDArray[np.bool_],
    transmittance: float,
    efficiency: NDArray[np.float64],
    misalignment: float,
    dark_count_prob: float,
    dead_pulses: int,
    afterpulse_prob: float,
    stay_prob: float,
    paralysable: bool,
    sent: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return position and (setting, outcome, photons, flags) of the clicks; fill `sent`."""
    state = seeded(seed)
    dead = np.zeros(2, np.int64)
    trapped = np.zeros(2, np.bool_)
    light = np.zeros(2, np.bool_)
    clicking = np.zeros(2, np.bool_)
    position = np.empty(1 << 16, np.int64)
    columns = np.empty((4, 1 << 16), np.uint8)
    clicks = 0
    for pulse in range(pulses):
        choice = uniform(state)
        j = 0
        while choice >= cumulative[j] and j < len(cumulative) - 1:
            j += 1
        sent[j] += 1

        photons = fixed_photons[j]
        product = uniform(state)
        while product > empty_prob[j]:
            photons += 1
            product *= uniform(state)

        light[:] = False
        for _ in range(photons):
            if uniform(state) >= transmittance:
                continue
            # One draw decides for either detector; the second one is not the better.
            chance = uniform(state)
            if chance < efficiency[0]:
                wrong = uniform(state) < (misalignment if matched[j] else 0.5)
                hit = 1 - sent_bit[j] if wrong else sent_bit[j]
                light[hit] |= chance < efficiency[hit]
        for d in range(2):
            if uniform(state) < dark_count_prob:
                light[d] = True

        released = False
        for d in range(2):
            clicking[d] = False
            if dead[d] > 0:
                dead[d] = dead_pulses if paralysable and light[d] else dead[d] - 1
                continue
            clicking[d] = light[d]
            if trapped[d] and uniform(state) >= stay_prob:
                trapped[d] = False
                clicking[d] = True
                released |= not light[d]
            if clicking[d]:
                dead[d] = dead_pulses
                trapped[d] = uniform(state) < afterpulse_prob

        if clicking[0] or clicking[1]:
            if clicks == len(position):
                position, columns = doubled(position, columns)
            double = clicking[0] and clicking[1]
            position[clicks] = pulse
            columns[0, clicks] = j
            columns[1, clicks] = next_word(state) & np.uint64(1) if double else clicking[1]
            columns[2, clicks] = photons
            columns[3, clicks] = DOUBLE_CLICK * double + AFTERPULSE * released
            clicks += 1
    return position[:clicks], columns[:, :clicks]
