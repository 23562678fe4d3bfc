"""Telemetry of blocks beside plain NumPy that draws every pulse or symbol, and verdicts of every watcher.

No other package makes telemetry of links under attack, so the peers are the shortest generators of the same
law that NumPy allows: one random number for every choice, photon, dark count, noise term. Blocks of pulses
are refused where the two differ by more than chance in the clicks of any intensity or in the errors, blocks
of symbols where they do in the mean or the variance. What is asked for on one core: 2000 blocks of pulses and
500 blocks of 1e4 symbols a second, and less than 5 ms a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import noclone as nc
from measure import Row, timed
from noclone.attacks import LocalOscillatorIntensity, PhotonNumberSplitting
from noclone.core.errors import InvalidInput
from noclone.learn.split_photons import SETUP
from noclone.link.detection import DetectionModel
from noclone.protocols.attack import Attack
from noclone.records.telemetry import Telemetry
from noclone.sampling.symbols import SymbolModel
from noclone.simulation.drift import FIELD, STEADY
from noclone.simulation.pulse_telemetry import pulse_telemetry
from noclone.simulation.symbol_telemetry import symbol_telemetry
from noclone.watchers import watchers
from noclone.watching import judge, normal_of

Floats = NDArray[np.float64]

SPLITTING, DIMMING = PhotonNumberSplitting(fraction=0.3), LocalOscillatorIntensity()
DRIFTS = {"steady": STEADY, "drift": FIELD}
BLOCKS, PULSES = 4096, 10**7
FEW_PULSES, FEW_BLOCKS = 10**6, 16
"""Of a block that is drawn pulse by pulse, and how many such blocks."""
SYMBOL_BLOCKS, SYMBOLS = 500, 10**4
VERDICTS = 50
MOST_SIGMAS = 5.0


def rows() -> Iterator[Row]:
    yield from pulses()
    yield from pulses_beside()
    yield from symbols()
    yield from verdicts()


def named(drift: str, attack: Attack | None) -> str:
    return f"{drift}, {'no attack' if attack is None else attack.NAME}"


def pulses() -> Iterator[Row]:
    setup = nc.load("lim-2014")
    for drift, weather in DRIFTS.items():
        for attack in (None, SPLITTING):
            run = timed(lambda a=attack, w=weather: pulse_telemetry(setup, BLOCKS, PULSES, attack=a, drift=w))
            remark = f"lim-2014, three intensities, dead time; {PULSES:.0e} pulses a block"
            yield run.row(f"telemetry of pulses, {named(drift, attack)}", "noclone", BLOCKS, "blocks", remark)


def pulses_beside() -> Iterator[Row]:
    for attack in (None, SPLITTING):
        job = f"telemetry of {FEW_PULSES:.0e} pulses, {named('steady', attack)}"
        ours = timed(lambda a=attack: pulse_telemetry(SETUP, BLOCKS, FEW_PULSES, attack=a))
        theirs = timed(lambda a=attack: pulse_by_pulse(a, FEW_BLOCKS, np.random.default_rng(1)), repeats=1)
        columns = ("clicks[0]", "clicks[1]", "sifted[0]", "errors[0]")
        agree(job, counted(ours.result), theirs.result, columns)
        yield ours.row(job, "noclone", BLOCKS, "blocks", "50 km, two intensities, no dead time")
        yield theirs.row(job, "NumPy, pulse by pulse", FEW_BLOCKS, "blocks", "the counts only")


def counted(telemetry: Telemetry) -> Floats:
    clicks, sifted = (telemetry.column(f"clicks[{k}]") for k in (0, 1)), telemetry.column("sifted[0]")
    return np.column_stack([*clicks, sifted, sifted * telemetry.column("qber[0]")])


def pulse_by_pulse(attack: PhotonNumberSplitting | None, blocks: int, rng: np.random.Generator) -> Floats:
    """Draw blocks of `SETUP` pulse by pulse; return clicks of both intensities, sifted bits and errors."""
    source, bob, count = SETUP.link.alice, SETUP.link.bob, FEW_PULSES
    passing = float(SETUP.link.channel.segments()[1][0])
    settings = SETUP.recorded.pulse_settings(SETUP.link)
    own, rest, single = 0.0, 0.0, 0.0
    if attack is not None:
        own, rest, single = map(float, attack.plan(DetectionModel.of(bob, np.array(passing)), settings))
        assert rest == single == 0  # she forwards one photon of many and blocks what is single
    found = np.empty((blocks, 4))
    for block in range(blocks):
        intensity = rng.integers(0, 2, count)
        hers, bit, his = (rng.integers(0, 2, count) for _ in range(3))
        photons = rng.poisson(np.array(source.intensities)[intensity])
        through = np.full(count, passing * bob.efficiency)
        if attack is not None:
            attacked = rng.random(count) < attack.fraction
            photons = np.where(attacked, np.minimum(photons, 2) // 2, photons)
            through[attacked] = own * bob.efficiency
        arrived = rng.binomial(photons, through)
        wrong_prob = np.where(hers == his, bob.misalignment, 0.5)
        wrong = rng.binomial(arrived, wrong_prob)
        dark = rng.random((2, count)) < bob.dark_count_prob
        right_click, wrong_click = (arrived - wrong > 0) | dark[0], (wrong > 0) | dark[1]
        either = right_click | wrong_click
        coin = rng.integers(0, 2, count) == 1
        seen = np.where(right_click & wrong_click, coin, wrong_click) ^ (bit == 1)
        matched = either & (hers == his) & (intensity == 0)
        clicks = np.bincount(intensity[either], minlength=2)
        found[block] = *clicks, matched.sum(), (matched & (seen != (bit == 1))).sum()
    return found


def symbols() -> Iterator[Row]:
    for attack in (None, DIMMING):
        job = f"telemetry of {SYMBOLS:.0e} symbols, {named('steady', attack)}"
        model = SymbolModel() if attack is None else attack.attacked(SymbolModel())
        ours = timed(lambda a=attack: symbol_telemetry(SymbolModel(), SYMBOL_BLOCKS, SYMBOLS, attack=a))
        theirs = timed(lambda m=model: symbol_by_symbol(m, SYMBOL_BLOCKS, np.random.default_rng(1)))
        agree(job, ours.result.only(("mean", "variance")).values, theirs.result[:, :2], ("mean", "variance"))
        yield ours.row(job, "noclone", SYMBOL_BLOCKS, "blocks", "seven features")
        remark = "one array a noise term; mean, variance and the monitor's variance only"
        yield theirs.row(job, "NumPy, term by term", SYMBOL_BLOCKS, "blocks", remark)
    for attack in (None, DIMMING):
        job = f"telemetry of {SYMBOLS:.0e} symbols, {named('drift', attack)}"
        run = timed(
            lambda a=attack: symbol_telemetry(
                SymbolModel(), SYMBOL_BLOCKS, SYMBOLS, attack=a, drift=FIELD, interval_s=60.0
            )
        )
        yield run.row(job, "noclone", SYMBOL_BLOCKS, "blocks", "seven features")


def symbol_by_symbol(model: SymbolModel, blocks: int, rng: np.random.Generator) -> Floats:
    """Draw blocks of symbols; return mean and variance of full readings, variance of attenuated ones."""
    found = np.empty((blocks, 3))
    shot = np.sqrt(model.shot_noise_v2)
    for block in range(blocks):
        faint = rng.random(SYMBOLS) < model.monitor_share
        gain = model.gain * np.where(faint, model.monitor_ratio, 1.0)
        sent = np.sqrt(model.modulation_snu) * rng.standard_normal(SYMBOLS)
        excess = np.sqrt(model.excess_noise_snu) * rng.standard_normal(SYMBOLS)
        vacuum = rng.standard_normal(SYMBOLS)
        electronics = np.sqrt(model.electronic_noise_v2) * rng.standard_normal(SYMBOLS)
        read = shot * (np.sqrt(gain) * (sent + excess) + vacuum) + electronics
        read = np.clip(read, -model.limit_v, model.limit_v)
        full = read[~faint]
        found[block] = full.mean(), full.var(), read[faint].var()
    return found


def agree(job: str, ours: Floats, theirs: Floats, columns: tuple[str, ...]) -> None:
    """Refuse two generators whose means differ by more than chance."""
    error = np.sqrt(ours.var(axis=0) / len(ours) + ours.var(axis=0) / len(theirs))
    apart = np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) / error
    if (apart > MOST_SIGMAS).any():
        worst = columns[int(np.argmax(apart))]
        raise RuntimeError(f"{job}: {worst} differs by {apart.max():.1f} standard deviations")


def verdicts() -> Iterator[Row]:
    setup = nc.load("lim-2014")
    for name, watcher in watchers().items():
        job = f"verdicts of {watcher.family} watchers"
        try:
            calibrated, source = normal_of(setup, PULSES, watcher=name)
        except InvalidInput as error:
            yield Row(job, name, remark=str(error))
            continue
        block = calibrated.normal.rows(np.arange(1))
        judge(calibrated, block, source)

        def work(calibrated=calibrated, block=block, source=source) -> None:
            for _ in range(VERDICTS):
                judge(calibrated, block, source)

        run = timed(work)
        remark = (
            f"{1e3 * run.cpu_s / VERDICTS:.2g} ms a verdict on one block of {len(block.columns)} features"
        )
        yield run.row(job, name, VERDICTS, "verdicts", remark)
