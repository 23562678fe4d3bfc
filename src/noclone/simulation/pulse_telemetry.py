"""Telemetry of a prepare-and-measure link: counts and readings of thousands of blocks, with drift and attack.

A block's counts are drawn from their joint law, not pulse by pulse: pulses are independent, so the counts
of all settings and click patterns of a block are one multinomial draw from its `PulseTable`. Dead time and
after-pulses enter by their long-run mean (`DetectorMemory.expected_patterns`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.kinds import check_kind
from noclone.core.numbers import positive, whole
from noclone.core.seeds import stream
from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.protocols.attack import Attack
from noclone.protocols.pulse_attack import PulseAttack, by_setting
from noclone.protocols.readings import NAMES as READINGS
from noclone.protocols.readings import Readings
from noclone.records.pulse_features import pulse_columns, pulse_features
from noclone.records.telemetry import NORMAL, Telemetry
from noclone.sampling.pulses import PulseSettings, honest_patterns
from noclone.setup import Setup
from noclone.simulation.drift import STEADY, Drift, Weather

Floats = NDArray[np.float64]

_CHUNK = 256
"""Blocks that share a random stream and are computed at a time."""
_MONITOR_NOISE = 0.02
"""Relative standard deviation of a monitor's reading of one block."""
_MOST_PULSES = 1e13
_LONGEST_S = 1e9
"""Longest time between two blocks."""


def pulse_telemetry(
    setup: Setup,
    blocks: int,
    pulses_per_block: float,
    *,
    attack: Attack | None = None,
    drift: Drift = STEADY,
    interval_s: float | None = None,
    seed: int = 1,
    run: int = 0,
) -> Telemetry:
    """Simulate what a link shows of itself, block by block.

    Parameters
    ----------
    setup : Setup
        Of decoy-state BB84 or a protocol that is recorded like it.
    blocks : int
        Number of blocks.
    pulses_per_block : float
        Pulses that Alice sends in each, a whole number.
    attack : Attack, optional
        What Eve does, in all blocks; one that acts on pulses.
    drift : Drift
        What changes slowly.
    interval_s : float, optional
        Time between the beginnings of blocks; by default they follow each other.
    seed, run : int
        Together they fix everything random; blocks of one run share its drift.

    Returns
    -------
    Telemetry
        Columns of `pulse_columns`, then ``double_clicks`` (their share of the events) and the `Readings`.

    Raises
    ------
    InvalidInput
        If the setup is of another kind, the attack does not act on pulses, or a number is out of range.

    Examples
    --------
    >>> import noclone as nc
    >>> eve = nc.attacks.PhotonNumberSplitting()
    >>> telemetry = pulse_telemetry(nc.load("lim-2014"), 3, 1e7, attack=eve)
    >>> telemetry.labels.tolist(), telemetry.values.shape
    (['photon-number-splitting', 'photon-number-splitting', 'photon-number-splitting'], (3, 20))
    """
    check_kind("setup", setup, Setup)
    check_kind("drift", drift, Drift)
    if attack is not None:
        check_kind("attack", attack, Attack)
    blocks = whole("blocks", blocks, 1)
    seed, run = whole("seed", seed, 0), whole("run", run, 0)
    if interval_s is not None:
        interval_s = positive("interval_s", interval_s, _LONGEST_S)
    if not 1 <= pulses_per_block <= _MOST_PULSES or pulses_per_block != int(pulses_per_block):
        raise InvalidInput(
            "pulses_per_block",
            f"must be a whole number from 1 to {_MOST_PULSES:g}, but is {pulses_per_block!r}",
        )
    if attack is not None and not isinstance(attack, PulseAttack):
        raise InvalidInput("attack", f"must act on pulses, but {attack.NAME} acts on {attack.ACTS_ON}")
    settings = setup.recorded.pulse_settings(setup.link)  # refuses other protocols
    clock = setup.link.alice.clock_rate_hz
    times = np.arange(blocks) * (pulses_per_block / clock if interval_s is None else interval_s)
    weather = drift.weather(times, stream(seed, "drift", run))
    rows = []
    for number, start in enumerate(range(0, blocks, _CHUNK)):
        part = slice(start, min(start + _CHUNK, blocks))
        rng = stream(seed, f"pulse telemetry {run}", number)
        probs, click_shares = block_probs(setup, settings, weather, part, attack, steady=drift == STEADY)
        cells = probs.reshape(*probs.shape[:-2], -1)
        counts = rng.multinomial(int(pulses_per_block), cells, size=None if cells.ndim > 1 else _size(part))
        rows.append(_features(counts, settings, click_shares, weather, part, setup, attack, rng))
    return Telemetry(
        (*pulse_columns(len(setup.recorded.intensity_probs)), "double_clicks", *READINGS),
        np.concatenate(rows),
        np.full(blocks, NORMAL if attack is None or attack.fraction == 0 else attack.NAME),
        np.full(blocks, run),
        times,
        {
            "setup": setup.name,
            "protocol": setup.protocol.NAME,
            "pulses_per_block": int(pulses_per_block),
            "attack": None if attack is None else attack.text(),
            "drift": repr(drift),
            "seed": seed,
            "run": run,
        },
    )


