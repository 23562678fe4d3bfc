"""All flaws of the devices together, as they travel with the counts that they gave.

Every flaw of a source is priced in one of three places, the same for all bounds. Fluctuating and correlated
intensities widen the probabilities of 0, 1 and more photons (`rates.decoy.photon_weights`). Discrete phases
widen the counts, and with back-reflected light turn the phase error rate (`rates.flaws.pricing`). Pulses of
several photons without decoys are taken out of the counts (the bound tomamichel-2012). Unequal detectors of
the receiver lower what a single photon gives, whatever the bound (`rates.efficiency_mismatch`). What its
detectors remember is not priced by any bound and is an assumption of the key.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.rates.flaws import discrete_phases, quantum_coin, trojan_horse
from noclone.rates.flaws.discrete_phases import Floats
from noclone.rates.security import IDEAL_LASER, IDEAL_SINGLE_PHOTONS, Security

Bools = NDArray[np.bool_]
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Flaws:
    """How devices differ from ideal ones; by default they do not. Numbers or arrays over the grid.

    Parameters
    ----------
    intensity_deviation : array_like
        d: each pulse has an intensity within mu (1 - d) and mu (1 + d), correlations included.
    correlated_deviation : array_like
        How far earlier choices move the intensity of a pulse, relative to it.
    correlation_range : array_like
        Number of later pulses whose intensity a choice affects.
    random_phases : array_like
        Number of phases among which each pulse has a random one; 0 for all phases.
    trojan_photons : array_like
        Mean photons per pulse of Eve's light that leave with Alice's encoding on them.
    multiphoton_prob : array_like
        Upper bound on the probability of more than one photon, for a source without decoys.
    efficiency_mismatch : array_like
        Of the receiver: efficiency of the weaker detector over that of the other.
    dead_time_s, afterpulse_prob : array_like
        Of the receiver: how long a click blinds a detector, and how likely it makes it click again.
    """

    intensity_deviation: ArrayLike = 0.0
    correlated_deviation: ArrayLike = 0.0
    correlation_range: ArrayLike = 1
    random_phases: ArrayLike = 0
    trojan_photons: ArrayLike = 0.0
    multiphoton_prob: ArrayLike = 0.0
    efficiency_mismatch: ArrayLike = 1.0
    dead_time_s: ArrayLike = 0.0
    afterpulse_prob: ArrayLike = 0.0

    @property
    def fluctuating(self) -> Bools:
        """Where intensities are known only to an interval."""
        return np.asarray(self.intensity_deviation) > 0

    @property
    def correlated(self) -> Bools:
        """Where an intensity depends on earlier choices."""
        return np.asarray(self.correlated_deviation) > 0

    @property
    def discrete(self) -> Bools:
        """Where phases are among a finite number."""
        return np.asarray(self.random_phases) > 0

    @property
    def leaking(self) -> Bools:
        """Where the states of the two bases differ in more than their encoding."""
        return self.discrete | (np.asarray(self.trojan_photons) > 0)

    @property
    def tagged(self) -> Bools:
        """Where there are pulses of several photons that decoys do not count."""
        return np.asarray(self.multiphoton_prob) > 0

    @property
    def unequal(self) -> Bools:
        """Where the detectors of the two bits differ in efficiency."""
        return np.not_equal(self.efficiency_mismatch, 1.0)

    @property
    def remembering(self) -> Bools:
        """Where earlier clicks decide what the detectors do."""
        return (np.asarray(self.dead_time_s) > 0) | (np.asarray(self.afterpulse_prob) > 0)

    @property
    def events(self) -> Whole:
        """Failure events that the flaws add to a decoy bound's own, equal parts of eps_sec.

        Where bases leak: the yields of single photons and of empty pulses in both bases, and once more the
        phase error rate, see `rates.flaws.pricing`. Where phases are discrete: the number of pulses behind
        the detections of both bases.
        """
        return np.asarray(5 * self.leaking + 2 * self.discrete)

    def angle(self, intensity: ArrayLike) -> Floats:
        """Return how far apart single photons of the two bases are, at most: arccos of their overlap.

        Parameters
        ----------
        intensity : array_like, shape (...)
            Brightest mean photon number of the source.
        """
        distance = discrete_phases.amplitude_distance(
            discrete_phases.defect(intensity, self.random_phases, 1)
        )
        back = trojan_horse.infidelity(self.trojan_photons)
        return quantum_coin.bures_angle(0.5 * distance * distance) + quantum_coin.bures_angle(back)

    def priced(self, security: Security) -> Security:
        """Return what a bound's key is worth with these flaws, from what it is worth without.

        A grid has one security, with the flaws of any of its points.
        """
        fluctuating, discrete = bool(self.fluctuating.any()), bool(self.discrete.any())
        leaking, tagged = bool(self.leaking.any()), bool(self.tagged.any())
        unequal, remembering = bool(self.unequal.any()), bool(self.remembering.any())
        found = (
            (
                fluctuating,
                "pulses are Poissonian, each with an intensity within the given relative deviation of the "
                "one chosen, whatever the basis, and Eve may know it (Wang et al., PRA 77, 042311, 2008)",
            ),
            (fluctuating and not discrete, "the phase of every pulse is uniformly random"),
            (
                discrete and not fluctuating,
                "pulses are Poissonian and of exactly known intensities",
            ),
            (
                bool(self.correlated.any()),
                "intensities depend on earlier choices of intensity alone, over the given range (model of "
                "Zapatero et al., Quantum 5, 602, 2021; the finite proof is ours, in "
                "rates.flaws.intensity_correlation, and fails with at most 1e-30 more per pulse)",
            ),
            (
                discrete,
                "each pulse has one of a finite number of equally likely phases (Cao et al., New J. Phys. "
                "17, 053014, 2015)",
            ),
            (
                bool(np.any(self.trojan_photons)),
                "light that Eve sends in comes back in a coherent state of at most the given mean photon "
                "number and carries basis and bit but no intensity (Lucamarini et al., PRX 5, 031030, 2015)",
            ),
            (
                leaking,
                "the published analysis of what the bases leak is asymptotic; the finite key adds the "
                "statistics of pulses that Eve attacks alike and one by one",
            ),
            (
                tagged,
                "the share of pulses with more than one photon is at most the described one, all of them "
                "arrive and Eve knows them (Gottesman et al., Quantum Inf. Comput. 4, 325, 2004)",
            ),
            (
                unequal,
                "the two detectors have constant, known efficiencies of the given ratio, the same in both "
                "bases, and at most one photon reaches Bob (Bochkov and Trushechkin, PRA 99, 032308, 2019, "
                "asymptotic; the finite key adds the statistics of the phase error alone)",
            ),
            (
                remembering,
                "no bound covers events that Bob records while one of his two detectors is dead from an "
                "earlier click, nor after-pulses: they are in the key, and their bits are less uncertain to "
                "Eve (Weier et al., New J. Phys. 13, 073024, 2011)",
            ),
        )
        added = tuple(sentence for present, sentence in found if present)
        if not added:
            return security
        untrue = {IDEAL_LASER: fluctuating or discrete, IDEAL_SINGLE_PHOTONS: tagged}
        kept = tuple(text for text in security.assumptions if not untrue.get(text, False))
        weaker = (leaking or unequal or remembering) and security.attacks == "coherent"
        return dataclasses.replace(
            security, attacks="collective" if weaker else security.attacks, assumptions=added + kept
        )

    def refused(self, bound: str) -> None:
        """Raise `InvalidInput` for a bound that takes photon statistics and states as exactly known."""
        if (self.fluctuating | self.leaking).any():
            raise InvalidInput("bound", f"{bound} takes the source as exactly known, but it has flaws")


IDEAL = Flaws()
"""No flaw."""
