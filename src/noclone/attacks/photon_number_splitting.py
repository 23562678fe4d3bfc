"""Photon-number splitting: Eve keeps one photon of every multi-photon pulse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.fields import choice
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import (
    ChannelAttack,
    as_parameter,
    no_photon,
    photon_numbers,
    share_needed,
    signal_gain,
    signal_photon_probs,
)
from noclone.sampling.pulses import PulseSettings


@dataclass(frozen=True, kw_only=True)
class PhotonNumberSplitting(ChannelAttack):
    """Eve counts photons without disturbing them, stores some, and hides in the channel's loss.

    Of an attacked pulse of two or more photons she forwards one, or with a probability r all but one, and
    stores the others. An empty pulse she forwards as it is; a single photon she forwards with a probability
    s and blocks otherwise. She forwards through a channel of her own of transmittance t <= 1 to Bob's
    unchanged receiver. She cannot tell the intensities apart, and chooses t, r and s once, forwarding as
    little as keeps the gain of the signal intensity what it was:

    - if one photon of each multi-photon pulse can make up the gain, r = s = 0 and t is lowered
      until it does;
    - otherwise t = 1, and r is as small as the gain allows;
    - if r = 1 is not enough either, s is as small as the gain allows;
    - if even t = r = s = 1 is too little, because the channel has hardly any loss to hide in, she
      does that, and the gain falls.

    With ``gain="lost"`` she does not hide: r = s = 0, and t is that of the honest channel.

    The error rate of the signal stays as it was, but for pulses of which Bob would have detected more than
    one photon. The gains of weaker intensities fall: that is how decoy states expose her (Hwang, PRL
    91, 057901, 2003). The attack is that of Huttner et al., PRA 51, 1863 (1995) and Brassard et
    al., PRL 85, 1330 (2000).

    Examples
    --------
    >>> PhotonNumberSplitting(fraction=0.3).fraction
    0.3
    """

    NAME: ClassVar[str] = "photon-number-splitting"
    DOES: ClassVar[str] = (
        "counts photons, stores all but one of every multi-photon pulse, blocks single photons"
    )
    RESENDS: ClassVar[str] = "what she did not keep, by default so that the signal's gain is unchanged"
    LEARNS: ClassVar[str] = (
        "the bit of every attacked multi-photon pulse, measured after the bases are announced"
    )
    CHANGES: ClassVar[str] = "the gains of weaker intensities fall; the error rate stays"
    SOURCE: ClassVar[str] = (
        "Huttner, Imoto, Gisin and Mor, PRA 51, 1863 (1995); Brassard, Lütkenhaus, Mor and Sanders, "
        "PRL 85, 1330 (2000); Hwang, PRL 91, 057901 (2003)"
    )

    gain: str = choice("what becomes of the signal's gain", "kept", ("kept", "lost"))

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the patterns of what Eve forwards, apart by whether she knows the bit and by the bit."""
        transmittance, *probs = self.plan(model, settings)
        rest_prob, single_prob = (each[..., None] for each in probs)
        photons = photon_numbers(settings)
        own = replace(model, channel_transmittance=transmittance)
        choices = [
            each[:, None] for each in (settings.sent_basis, settings.sent_bit, settings.measured_basis)
        ]
        empty, one = no_photon(model, settings), own.patterns(1, *choices)
        rest = own.patterns(np.maximum(photons[:, 0] - 1, 1), *choices)
        single = single_prob * one + (1 - single_prob) * empty
        many = rest_prob * rest + (1 - rest_prob) * one
        unknown = np.where(photons == 0, empty, np.where(photons == 1, single, 0.0))
        stored = [(photons >= 2) & (settings.sent_bit == bit)[:, None, None] for bit in (0, 1)]
        return [unknown, *(np.where(each, many, 0.0) for each in stored)]

    def plan(self, model: DetectionModel, settings: PulseSettings) -> tuple[Floats, Floats, Floats]:
        """Return Eve's choices: her channel's transmittance t and the probabilities r and s.

        Returns
        -------
        t, r, s : arrays, shape (..., 1, 1) for a model of this shape, and () for a scalar one

        Examples
        --------
        >>> from noclone.sampling import photons
        >>> settings = PulseSettings(
        ...     probs=np.array([1.0]), photon_probs=photons.poisson([0.5]), sent_basis=np.array([0]),
        ...     sent_bit=np.array([1]), measured_basis=np.array([0]), signal=np.array([True]))
        >>> for channel_transmittance in (0.01, 0.2, 0.5):
        ...     t, r, s = PhotonNumberSplitting().plan(DetectionModel(channel_transmittance, 0.1), settings)
        ...     print(f"{t:.3f} {r:.3f} {s:.3f}")
        0.055 0.000 0.000
        1.000 0.641 0.000
        1.000 1.000 0.469
        """
        photons = np.arange(settings.photon_probs.shape[1])
        dark = signal_gain(model, settings, 0 * photons)
        missing = signal_gain(model, settings, photons) - dark
        own = as_parameter(model.channel_transmittance)
        if self.gain == "lost":
            return np.broadcast_to(own, missing.shape), np.zeros(missing.shape), np.zeros(missing.shape)
        lossless = replace(model, channel_transmittance=1.0)
        probs = signal_photon_probs(settings)
        click = signal_gain(lossless, settings, photons**0) - dark
        least = probs[2:].sum() * click
        most = signal_gain(lossless, settings, np.where(photons >= 2, photons - 1, 0)) - dark
        # One photon clicks with a probability that is linear in the transmittance.
        return (
            share_needed(missing, least),
            share_needed(missing - least, most - least),
            share_needed(missing - most, probs[1] * click),
        )
