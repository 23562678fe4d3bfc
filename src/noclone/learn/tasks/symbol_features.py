"""What the tasks about attacks on continuous-variable links share: rows, and the best possible score.

A block's four features are nearly Gaussian, with means and covariances that follow from the physics
(`FeatureLaw`). The ceiling is what the likelihood ratio reaches that knows them, on a large fresh draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from noclone.core.seeds import stream
from noclone.learn.task import Data
from noclone.protocols.symbol_attack import SymbolAttack
from noclone.records.telemetry import Telemetry, joined
from noclone.sampling.symbols import SymbolModel
from noclone.simulation.drift import Drift
from noclone.simulation.symbol_telemetry import COLUMNS, symbol_telemetry

Floats = NDArray[np.float64]

MODEL = SymbolModel()
SYMBOLS = 10_000
DRIFT = Drift(transmittance_db=0.02, oscillator_share=0.0005)
"""Hardly more than a constant over the fraction of a second that a run lasts: every run has its own. The
figures are ours: a link that is kept stable."""
_FRESH = 40_000

SOURCE = (
    "link, features and attacks of Mao et al., New J. Phys. 22, 083073 (2020); "
    "symbols, drift and weak strengths of our own"
)
CEILING_TEXT = "likelihood ratio with the features' Gaussian laws known, on a large fresh draw"


@dataclass(frozen=True, eq=False)
class FeatureLaw:
    """The Gaussian law of a block's features `COLUMNS`.

    Attributes
    ----------
    mean : array, shape (4,)
    block : array, shape (4, 4)
        Covariance within a run.
    drift : array, shape (4, 4)
        Covariance of what the blocks of a run share.
    """

    mean: Floats
    block: Floats
    drift: Floats

    @classmethod
    def of(cls, attack: SymbolAttack | None) -> FeatureLaw:
        """Return the law under an attack on all symbols, or of normal blocks.

        Examples
        --------
        >>> FeatureLaw.of(None).mean.round(4).tolist()
        [0.0, 1.0129, 10000000.0, 0.4]
        """
        link = MODEL if attack is None else attack.attacked(MODEL)
        bright, faint = (link.reading(ratio).moments() for ratio in (1.0, MODEL.monitor_ratio))
        monitored = SYMBOLS * MODEL.monitor_share
        read = SYMBOLS - monitored
        block = np.zeros((4, 4))
        block[0, 0] = bright.variance / read
        block[0, 1] = block[1, 0] = bright.third / read
        block[1, 1] = (bright.fourth - bright.variance**2 * (read - 3) / (read - 1)) / read
        block[2, 2] = (MODEL.power_jitter * link.oscillator_photons) ** 2
        scale = 1 + MODEL.monitor_ratio * MODEL.gain * MODEL.modulation_snu
        spread = faint.fourth - faint.variance**2 * (monitored - 3) / (monitored - 1)
        block[3, 3] = spread / monitored / scale**2
        mean, drift = _means(attack, 1.0, 1.0), np.zeros((4, 4))
        log = np.log(10) / 10  # of a loss in dB
        for step, moved in (
            (DRIFT.transmittance_db * log, _means(attack, 1 + 1e-4, 1.0)),
            (DRIFT.oscillator_share, _means(attack, 1.0, 1 + 1e-4)),
        ):
            slope = (moved - mean) / 1e-4
            drift += np.outer(slope, slope) * step**2
        return cls(mean, block, drift)

    def draw(self, rows: int, window: int, rng: np.random.Generator) -> Floats:
        """Draw windows of blocks of a run each, shape (rows, window, 4)."""
        common = rng.standard_normal((rows, 1, 4)) @ _root(self.drift).T
        blocks: Floats = self.mean + common + rng.standard_normal((rows, window, 4)) @ _root(self.block).T
        return blocks

    def log_density(self, blocks: Floats) -> Floats:
        """Return the log density of windows, shape (rows, window, 4), up to a constant; shape (rows,)."""
        window = blocks.shape[1]
        centre = blocks.mean(axis=1)
        within = (blocks - centre[:, None]).reshape(-1, 4)
        apart = _log_gaussian(within, self.block).reshape(-1, window).sum(axis=1)
        one_too_many = np.linalg.slogdet(self.block)[1] / 2
        mean = _log_gaussian(centre - self.mean, self.block / window + self.drift)
        return np.asarray(apart + one_too_many + mean)


def _means(attack: SymbolAttack | None, transmittance: float, oscillator: float) -> Floats:
    """Return the features' means on a link that has drifted by these factors."""
    link = replace(
        MODEL,
        transmittance=MODEL.transmittance * transmittance,
        oscillator_photons=MODEL.oscillator_photons * oscillator,
        shot_noise_v2=MODEL.shot_noise_v2 * oscillator,
    )
    link = link if attack is None else attack.attacked(link)
    seen = link.expected()
    found = MODEL.estimates(seen)
    return np.array([seen.mean, seen.variance, link.oscillator_photons, found.shot_noise_v2], float)


