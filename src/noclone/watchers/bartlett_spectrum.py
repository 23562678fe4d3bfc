"""Bartlett's spectrum: what comes and goes with a period, although its mean is normal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as fisher

from noclone.core.numbers import whole
from noclone.watchers.outliers import Outliers, blocks_of, joint_level
from noclone.watchers.scale import Scale
from noclone.watchers.watcher import EXACT, Watcher

Floats = NDArray[np.float64]


class BartlettSpectrum(Outliers):
    """Alarm when some feature has too much power at some frequency over a window's blocks.

    A window is cut into segments; the squared Fourier amplitudes of a standardised feature are averaged
    over them (Bartlett, Biometrika 37, 1, 1950) and divided by the mean over normal windows. For Gaussian
    noise each such ratio follows an F law with two degrees of freedom per segment, or one at frequency 0
    and at the highest. The largest ratio in units of its limit decides. An attack that manipulates the
    channel's transmittance in pulses shows at low frequencies (Dai, Huang, Zhang, Photonics 9, 365, 2022).
    A window of one block has only frequency 0: the square of its deviation.

    Parameters
    ----------
    window : int
        Blocks in a row.
    segment : int
        Blocks in a segment, at most a window's; blocks that are left over at its start are not used. Short
        segments average much, long ones tell frequencies apart.
    false_alarm_rate : float
        Share of normal rows that raise an alarm; at most, for independent features.

    Attributes
    ----------
    scale_ : Scale
    normal_spectrum_ : ndarray, shape (frequencies, features)
        Mean power of normal windows; 1 everywhere for white noise.
    limits_ : ndarray, shape (frequencies,)
        Largest normal ratio.
    offset_ : float
        -1: scores are in units of the limits.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> watch = BartlettSpectrum(window=32).fit(random.normal(size=(50, 32)))
    >>> tone = 1.5 * np.cos(np.pi / 2 * np.arange(32))
    >>> watch.predict([random.normal(size=32), tone + random.normal(size=32)]).tolist()
    [1, -1]
    """

    def __init__(self, window: int = 1, segment: int = 8, false_alarm_rate: float = 0.01) -> None:
        self.window = window
        self.segment = segment
        self.false_alarm_rate = false_alarm_rate

    def spectrum(self, rows: Floats) -> Floats:
        """Return the power of rows, shape (rows, frequencies, features); that of normal white noise is 1."""
        blocks = self.scale_(blocks_of(np.asarray(rows, float), self.window))
        length = min(self.segment, self.window)
        segments = self.window // length
        cut = blocks[:, self.window - segments * length :].reshape(len(blocks), segments, length, -1)
        return np.asarray((np.abs(np.fft.rfft(cut, axis=2)) ** 2).mean(axis=1) / length)

    def _learn(self, rows: Floats) -> float:
        blocks = blocks_of(rows, self.window)
        self.scale_ = Scale.of(blocks.reshape(-1, blocks.shape[2]))
        length = min(whole("segment", self.segment, 1), self.window)
        power = self.spectrum(rows).mean(axis=0)
        self.normal_spectrum_ = np.where(self.scale_.constant, 1.0, power)
        frequencies, varying = len(power), int(np.count_nonzero(~self.scale_.constant))
        level = joint_level(self.false_alarm_rate, frequencies * varying)
        # A real amplitude where the wave's phase is fixed: at frequency 0, and at half a wave per block.
        alone = (2 * np.arange(frequencies)) % length == 0
        freedom = self.window // length * np.where(alone, 1, 2)
        self.limits_ = fisher.isf(level, freedom, freedom * len(rows))
        return -1.0

    def _scores(self, rows: Floats) -> Floats:
        ratios = self.spectrum(rows) / self.normal_spectrum_
        return np.asarray(-(ratios / self.limits_[:, None]).max(axis=(1, 2)))


WATCHER = Watcher(
    name="bartlett-spectrum",
    title="Bartlett's averaged spectrum of every feature over a window's blocks",
    family=EXACT,
    kinds=("one-class",),
    source="E. Dai, D. Huang, L. Zhang, Photonics 9, 365 (2022)",
    make=lambda kind: BartlettSpectrum(),
    space=lambda kind: {"segment": [4, 8, 16]},
    sequence=True,
)
