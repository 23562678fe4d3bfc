"""Detections and errors of a decoy-state run, by basis and intensity, for a whole grid of links at once.

Leading axes are basis (0 is Z, 1 is X) and intensity (descending); all further axes are the grid. The
numbers are counts of one block, or probabilities per pulse where the asymptotic regime is meant.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.rates.flaws.flaws import IDEAL, Flaws

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PhotonCounts:
    """How many sifted detections came from pulses with 0 and 1 photons: known to a model or a simulation.

    Parameters
    ----------
    vacuum, single : ndarray, shape (2, K, ...)
        Sifted detections of pulses that held no photon, and one photon.
    single_errors : ndarray, shape (2, K, ...)
        Errors among `single`.
    """

    vacuum: Floats
    single: Floats
    single_errors: Floats

    def scaled(self, pulses: ArrayLike) -> "PhotonCounts":
        """Return the counts times `pulses`, an array over the grid."""
        factor = np.asarray(pulses, dtype=np.float64)
        axes = max(factor.ndim, self.single.ndim - 2)
        parts = (_insert_axes(part, 2, axes) for part in (self.vacuum, self.single, self.single_errors))
        return PhotonCounts(*(part * factor for part in parts))


@dataclass(frozen=True, eq=False)
class DecoyCounts:
    """Sifted detections and errors by basis and intensity.

    The grids of the four arrays broadcast against each other by NumPy's rules: intensities of shape (K,)
    go with detections of shape (2, K, 1000).

    Parameters
    ----------
    intensities : array_like, shape (K, ...)
        Mean photon numbers, in descending order; the last may be 0.
    intensity_probs : array_like, shape (K, ...)
        Probability of each intensity, the same in both bases; positive, sum 1.
    detections : array_like, shape (2, K, ...)
        Detections with matching bases.
    errors : array_like, shape (2, K, ...)
        Errors among them.
    photons : PhotonCounts, optional
        The truth behind the detections. No bound reads it but `infinite`.
    sent : array_like, shape (2, ...), optional
        Expected number of pulses sent with matching bases; read only where flaws need it.
    flaws : Flaws
        How the source differs from an ideal one; by default it does not.
    scale : array_like, shape (K, ...), optional
        For a source that is not Poissonian: intensity k gives n photons with probability
        scale_k intensity_k^n w_n, where w_n <= 1 is the same for all intensities. A Poissonian one has
        the scale exp(-intensity) and w_n = 1 / n!.

    Raises
    ------
    InvalidInput
        Shapes that do not fit, negative or non-finite numbers, more errors than detections, probabilities
        that are not positive or do not sum to 1.

    Examples
    --------
    >>> counts = DecoyCounts([0.5, 0.0], [0.9, 0.1], detections=[[900, 1], [90, 0]], errors=[[9, 1], [1, 0]])
    >>> counts.sifted.tolist()
    [901.0, 90.0]
    """

    intensities: Floats
    intensity_probs: Floats
    detections: Floats
    errors: Floats
    photons: PhotonCounts | None = None
    sent: Floats | None = None
    flaws: Flaws = IDEAL
    scale: Floats | None = None

    def __init__(
        self,
        intensities: ArrayLike,
        intensity_probs: ArrayLike,
        detections: ArrayLike,
        errors: ArrayLike,
        photons: PhotonCounts | None = None,
        sent: ArrayLike | None = None,
        flaws: Flaws = IDEAL,
        scale: ArrayLike | None = None,
    ) -> None:
        given = {
            "intensities": (intensities, 1),
            "intensity_probs": (intensity_probs, 1),
            "detections": (detections, 2),
            "errors": (errors, 2),
        }
        arrays = {name: np.asarray(value, dtype=np.float64) for name, (value, _) in given.items()}
        size = arrays["intensities"].shape[:1]
        for name, (_, leading) in given.items():
            expected = size if leading == 1 else (2, *size)
            if not size or arrays[name].shape[:leading] != expected:
                raise InvalidInput(
                    f"counts.{name}", f"must begin with axes {expected}, but has shape {arrays[name].shape}"
                )
            if not ((arrays[name] >= 0.0) & (arrays[name] < np.inf)).all():
                raise InvalidInput(f"counts.{name}", "must hold finite numbers of at least 0")
        grid_axes = max(arrays[name].ndim - leading for name, (_, leading) in given.items())
        for name, (_, leading) in given.items():
            object.__setattr__(self, name, _insert_axes(arrays[name], leading, grid_axes))
        object.__setattr__(self, "photons", photons)
        object.__setattr__(self, "flaws", flaws)
        law = None if scale is None else _insert_axes(np.asarray(scale, dtype=np.float64), 1, grid_axes)
        object.__setattr__(self, "scale", law)
        object.__setattr__(self, "sent", None)
        if sent is not None:
            pulses = np.asarray(sent, dtype=np.float64)
            if pulses.shape[:1] != (2,) or not ((pulses >= 0.0) & (pulses < np.inf)).all():
                raise InvalidInput(
                    "counts.sent", "must hold a finite number of at least 0 for each of two bases"
                )
            object.__setattr__(self, "sent", _insert_axes(pulses, 1, grid_axes))
        if photons is not None and photons.single.shape[:2] != (2, *size):
            shape = photons.single.shape
            raise InvalidInput("counts.photons", f"must begin with axes {(2, *size)}, but has shape {shape}")
        if not (self.intensity_probs > 0.0).all():
            raise InvalidInput("counts.intensity_probs", "must be positive")
        if not (abs(self.intensity_probs.sum(axis=0) - 1.0) < 1e-9).all():
            raise InvalidInput("counts.intensity_probs", "must sum to 1")
        if not (self.errors <= self.detections).all():
            raise InvalidInput("counts.errors", "must not exceed counts.detections")

    @property
    def sifted(self) -> Floats:
        """Detections of each basis, all intensities together; shape (2, ...)."""
        total: Floats = self.detections.sum(axis=1)
        return total

    @property
    def sifted_errors(self) -> Floats:
        """Errors of each basis, all intensities together; shape (2, ...)."""
        total: Floats = self.errors.sum(axis=1)
        return total

    def keyed(self, keyed: ArrayLike) -> tuple[Floats, Floats]:
        """Return detections and errors of the keyed classes of each basis, each of shape (2, ...)."""
        mask = keyed_mask(keyed, len(self.intensities)).reshape(2, -1, *(1,) * (self.detections.ndim - 2))
        return (self.detections * mask).sum(axis=1), (self.errors * mask).sum(axis=1)

    def scaled(self, pulses: ArrayLike) -> "DecoyCounts":
        """Return the counts times `pulses`: what a block of that many pulses gives, from counts per pulse.

        Parameters
        ----------
        pulses : array_like, shape (...)
            A number for each point of the grid. A block with a given number n of sifted bits in basis b
            has ``pulses = n / counts.sifted[b]``.

        Returns
        -------
        DecoyCounts
        """
        factor = np.asarray(pulses, dtype=np.float64)
        counts = self.with_axes(factor.ndim)
        return replace(
            counts,
            detections=counts.detections * factor,
            errors=counts.errors * factor,
            photons=self.photons and self.photons.scaled(factor),
            sent=None if counts.sent is None else counts.sent * factor,
        )

    def with_axes(self, grid_axes: int) -> "DecoyCounts":
        """Return the counts with at least this many grid axes, so that they broadcast against such arrays."""
        if self.detections.ndim - 2 >= grid_axes:
            return self
        return replace(
            self,
            detections=_insert_axes(self.detections, 2, grid_axes),
            errors=_insert_axes(self.errors, 2, grid_axes),
            sent=None if self.sent is None else _insert_axes(self.sent, 1, grid_axes),
        )

    @property
    def pulses_sent(self) -> Floats:
        """The pulses sent with matching bases, shape (2, ...); some flaws cannot be priced without them."""
        if self.sent is None:
            raise InvalidInput("counts.sent", "must be given, because the flaws of the source need it")
        return self.sent


def keyed_mask(keyed: ArrayLike, intensities: int) -> Bools:
    """Check which (basis, intensity) classes carry key, and return them as an array of shape (2, K).

    Raises
    ------
    InvalidInput
        If the shape is not (2, `intensities`) or no class is keyed.

    Examples
    --------
    >>> keyed_mask([[True, False], [False, False]], 2).any(axis=1).tolist()
    [True, False]
    """
    mask = np.asarray(keyed, dtype=bool)
    if mask.shape != (2, intensities):
        raise InvalidInput("keyed", f"must have shape (2, {intensities}), but has {mask.shape}")
    if not mask.any():
        raise InvalidInput("keyed", "must name at least one basis and intensity")
    return mask


def expected_counts(
    intensities: ArrayLike,
    intensity_probs: ArrayLike,
    sift_probs: ArrayLike,
    gains: ArrayLike,
    error_gains: ArrayLike,
) -> DecoyCounts:
    """Return the expected counts per pulse; `DecoyCounts.scaled` makes a block of them.

    Parameters
    ----------
    intensities, intensity_probs : array_like, shape (K, ...)
        Mean photon numbers, descending, and their probabilities.
    sift_probs : array_like, shape (2, ...)
        Probability that Alice and Bob both choose basis Z, and both X.
    gains : array_like, shape (B, K, ...) with B = 1 or 2
        Detection probability of a pulse; one row for both bases or one for each.
    error_gains : array_like, shape (B, K, ...)
        Probability of a detection in error.

    Returns
    -------
    DecoyCounts
        Per pulse sent.

    Examples
    --------
    >>> per_pulse = expected_counts([0.5, 0.1], [0.9, 0.1], [0.81, 0.01], [[1e-3, 2e-4]], [[1e-5, 4e-6]])
    >>> block = per_pulse.scaled(1e6 / per_pulse.sifted[0])
    >>> block.sifted[0].round(3)
    np.float64(1000000.0)
    """
    mu, probs = np.asarray(intensities, dtype=np.float64), np.asarray(intensity_probs, dtype=np.float64)
    weights = _pulse_weights(probs, sift_probs)
    detections, errors = _by_class(gains, weights), _by_class(error_gains, weights)
    return DecoyCounts(mu, probs, detections, errors, sent=np.asarray(sift_probs, dtype=np.float64))


def expected_photons(
    intensities: ArrayLike,
    intensity_probs: ArrayLike,
    sift_probs: ArrayLike,
    vacuum_yield: ArrayLike,
    single_yield: ArrayLike,
    single_error_yield: ArrayLike,
) -> PhotonCounts:
    """Return the expected detections per pulse that came from pulses of 0 and of 1 photon.

    Parameters
    ----------
    intensities, intensity_probs : array_like, shape (K, ...)
        Mean photon numbers of the Poissonian source, and their probabilities.
    sift_probs : array_like, shape (2, ...)
        Probability that Alice and Bob both choose basis Z, and both X.
    vacuum_yield, single_yield, single_error_yield : array_like, shape (B, ...) with B = 1 or 2
        Y_0, Y_1 and e_1 Y_1; one row for both bases or one for each.

    Returns
    -------
    PhotonCounts

    Examples
    --------
    >>> photons = expected_photons([0.5, 0.0], [0.5, 0.5], [0.5, 0.5], [1e-6], [1e-3], [1e-5])
    >>> photons.single.shape, float(photons.single[0, 1])
    ((2, 2), 0.0)
    """
    mu, probs = np.asarray(intensities, dtype=np.float64), np.asarray(intensity_probs, dtype=np.float64)
    axes = max(mu.ndim, probs.ndim)
    mu, probs = _insert_axes(mu, 1, axes - 1), _insert_axes(probs, 1, axes - 1)
    empty = _pulse_weights(probs * np.exp(-mu), sift_probs)
    one = _pulse_weights(probs * np.exp(-mu) * mu, sift_probs)
    vacuum, single, wrong = (
        np.asarray(rate, dtype=np.float64)[:, None]
        for rate in (vacuum_yield, single_yield, single_error_yield)
    )
    return PhotonCounts(_by_class(vacuum, empty), _by_class(single, one), _by_class(wrong, one))


def _pulse_weights(probs: Floats, sift_probs: ArrayLike) -> Floats:
    """Return the probability of each (basis, intensity) class, shape (2, K, ...)."""
    sift = np.asarray(sift_probs, dtype=np.float64)
    if sift.shape[:1] != (2,):
        raise InvalidInput("sift_probs", f"must begin with axes (2,), but has shape {sift.shape}")
    axes = max(probs.ndim, sift.ndim) - 1
    return _insert_axes(sift, 1, axes)[:, None] * _insert_axes(probs, 1, axes)


def _by_class(rates: ArrayLike, weights: Floats) -> Floats:
    """Return rates (1 or 2, K or 1, ...) times weights (2, K, ...)."""
    rate = np.asarray(rates, dtype=np.float64)
    axes = max(rate.ndim, weights.ndim) - 2
    return _insert_axes(rate, 2, axes) * _insert_axes(weights, 2, axes)


def _insert_axes(array: Floats, leading: int, grid_axes: int) -> Floats:
    """Put axes of length 1 after the leading ones, so that grids of any rank broadcast."""
    missing = grid_axes - (array.ndim - leading)
    return array.reshape(array.shape[:leading] + (1,) * missing + array.shape[leading:])