def _root(covariance: Floats) -> Floats:
    """Return a root of a covariance whose entries differ by many orders of magnitude."""
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    root: Floats = scale[:, None] * vectors * np.sqrt(np.maximum(values, 0.0))
    return root


def _log_gaussian(values: Floats, covariance: Floats) -> Floats:
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    scaled = values / scale
    distance = np.einsum("ij,ij->i", scaled @ np.linalg.inv(correlation), scaled)
    return np.asarray(-(distance + np.linalg.slogdet(correlation)[1]) / 2 - np.log(scale).sum())


def telemetry(attacks: Sequence[SymbolAttack | None], runs: int, blocks: int, seed: int) -> Telemetry:
    """Return runs of blocks under each of the attacks, every run with a drift of its own."""
    return joined(
        [
            symbol_telemetry(MODEL, blocks, SYMBOLS, attack=attack, drift=DRIFT, seed=seed, run=number)
            for number, attack in enumerate(list(attacks) * runs)
        ]
    ).only(COLUMNS)


def classified(attacks: Sequence[SymbolAttack | None], runs: int, blocks: int, seed: int) -> Data:
    """Return blocks with the label of what was going on, grouped by runs."""
    drawn = telemetry(attacks, runs, blocks, seed)
    return Data(drawn.values, drawn.labels, drawn.runs)


def watched(attack: SymbolAttack, runs: int, windows: int, window: int, seed: int) -> Data:
    """Return windows of blocks, 1 for normal ones and -1 for those under attack, grouped by runs."""
    drawn = telemetry([None, attack], runs, windows * window, seed).windows(window)
    return Data(drawn.values, np.where(drawn.labels == attack.NAME, -1, 1), drawn.runs)


def best_accuracy(attacks: Sequence[SymbolAttack | None], seed: int) -> float:
    """Return the accuracy of the likelihood ratio between equally frequent classes."""
    laws = [FeatureLaw.of(attack) for attack in attacks]
    rng = stream(seed, "ceiling")
    right = [
        np.mean(np.argmax([other.log_density(rows) for other in laws], axis=0) == place)
        for place, rows in enumerate(law.draw(_FRESH, 1, rng) for law in laws)
    ]
    return float(np.mean(right))


def best_roc_auc(attack: SymbolAttack, window: int, seed: int) -> float:
    """Return the area under the likelihood ratio's curve of detection over false alarms."""
    normal, attacked = FeatureLaw.of(None), FeatureLaw.of(attack)
    rng = stream(seed, "ceiling")
    ratios = [
        normal.log_density(rows) - attacked.log_density(rows)
        for rows in (law.draw(_FRESH // window, window, rng) for law in (normal, attacked))
    ]
    ranks = rankdata(np.concatenate(ratios))[: len(ratios[0])]
    count = len(ratios[0])
    return float((ranks.mean() - (count + 1) / 2) / count)
