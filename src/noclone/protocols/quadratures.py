"""What continuous-variable protocols share: the way of a quadrature from Alice to Bob, and its moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.link import Link
from noclone.link.coherent import CoherentReceiver, background_snu
from noclone.protocols.protocol import Moment

Floats = NDArray[np.float64]

HEADROOM = 5.0
"""Standard deviations of the outcomes that a converter must hold."""


def conditions(link: Link) -> list[tuple[float, Any, Any]]:
    """Return share, transmittance and noise at the channel's output of every interval of a direct link.

    The noise is that beyond the vacuum's: the source's excess noise, transmitted, and background light.
    """
    background = background_snu(link.channel)
    return [
        (share, through, through * link.alice.excess_noise_snu + background)
        for share, (through,) in link.segments()
    ]


def check_converter(station: str, receiver: CoherentReceiver, variance: Any) -> None:
    """Raise `InvalidInput` if outcomes of this variance exceed a converter's range: Eve could use that."""
    least = HEADROOM * float(np.sqrt(np.max(variance)))
    if np.any(np.asarray(receiver.adc_bits) > 0) and np.any(np.asarray(receiver.adc_range) < least):
        raise InvalidInput(
            f"{station}.adc_range",
            f"must be at least {least:.4g} shot-noise standard deviations, {HEADROOM:g} of what arrives, "
            f"but is {float(np.min(receiver.adc_range)):g}",
        )


def mixture(shares: Sequence[float], means: Sequence[Any], variances: Sequence[Any]) -> Moment:
    """Return the moment of a quantity whose mean and variance differ from interval to interval.

    Examples
    --------
    >>> moment = mixture([0.5, 0.5], [1.0, 3.0], [0.1, 0.3])
    >>> round(float(moment.mean), 12), round(float(moment.variance), 12)
    (2.0, 1.2)
    """
    rows = list(zip(shares, means, variances, strict=True))
    mean = sum(share * value for share, value, _ in rows)
    spread = sum(share * (variance + (value - mean) ** 2) for share, value, variance in rows)
    return Moment(np.asarray(mean, float), np.asarray(spread, float))


def symbol_moments(
    link: Link, power: Any, power_variance: Any, quadratures: int, signal: Any
) -> dict[str, Moment]:
    """Return the second moments of Alice's symbols x and Bob's outcomes y, averaged over quadratures.

    Parameters
    ----------
    link : Link
        Direct, with a coherent receiver.
    power, power_variance : array_like
        Mean and variance of the sum of x^2 over the quadratures of a symbol.
    quadratures : int
        How many of them are measured and used.
    signal : array_like
        Variance of a quadrature before modulation: 1 for coherent states.
    """
    bob = link.bob
    gain = bob.efficiency / bob.quadratures
    shares, squares, products = [], [], []
    for share, through, noise in conditions(link):
        slope = gain * through
        rest = 1 + bob.added_noise_snu + gain * (through * (signal - 1) + noise)
        square = (slope * power + quadratures * rest) / quadratures
        squares.append(
            (
                square,
                (4 * slope * rest * power + 2 * quadratures * rest**2 + slope**2 * power_variance)
                / quadratures**2,
            )
        )
        product = np.sqrt(slope) * power / quadratures
        products.append((product, (rest * power + slope * power_variance) / quadratures**2))
        shares.append(share)
    sent = np.asarray(power, float) / quadratures + 0 * np.asarray(square)
    return {
        "alice * alice": Moment(sent, power_variance / quadratures**2 + 0 * sent),
        "bob * bob": mixture(shares, *zip(*squares, strict=True)),
        "alice * bob": mixture(shares, *zip(*products, strict=True)),
    }


def batches(rounds: int, size: int = 1 << 18) -> Iterator[int]:
    """Yield numbers of rounds, none larger than a batch that memory holds easily."""
    for start in range(0, rounds, size):
        yield min(size, rounds - start)


def normal(rng: np.random.Generator, variance: Any, shape: tuple[int, ...]) -> Floats:
    """Return Gaussian random numbers of this variance."""
    drawn: Floats = np.sqrt(variance) * rng.standard_normal(shape)
    return drawn


def lossy(rng: np.random.Generator, light: Floats, transmittance: Any) -> Floats:
    """Return quadratures behind a loss, whose empty port lets the vacuum in."""
    vacuum = rng.standard_normal(light.shape)
    mixed: Floats = np.sqrt(transmittance) * light + np.sqrt(1 - transmittance) * vacuum
    return mixed


def detected(rng: np.random.Generator, receiver: CoherentReceiver, light: Floats) -> Floats:
    """Return what a homodyne detector reads of quadratures at its input."""
    read = lossy(rng, light, receiver.efficiency) + normal(rng, receiver.electronic_noise_snu, light.shape)
    step = float(receiver.adc_step)
    if step == 0:
        return read
    top = receiver.adc_range - step
    return np.clip(np.round(read / step) * step, -receiver.adc_range, top)


def intervals(rng: np.random.Generator, link: Link, rounds: int) -> list[Floats]:
    """Return the transmittance of each channel in every round, shape (rounds,) each."""
    segments = link.segments()
    which = rng.choice(len(segments), size=rounds, p=[share for share, _ in segments])
    return [
        np.array([float(through[i]) for _, through in segments])[which] for i in range(len(segments[0][1]))
    ]


def outcomes(rng: np.random.Generator, link: Link, light: Floats) -> Floats:
    """Return Bob's outcomes for quadratures (Q, rounds) that leave Alice, two of them for heterodyne."""
    noisy = light + normal(rng, link.alice.excess_noise_snu, light.shape)
    (through,) = intervals(rng, link, light.shape[-1])
    arrived = lossy(rng, noisy, through) + normal(rng, background_snu(link.channel), light.shape)
    if link.bob.detection == "heterodyne":
        arrived = (arrived + rng.standard_normal(light.shape)) / np.sqrt(2)
    return detected(rng, link.bob, arrived)


def mean_products(parts: Iterator[Mapping[str, Floats]], rounds: int) -> dict[str, float]:
    """Return the means over all rounds of what each batch of rounds gave."""
    sums: dict[str, float] = {}
    for part in parts:
        for name, values in part.items():
            sums[name] = sums.get(name, 0.0) + float(values.sum())
    return {name: total / rounds for name, total in sums.items()}
