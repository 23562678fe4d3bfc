"""Telemetry of a continuous-variable link: statistics and estimates of blocks of symbols, drawn one by one.

Symbols exist a block at a time, and every block has a random stream of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.kinds import check_kind
from noclone.core.numbers import positive, whole
from noclone.core.seeds import stream
from noclone.link.coherent import background_snu
from noclone.protocols.attack import Attack
from noclone.protocols.gg02 import GG02
from noclone.protocols.symbol_attack import SymbolAttack
from noclone.records.telemetry import NORMAL, Telemetry
from noclone.sampling.homodyne import BlockStatistics, Reading, draw_block
from noclone.sampling.symbols import SymbolModel
from noclone.setup import Setup
from noclone.simulation.drift import STEADY, Drift, Weather

Floats = NDArray[np.float64]

COLUMNS = ("mean", "variance", "lo_power", "shot_noise")
"""The features of Mao et al.: mean and variance of readings without attenuation (V, V^2), photons of the
local oscillator per pulse, and the shot noise (V^2) estimated from attenuated readings."""
MORE_COLUMNS = ("transmittance", "excess_noise", "monitor_kurtosis")
"""Estimates from the symbols that Alice discloses, with shot noise and phase noise as calibrated (the excess
noise in shot-noise units at the receiver's output), and the excess kurtosis of attenuated readings."""
REFERENCE_COLUMN = "reference_power"
"""Photons of a reference pulse at the receiver, where a link has reference pulses."""

_LEAST_SYMBOLS = 100
_LONGEST_S = 1e9
"""Longest time between two blocks."""


def symbol_telemetry(
    link: SymbolModel | Setup,
    blocks: int,
    symbols_per_block: int = 10_000,
    *,
    attack: Attack | None = None,
    drift: Drift = STEADY,
    interval_s: float | None = None,
    seed: int = 1,
    run: int = 0,
) -> Telemetry:
    """Simulate what a continuous-variable link shows of itself, block by block.

    Parameters
    ----------
    link : SymbolModel or Setup
        A model with scalar parameters, or a setup of GG02 (see `symbol_model`).
    blocks : int
        Number of blocks.
    symbols_per_block : int
        Symbols that Bob reads in each, at least 100.
    attack : Attack, optional
        What Eve does; one that acts on symbols. Each symbol of every block is attacked with the probability
        ``attack.fraction``.
    drift : Drift
        What changes slowly: transmittance, efficiency, and the oscillator's power with the shot noise.
    interval_s : float, optional
        Time between the beginnings of blocks; by default they follow each other.
    seed, run : int
        Together they fix everything random; blocks of one run share its drift.

    Returns
    -------
    Telemetry
        Columns `COLUMNS`, `MORE_COLUMNS` and, where the link has reference pulses, `REFERENCE_COLUMN`.

    Raises
    ------
    InvalidInput
        If the setup is of another kind, the attack does not act on symbols or finds nothing to attack on this
        link, or a number is out of range.

    Examples
    --------
    >>> from noclone.attacks import LocalOscillatorIntensity
    >>> telemetry = symbol_telemetry(SymbolModel(), 2, attack=LocalOscillatorIntensity())
    >>> telemetry.columns[:4], telemetry.labels.tolist()[0]
    (('mean', 'variance', 'lo_power', 'shot_noise'), 'local-oscillator-intensity')
    """
    check_kind("drift", drift, Drift)
    if attack is not None:
        check_kind("attack", attack, Attack)
    blocks, run = whole("blocks", blocks, 1), whole("run", run, 0)
    seed = whole("seed", seed, 0)
    if interval_s is not None:
        interval_s = positive("interval_s", interval_s, _LONGEST_S)
    symbols = whole("symbols_per_block", symbols_per_block, _LEAST_SYMBOLS)
    if attack is not None and not isinstance(attack, SymbolAttack):
        raise InvalidInput("attack", f"must act on symbols, but {attack.NAME} acts on {attack.ACTS_ON}")
    model = symbol_model(link) if isinstance(link, Setup) else link
    if not isinstance(model, SymbolModel):
        raise InvalidInput("link", f"must be a SymbolModel or a Setup, but is {type(link).__name__}")
    times = np.arange(blocks) * (symbols / model.clock_rate_hz if interval_s is None else interval_s)
    weather = drift.weather(times, stream(seed, "drift", run))
    jitter = 1 + model.power_jitter * stream(seed, "power meters", run).standard_normal((2, blocks))
    honest = _drifted(model, weather, blocks)
    fraction = 0.0 if attack is None else attack.fraction
    links = [(1 - fraction, honest)]
    if attack is not None and fraction > 0:
        links.append((fraction, attack.attacked(honest).per_block(blocks)))
    drawn = np.empty((blocks, len(BlockStatistics._fields)))
    for block, statistics in enumerate(_statistics(links, symbols, seed, run)):
        drawn[block] = statistics
    seen = BlockStatistics(*drawn.T)
    found = model.estimates(seen)
    power = sum(share * each.oscillator_photons for share, each in links)
    reference = sum(share * each.reference_photons for share, each in links)
    values = [seen.mean, seen.variance, power * jitter[0], found.shot_noise_v2]
    values += [found.transmittance, found.excess_noise_snu, seen.monitor_kurtosis]
    columns: tuple[str, ...] = (*COLUMNS, *MORE_COLUMNS)
    if model.reference_photons > 0:
        columns += (REFERENCE_COLUMN,)
        values.append(reference * jitter[1])
    return Telemetry(
        columns,
        np.column_stack(values),
        np.full(blocks, NORMAL if attack is None or fraction == 0 else attack.NAME),
        np.full(blocks, run),
        times,
        {
            "setup": link.name if isinstance(link, Setup) else repr(model),
            "symbols_per_block": symbols,
            "attack": None if attack is None else attack.text(),
            "drift": repr(drift),
            "seed": seed,
            "run": run,
        },
    )


def symbol_model(setup: Setup) -> SymbolModel:
    """Return the symbols of a GG02 setup with coherent states and homodyne detection on a steady channel.

    Volts are those of a receiver whose shot noise is 0.4 V^2, with an oscillator of 1e7 photons that travels
    over the channel; a converter's full scale is where the receiver saturates.

    Raises
    ------
    InvalidInput
        If the setup is another one.

    Examples
    --------
    >>> import noclone as nc
    >>> model = symbol_model(nc.load("zhang-2020-27km"))
    >>> model.modulation_snu, round(float(model.transmittance), 4)
    (14.37, 0.3664)
    """
    if type(setup.protocol) is not GG02:
        raise InvalidInput("setup", f"must be of gg02, but is of {setup.protocol.NAME}")
    alice, bob = setup.link.alice, setup.link.bob
    if bob.detection != "homodyne":
        raise InvalidInput("bob.detection", f"must be homodyne for telemetry, but is {bob.detection}")
    if alice.squeezed_variance_snu != 1:
        raise InvalidInput("alice.squeezed_variance_snu", "must be 1 (coherent states) for telemetry")
    segments = setup.link.segments()
    if len(segments) != 1:
        raise InvalidInput("channel", "must be steady for telemetry; `drift` makes it vary")
    transmittance = float(segments[0][1][0])
    plain = SymbolModel()
    limit = bob.adc_range if bob.adc_bits > 0 else np.inf
    return SymbolModel(
        modulation_snu=alice.modulation_variance_snu,
        transmittance=transmittance,
        efficiency=bob.efficiency,
        excess_noise_snu=alice.excess_noise_snu + float(background_snu(setup.link.channel)) / transmittance,
        electronic_noise_v2=float(bob.added_noise_snu) * plain.shot_noise_v2,
        limit_v=float(limit * np.sqrt(plain.shot_noise_v2)),
        clock_rate_hz=alice.clock_rate_hz,
        trusted=bob.trusted,
    )


def _drifted(model: SymbolModel, weather: Weather, blocks: int) -> SymbolModel:
    """Return the untouched link block by block."""
    return replace(
        model.per_block(blocks),
        transmittance=np.minimum(model.transmittance * weather.transmittance, 1.0),
        efficiency=np.minimum(model.efficiency * weather.efficiency, 1.0),
        oscillator_photons=model.oscillator_photons * weather.oscillator,
        shot_noise_v2=model.shot_noise_v2 * weather.oscillator,
    )


def _statistics(
    links: list[tuple[float, SymbolModel]], symbols: int, seed: int, run: int
) -> Iterator[BlockStatistics]:
    """Draw the blocks one after the other; of the links' shares of symbols only the numbers are drawn."""
    honest = links[0][1]
    blocks = len(honest.transmittance)
    monitored = np.rint(symbols * honest.monitor_share).astype(int).clip(2, symbols - 2)
    # One ratio holds for all blocks: it is Bob's choice, not the weather's.
    laws = [
        [(each.reading(1.0).over(blocks), each.reading(float(honest.monitor_ratio[0])).over(blocks))]
        for _, each in links
    ]
    for block in range(blocks):
        rng = stream(seed, f"symbols {run}", block)
        counts = np.array([symbols - monitored[block], monitored[block]])
        attacked = rng.binomial(counts, links[1][0]) if len(links) > 1 else np.zeros(2, int)
        split = np.array([counts - attacked, attacked])
        parts = [
            [
                (int(split[place, side]), Reading(*law[0][side][block].tolist()))
                for place, law in enumerate(laws)
            ]
            for side in (0, 1)
        ]
        yield draw_block(parts[0], parts[1], rng)
