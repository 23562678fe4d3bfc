"""What this package gives for the rows of Raman noise and of the downlink of Micius."""

import numpy as np
from scipy.optimize import brentq

from noclone.link.fibre import Fibre
from noclone.link.gains import poissonian
from noclone.link.receivers import ThresholdDetectors


def raman(p, **power):
    fibre = Fibre(
        length_km=p["L_km"],
        attenuation_db_per_km=p["alpha"],
        raman_per_km_nm=p["beta_per_km_nm"],
        filter_nm=p["dlambda_nm"],
        wavelength_nm=p["lam_nm"],
        **power,
    )
    return fibre.noise_photons_per_s()


def micius_loss_db(p):
    """The loss from source to click at which the sifted rate is 1 kbit/s, without dark counts."""
    bob = ThresholdDetectors(efficiency=1.0)
    intensities, probs = np.array(p["mu"], float), np.array(p["p"], float)

    def sifted(loss_db):
        gains = poissonian(bob, intensities, probs, 10 ** (-loss_db / 10), p["clock"])
        return p["clock"] * p["sift"] * float(probs @ gains.click)

    return brentq(lambda loss_db: sifted(loss_db) - 1000, 20, 60, xtol=1e-12)


EVALUATORS = {
    ("Raman noise forward", "photons/s at fibre end"): lambda p: raman(p, forward_power_mw=p["P_in_mW"]),
    ("Raman noise backward", "photons/s at fibre end"): lambda p: raman(p, backward_power_mw=p["P_in_mW"]),
    ("Micius downlink 1200 km", "loss dB implied by ~1 kbit/s sifted"): micius_loss_db,
}
