"""The physics of one pulse as a table: P(click pattern | setting, photon number).

Pulses are independent until the detectors' memory couples them, so this table, the photon
statistics and the probabilities of the settings say everything that a simulation needs. An attack
is another table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.link.detection import DetectionModel

_MOST_SETTINGS = 256  # settings are sampled as bytes
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class PulseSettings:
    """Everything that Alice and Bob choose for one pulse, numbered j = 0 to J - 1.

    Parameters
    ----------
    probs : array, shape (J,)
        Probability of each setting; sums to 1.
    photon_probs : array, shape (J, N)
        Photon statistics of what Alice sends in each setting; rows sum to 1.
    sent_basis, sent_bit, measured_basis : arrays of int, shape (J,)
        What Alice encodes and how Bob measures, 0 or 1.
    signal : array of bool, shape (J,)
        Settings of the signal intensity, the one whose gain everybody watches.

    Raises
    ------
    InvalidInput
        If shapes differ, probabilities do not sum to 1, or there are more than 256 settings.

    Examples
    --------
    BB84 with two intensities; j runs over intensity, Alice's basis, her bit and Bob's basis, the
    last fastest:

    >>> from noclone.sampling import photons
    >>> intensity, sent_basis, sent_bit, measured_basis = np.indices((2, 2, 2, 2)).reshape(4, -1)
    >>> basis = np.array([0.9, 0.1])
    >>> settings = PulseSettings(
    ...     probs=np.array([0.7, 0.3])[intensity] * basis[sent_basis] * 0.5 * basis[measured_basis],
    ...     photon_probs=photons.poisson([0.5, 0.1])[intensity],
    ...     sent_basis=sent_basis,
    ...     sent_bit=sent_bit,
    ...     measured_basis=measured_basis,
    ...     signal=intensity == 0,
    ... )
    >>> len(settings.probs)
    16
    """

    probs: NDArray[np.float64]
    photon_probs: NDArray[np.float64]
    sent_basis: NDArray[np.integer]
    sent_bit: NDArray[np.integer]
    measured_basis: NDArray[np.integer]
    signal: NDArray[np.bool_]

    def __post_init__(self) -> None:
        count = len(self.probs)
        if not 1 <= count <= _MOST_SETTINGS:
            raise InvalidInput("probs", f"must have 1 to {_MOST_SETTINGS} settings, but has {count}")
        for name in ("photon_probs", "sent_basis", "sent_bit", "measured_basis", "signal"):
            if len(getattr(self, name)) != count:
                raise InvalidInput(name, f"must have one row for each of {count} settings")
        _check_distribution("probs", self.probs)
        _check_distribution("photon_probs", self.photon_probs)


@dataclass(frozen=True, eq=False)
class PulseTable:
    """What one pulse does at ready detectors: the input of `clicks.sample`.

    Parameters
    ----------
    settings : PulseSettings
        The J settings and their photon statistics.
    patterns : array, shape (J, N, 4)
        Probability of each click pattern, given the setting and the number of photons that
        Alice sent; patterns as in `noclone.link.detection`.

    Raises
    ------
    InvalidInput
        If the shape is wrong or the patterns of some setting and photon number do not sum to 1.
    """

    settings: PulseSettings
    patterns: NDArray[np.float64]

    def __post_init__(self) -> None:
        expected = (*self.settings.photon_probs.shape, 4)
        if self.patterns.shape != expected:
            raise InvalidInput("patterns", f"must have the shape {expected}, but has {self.patterns.shape}")
        _check_distribution("patterns", self.patterns)

    def by_setting(self) -> NDArray[np.float64]:
        """Return P(pattern | setting), shape (J, 4), averaged over photon numbers."""
        return np.asarray(np.einsum("jn,jnk->jk", self.settings.photon_probs, self.patterns))


def honest_table(model: DetectionModel, settings: PulseSettings) -> PulseTable:
    """Return the table of a link without an eavesdropper.

    Parameters
    ----------
    model : DetectionModel
        Channel and receiver, with scalar parameters.
    settings : PulseSettings
        What Alice and Bob choose.

    Examples
    --------
    >>> from noclone.sampling import photons
    >>> settings = PulseSettings(
    ...     probs=np.array([1.0]), photon_probs=photons.single()[None], sent_basis=np.array([0]),
    ...     sent_bit=np.array([1]), measured_basis=np.array([0]), signal=np.array([True]))
    >>> honest_table(DetectionModel(0.5, 0.2, misalignment=0.01), settings).by_setting().round(3).tolist()
    [[0.9, 0.001, 0.099, 0.0]]
    """
    return PulseTable(settings, honest_patterns(model, settings))


def honest_patterns(model: DetectionModel, settings: PulseSettings) -> NDArray[np.float64]:
    """Return P(pattern | setting, photons sent by Alice) without an eavesdropper, shape (..., J, N, 4).

    Leading axes are those of the model's parameters, which then have shape (..., 1, 1).
    """
    return model.patterns(
        np.arange(settings.photon_probs.shape[1]),
        settings.sent_basis[:, None],
        settings.sent_bit[:, None],
        settings.measured_basis[:, None],
    )


def _check_distribution(name: str, probs: NDArray[np.float64]) -> None:
    sums = probs.sum(axis=-1)
    if not (np.all(probs >= 0) and np.all(np.abs(sums - 1) <= _ROUNDING)):
        raise InvalidInput(name, "must be probabilities that sum to 1")
