"""Photon-number splitting: Eve keeps one photon of every multi-photon pulse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.attack import Attack
from noclone.sampling.pulses import PulseSettings


@dataclass(frozen=True, kw_only=True)
class PhotonNumberSplitting(Attack):
    """Eve counts photons without disturbing them, stores one, and hides in the channel's loss.

    Of an attacked pulse with n >= 2 photons she stores one and forwards n - 1; an empty pulse she
    forwards as it is; a single photon she forwards with a probability s and blocks otherwise. She
    forwards through a channel of her own of transmittance t <= 1 to Bob's unchanged receiver. She
    cannot tell the intensities apart, and chooses t and s once so that the gain of the signal
    intensity stays what it was:

    - if the forwarded multi-photon pulses alone can make up the gain, s = 0 and t is lowered
      until they do;
    - otherwise t = 1 and s is as small as the gain allows;
    - if even t = s = 1 is too little, because the channel has hardly any loss to hide in, she
      does that, and the gain falls.

    The error rate of the signal stays as it was, but for pulses of which Bob detects more than one
    photon. The gains of weaker intensities fall: that is how decoy states expose her (Hwang, PRL
    91, 057901, 2003). The attack is that of Huttner et al., PRA 51, 1863 (1995) and Brassard et
    al., PRL 85, 1330 (2000).

    Examples
    --------
    >>> PhotonNumberSplitting(fraction=0.3).fraction
    0.3
    """

    NAME: ClassVar[str] = "photon-number-splitting"
    DOES: ClassVar[str] = "counts photons, stores one of every multi-photon pulse, blocks single photons"
    RESENDS: ClassVar[str] = (
        "what she did not keep, through a better channel, so that the signal's gain is unchanged"
    )
    LEARNS: ClassVar[str] = (
        "the bit of every attacked multi-photon pulse, measured after the bases are announced"
    )

    def attacked_patterns(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return the patterns of what Eve forwards."""
        transmittance, single_prob = self.plan(model, settings)
        photons = np.arange(settings.photon_probs.shape[1])
        patterns = replace(model, channel_transmittance=transmittance).patterns(
            np.where(photons >= 2, photons - 1, photons),
            settings.sent_basis[:, None],
            settings.sent_bit[:, None],
            settings.measured_basis[:, None],
        )
        patterns[:, 1] = single_prob * patterns[:, 1] + (1 - single_prob) * patterns[:, 0]
        return patterns

    def plan(self, model: DetectionModel, settings: PulseSettings) -> tuple[float, float]:
        """Return Eve's choices: her channel's transmittance t and the probability s.

        Examples
        --------
        >>> from noclone.sampling import photons
        >>> settings = PulseSettings(
        ...     probs=np.array([1.0]), photon_probs=photons.poisson([0.5]), sent_basis=np.array([0]),
        ...     sent_bit=np.array([1]), measured_basis=np.array([0]), signal=np.array([True]))
        >>> for channel_transmittance in (0.01, 0.5):
        ...     t, s = PhotonNumberSplitting().plan(DetectionModel(channel_transmittance, 0.1), settings)
        ...     print(f"{t:.3f} {s:.3f}")
        0.047 0.000
        1.000 0.469
        """
        weights = settings.probs * settings.signal
        photon_probs = weights @ settings.photon_probs / weights.sum()
        photons = np.arange(len(photon_probs))

        def clicks(transmittance: float, arriving: NDArray[np.int64]) -> Floats:
            channel = replace(model, channel_transmittance=transmittance)
            return 1 - channel.patterns(arriving, 0, 0, 0)[..., 0]

        def gain(transmittance: float) -> float:
            forwarded = np.where(photons >= 2, photons - 1, 0)
            return float(photon_probs @ clicks(transmittance, forwarded))

        honest = float(photon_probs @ clicks(float(model.channel_transmittance), photons))
        if gain(1.0) >= honest:
            return float(brentq(lambda transmittance: gain(transmittance) - honest, 0.0, 1.0)), 0.0
        dark, single = clicks(1.0, np.arange(2))
        available = photon_probs[1] * (single - dark)
        return 1.0, min(1.0, (honest - gain(1.0)) / available) if available > 0 else 1.0
