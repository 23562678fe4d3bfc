"""Attacks on the channel: what Bob's detectors do, together with what Eve finds.

One description gives both the table of what pulses do and what Eve learns, so that the two cannot disagree.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from noclone.link.detection import DetectionModel, Floats, Parameter
from noclone.protocols.pulse_attack import PulseAttack
from noclone.sampling.pulses import PulseSettings


@dataclass(frozen=True, kw_only=True)
class ChannelAttack(PulseAttack):
    """Eve between Alice and Bob, who has a finding in the end, when she knows the bases."""

    @abstractmethod
    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return P(finding, pattern | setting, photons sent by Alice) of attacked pulses.

        Returns
        -------
        list of arrays, one per finding
            Of shapes that broadcast to (..., J, N, 4), N being that of `attacked_settings`; their sum over
            findings is a distribution.
        """

    def attacked_patterns(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return the sum over what Eve finds."""
        total = np.asarray(sum(self.outcomes(model, settings)))
        numbers = self.attacked_settings(settings).photon_probs.shape
        return np.broadcast_to(total, (*_leading_axes(model), *numbers, 4))

    def information(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return the mutual information of Alice's sifted bit and Eve's finding, in bits."""
        photon_probs = self.attacked_settings(settings).photon_probs
        clicks = [
            np.sum(photon_probs * each[..., 1:].sum(axis=-1), axis=-1)
            for each in self.outcomes(model, settings)
        ]
        found = sifted_information(settings, np.stack(np.broadcast_arrays(*clicks), axis=-1))
        return np.broadcast_to(found, _leading_axes(model))


def _leading_axes(model: DetectionModel) -> tuple[int, ...]:
    return np.broadcast_shapes(*(np.shape(getattr(model, field.name)) for field in fields(model)))[:-2]


def sifted_information(settings: PulseSettings, clicks: Floats) -> Floats:
    """Return what Eve's findings say of the sifted bits of the signal intensity, in bits per bit.

    Parameters
    ----------
    settings : PulseSettings
    clicks : array, shape (..., J, E)
        P(Bob detects something and Eve finds e | setting).

    Returns
    -------
    array, shape (...)
        Mutual information of Alice's bit and Eve's finding, both bases known to her, averaged over sifted
        events of both bases as they come; 0 where there are none.

    Examples
    --------
    Eve knows the bit of half of the events:

    >>> settings = PulseSettings(
    ...     probs=np.array([0.5, 0.5]), photon_probs=np.array([[0.0, 1.0]] * 2), sent_basis=np.array([0, 0]),
    ...     sent_bit=np.array([0, 1]), measured_basis=np.array([0, 0]), signal=np.array([True, True]))
    >>> float(sifted_information(settings, np.array([[0.01, 0.01, 0.0], [0.01, 0.0, 0.01]])))
    0.5
    """
    sifted = settings.signal & (settings.sent_basis == settings.measured_basis)
    known = 2 * settings.sent_basis + settings.sent_bit
    to_known = np.where(known == np.arange(4)[:, None], settings.probs * sifted, 0.0)
    events = np.einsum("kj,...je->...ke", to_known, clicks)
    events = events.reshape(*events.shape[:-2], 2, 2, -1)  # axes: basis, Alice's bit, finding
    total = events.sum(axis=(-3, -2, -1), keepdims=True)
    probs = np.divide(events, total, out=np.zeros_like(events), where=total > 0)

    def entropy(summed: tuple[int, ...]) -> Floats:
        kept = probs.sum(axis=summed, keepdims=True)
        return np.asarray(entr(kept).sum(axis=(-3, -2, -1)) / np.log(2))

    information = entropy((-1,)) + entropy((-2,)) - entropy(()) - entropy((-2, -1))
    return np.maximum(information, 0.0)


def no_photon(model: DetectionModel, settings: PulseSettings) -> Floats:
    """Return the patterns of an empty pulse, shape (..., J, 1, 4); Alice's choices do not matter."""
    return model.patterns(0, 0, 0, settings.measured_basis[:, None])


def one_photon(model: DetectionModel, settings: PulseSettings) -> tuple[Floats, Floats]:
    """Return the patterns of a photon that shows bit 0 in Bob's basis, and bit 1, each shape (..., J, 1, 4).

    Any state of one photon is as good as a mixture of the two, for what Bob sees.
    """
    basis = settings.measured_basis[:, None]
    return model.patterns(1, basis, 0, basis), model.patterns(1, basis, 1, basis)


def photon_numbers(settings: PulseSettings) -> NDArray[np.int64]:
    """Return the numbers of photons that Alice may send, shape (N, 1): an axis before that of patterns."""
    return np.arange(settings.photon_probs.shape[1])[:, None]


def with_efficiencies(model: DetectionModel, share_0: float, share_1: float) -> DetectionModel:
    """Return a receiver whose detectors keep these shares, above 0, of their efficiencies.

    Examples
    --------
    >>> model = with_efficiencies(DetectionModel(0.1, 0.2), 0.5, 1.0)
    >>> model.efficiency, model.efficiency_mismatch
    (0.1, 2.0)
    """
    return replace(
        model,
        efficiency=model.efficiency * share_0,
        efficiency_mismatch=model.efficiency_mismatch * (share_1 / share_0),
    )


def signal_photon_probs(settings: PulseSettings) -> Floats:
    """Return P(photons | signal intensity), shape (N,)."""
    weights = settings.probs * settings.signal
    return np.asarray(weights @ settings.photon_probs / weights.sum())


def signal_gain(model: DetectionModel, settings: PulseSettings, arriving: NDArray[np.integer]) -> Floats:
    """Return the probability that Bob detects something of a signal pulse in the basis sent.

    Parameters
    ----------
    model, settings
    arriving : array of int, shape (N,)
        How many photons enter the model's channel, for each number that Alice may send.

    Returns
    -------
    array, shape (..., 1, 1) for a model of this shape, and () for a scalar one
        The mean over Alice's bit.
    """
    clicks = 1 - model.patterns(arriving, 0, np.array([[0], [1]]), 0)[..., 0]
    each = np.sum(signal_photon_probs(settings) * clicks, axis=-1, keepdims=True)
    return as_parameter(each.mean(axis=-2, keepdims=True))


def share_needed(missing: Floats, most: Floats) -> Floats:
    """Return the share, at most 1, of what Eve can give at most that makes up for what is missing.

    Examples
    --------
    >>> share_needed(np.array([0.01, 0.03, 0.0]), np.array([0.02, 0.02, 0.0])).tolist()
    [0.5, 1.0, 0.0]
    """
    share = np.divide(missing, most, out=np.ones(np.shape(missing)), where=np.asarray(most) > 0)
    return np.where(np.asarray(missing) > 0, np.clip(share, 0.0, 1.0), 0.0)


def as_parameter(values: Parameter) -> Floats:
    """Return a model's parameter as it is, shape (..., 1, 1), or () where it has no leading axes."""
    array = np.asarray(values, float)
    return array if array.ndim > 2 else array.reshape(())
