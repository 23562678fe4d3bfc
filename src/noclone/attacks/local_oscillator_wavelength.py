"""Local-oscillator wavelength: light of other colours fakes the shot noise that Bob monitors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import number
from noclone.protocols.symbol_attack import (
    Floats,
    SymbolAttack,
    check_travelling_oscillator,
    resent_information,
)
from noclone.sampling.symbols import SymbolModel


@dataclass(frozen=True, kw_only=True)
class LocalOscillatorWavelength(SymbolAttack):
    """Eve resends every symbol, lowers the shot noise, and fakes it with light of other colours.

    Light of two other wavelengths enters both inputs of the receiver, n photons each, and is divided with
    opposite imbalance, so that it cancels in readings without attenuation. Behind Bob's attenuator of ratio
    r in front of one input, (r - 1) D remains, with a sign that she changes at random: the monitor sees (1 -
    r)^2 D^2 more variance. She lowers the real shot noise by the oscillator's shape (as in the calibration
    attack), amplifies the states she resends by as much, and chooses D so that the variances at both of
    Bob's ratios are those of the untouched link. All means and variances are then normal. What is left is
    the form of the attenuated readings, two displaced Gaussians, whose kurtosis is negative, and that a
    third ratio would not lie on the line of the first two.

    The published coefficients of the light's own shot noise, 35.81 + 35.47 r^2 per unit of D, are inverse
    imbalances if D counts photoelectrons (1 / 0.0279); the noise here is that of the photons, linear in r.

    Examples
    --------
    >>> honest, attacked = SymbolModel(), LocalOscillatorWavelength().attacked(SymbolModel())
    >>> for ratio in (1.0, 0.001):
    ...     variances = [model.reading(ratio).moments().variance for model in (honest, attacked)]
    ...     print(*np.round(variances, 6))
    1.012881 1.012881
    0.404609 0.404609
    """

    NAME: ClassVar[str] = "local-oscillator-wavelength"
    DOES: ClassVar[str] = "measures both quadratures of every symbol, and reshapes the oscillator's pulses"
    RESENDS: ClassVar[str] = "amplified coherent states as measured, and light of two other wavelengths"
    LEARNS: ClassVar[str] = "Bob's readings, up to the noise of his detector"
    CHANGES: ClassVar[str] = "no mean or variance; the kurtosis of attenuated readings falls"
    BREAKS: ClassVar[str] = "only the oscillator's mode adds to the readings"
    SOURCE: ClassVar[str] = (
        "Huang, Kunz-Jacques, Jouguet et al., PRA 89, 032304 (2014); the amplitudes are solved for here"
    )

    imbalance: float = number(
        "1 - 2 t of Bob's beam splitter for her light", 0.028, low=0, high=1, low_open=True
    )

    @property
    def injected_light(self) -> Mapping[str, float]:
        """Of both colours at both inputs, on the link that is a `SymbolModel` by default."""
        link = self.attacked(SymbolModel())
        return {"bob": float(link.foreign_signal_photons + link.foreign_oscillator_photons)}

    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link with resent symbols, a lower shot noise and foreign light.

        Raises
        ------
        InvalidInput
            If the noise of resending, 2 eta T, is not less than the shot noise, so that nothing hides it.
        """
        check_travelling_oscillator(model, self.NAME)
        added = 2 * np.asarray(model.gain, float)
        if np.any(added >= 1):
            raise InvalidInput(
                f"attack {self.NAME}",
                f"needs an efficiency times transmittance below 0.5, but it is {np.max(added) / 2:.3g}",
            )
        photons_share = self._photons_share(model, added)
        kept = (1 - added) / (1 + 2 * photons_share)
        photons = photons_share * model.oscillator_photons
        return replace(
            model,
            resent=np.ones_like(np.asarray(model.resent, float))[()],
            shot_noise_v2=model.shot_noise_v2 * kept,
            transmittance=model.transmittance / kept,
            foreign_signal_photons=photons,
            foreign_oscillator_photons=photons,
            foreign_imbalance=self.imbalance,
            foreign_fluctuation=0.0,
            foreign_alternates=1.0,
        )

    def _photons_share(self, model: SymbolModel, added: Floats) -> Floats:
        """Return the foreign photons per input and photon of the oscillator.

        With u for it and N0' = N0 kept, the variance without attenuation stays if kept (1 + 2 u) = 1 - e, e =
        2 eta T, and the one at the ratio r if kept (1 + (1 + r) u + c u^2) = 1 - r e, where c u^2 is the
        displacement (1 - r)^2 D^2 in units of N0': a quadratic equation with one positive root.
        """
        ratio = model.monitor_ratio
        square = (1 - ratio) ** 2 * self.imbalance**2 * model.efficiency * model.oscillator_photons
        a = (1 - added) * square
        b = (1 - added) * (1 + ratio) - 2 * (1 - ratio * added)
        c = -added * (1 - ratio)
        return np.asarray((-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a))

    def information(self, model: SymbolModel) -> Floats:
        """Return what her outcomes tell of the readings."""
        return resent_information(self.attacked(model))
