"""What a number is worth: against which attacks, in which regime, on which assumptions."""

from dataclasses import dataclass
from typing import Literal

Attacks = Literal["coherent", "collective", "individual", "none"]
Regime = Literal["asymptotic", "finite"]

IDEAL_LASER = "the source emits phase-randomised Poissonian pulses of exactly known intensities"
"""What decoy bounds assume of a source without flaws."""
IDEAL_SINGLE_PHOTONS = "every pulse holds exactly one photon"
"""What bounds for single photons assume of a source without flaws."""


@dataclass(frozen=True)
class Security:
    """The security statement that goes with a key rate or a key length.

    Parameters
    ----------
    attacks : {"coherent", "collective", "individual", "none"}
        The widest class of attacks that the proof covers; "none" means that no security is claimed.
    regime : {"asymptotic", "finite"}
        Whether the number holds for a finite block or only in the limit of infinitely many pulses.
    assumptions : tuple of str
        What must be true beyond quantum mechanics, one sentence each; weaknesses of the proof included.
    source : str
        The paper that proves it.
    eps_sec, eps_cor : float, optional
        Secrecy and correctness failure probabilities of a finite key; None in the asymptotic regime.

    Examples
    --------
    >>> Security("coherent", "finite", ("phases are uniformly random",), "Lim 2014", eps_sec=1e-9).regime
    'finite'
    """

    attacks: Attacks
    regime: Regime
    assumptions: tuple[str, ...]
    source: str
    eps_sec: float | None = None
    eps_cor: float | None = None