def _size(part: slice) -> int:
    return int(part.stop - part.start)


def block_probs(
    setup: Setup,
    settings: PulseSettings,
    weather: Weather,
    part: slice,
    attack: PulseAttack | None,
    *,
    steady: bool,
) -> tuple[Floats, Floats]:
    """Return P(setting, pattern) of the pulses of blocks, and the shares of clicks from attacked pulses.

    Returns
    -------
    probs : array, shape (blocks, J, 4), or (J, 4) where nothing drifts
    click_shares : array, shape (K, blocks) or (K,)
        For each of the K things that Eve does, none without her; the detectors' memory, which only knows
        clicks, leaves them as they are.
    """
    detectors = setup.link.detectors("bob")
    memory = DetectorMemory.of(detectors, setup.link.alice.clock_rate_hz)
    shares, transmittances = setup.link.channel.segments()

    def over_blocks(values: Floats) -> Floats | float:
        return 1.0 if steady else values[part][:, None, None]

    total: Floats | float = 0.0
    clicks: Floats | float = 0.0
    for share, transmittance in zip(shares.tolist(), transmittances.tolist(), strict=True):
        model = DetectionModel.of(
            detectors, np.minimum(transmittance * over_blocks(weather.transmittance), 1.0)
        )
        model = replace(
            model,
            efficiency=np.minimum(model.efficiency * over_blocks(weather.efficiency), 1.0),
            misalignment=np.minimum(model.misalignment * over_blocks(weather.misalignment), 0.5),
        )
        if attack is None:
            causes = by_setting(settings.photon_probs, honest_patterns(model, settings))[None]
        else:
            causes = attack.by_cause(model, settings)
        total = total + share * memory.expected_patterns(settings.probs, causes.sum(axis=0))
        clicks = clicks + share * np.einsum("j,k...jp->k...", settings.probs, causes[..., 1:])
    probs = settings.probs[:, None] * total
    probs = probs / probs.sum(axis=(-1, -2), keepdims=True)
    every = np.sum(clicks, axis=0)
    return probs, np.divide(clicks, every, out=np.zeros(np.shape(clicks)), where=every > 0)[1:]


def _features(
    counts: NDArray[np.int64],
    settings: PulseSettings,
    click_shares: Floats,
    weather: Weather,
    part: slice,
    setup: Setup,
    attack: PulseAttack | None,
    rng: np.random.Generator,
) -> Floats:
    by_pattern = counts.reshape(len(counts), -1, 2, 2, 2, 4)
    both = by_pattern[..., 3]
    ones = rng.binomial(both, 0.5)  # the squashing rule: a random bit where both detectors clicked
    outcomes = np.stack([by_pattern[..., 1] + both - ones, by_pattern[..., 2] + ones], axis=-1)
    clicks = outcomes.reshape(len(counts), -1).sum(axis=1)
    doubles = np.divide(both.reshape(len(counts), -1).sum(axis=1), np.maximum(clicks, 1))
    jitter_ps = float(setup.link.detectors("bob").jitter_s) * 1e12
    honest = Readings(arrival_std_ps=jitter_ps or Readings.arrival_std_ps)
    read = honest if attack is None else attack.readings(honest, click_shares)
    return np.column_stack(
        [pulse_features(outcomes), doubles, *_read(read, clicks, weather.delay_ps[part], rng)]
    )


def _read(
    read: Readings, clicks: NDArray[np.int64], delay_ps: Floats, rng: np.random.Generator
) -> list[Floats]:
    """Return the readings of blocks with the noise of estimating them from this many clicks."""
    events = np.maximum(clicks, 1)
    noise = rng.standard_normal((len(READINGS), len(clicks)))
    estimated = {
        "arrival_mean_ps": read.arrival_mean_ps + delay_ps + read.arrival_std_ps * noise[0] / np.sqrt(events),
        "arrival_std_ps": read.arrival_std_ps * np.maximum(1 + noise[1] / np.sqrt(2 * events), 0.0),
        "arrival_skew": read.arrival_skew + noise[2] * np.sqrt(6 / events),
    }
    monitors = {
        name: np.maximum(getattr(read, name) * (1 + _MONITOR_NOISE * noise[place]), 0.0)
        for place, name in enumerate(READINGS)
        if name not in estimated
    }
    everything = estimated | monitors
    return [everything[name] for name in READINGS]
