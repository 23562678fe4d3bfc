"""The rotation that turns equally spaced phases into each other, found without being declared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.proofs.problem import key_operators
from noclone.proofs.reduced import svec
from noclone.proofs.reduction.form import EXACT
from noclone.proofs.reduction.invariance import matched, outside
from noclone.protocols.declaration import Declaration, Signal, Symmetry

Array = NDArray[Any]


def cyclic(declared: Declaration) -> tuple[Symmetry, ...]:
    """Return the symmetry that takes each signal to the next and gives Bob's state n the phase 2 pi n / M.

    It is found where the signals, in their order, have equal probabilities and overlaps that depend on their
    distance alone (phase-shift keying), and where outcomes, moments and the rule for the key turn into
    themselves; else nothing is.

    Parameters
    ----------
    declared : Declaration
        Bob's basis are photon numbers, from 0.

    Examples
    --------
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> cyclic(bb84_declaration(0.5))
    ()
    >>> from noclone.proofs.library.phase_shift_keying import PhaseShiftKeying
    >>> found = cyclic(PhaseShiftKeying(amplitude=0.5, cutoff=3).declared)
    >>> len(found), found[0].bob.diagonal().round(12).tolist()
    (1, [(1+0j), 1j, (-1+0j), (-0-1j)])
    """
    signals = [signal for signal in declared.signals.values() if isinstance(signal, Signal)]
    count = len(signals)
    if count < 2 or count < len(declared.signals) or np.ptp([signal.prob for signal in signals]) > EXACT:
        return ()
    states = np.array([signal.state for signal in signals], complex)
    overlaps = states.conj() @ states.T
    if np.abs(overlaps - np.roll(overlaps, (1, 1), (0, 1))).max() > EXACT:
        return ()
    left, _, right = np.linalg.svd(np.linalg.pinv(states) @ np.roll(states, -1, axis=0))
    step = (left @ right).T
    for sign in (1, -1):
        phases = sign * 2j * np.pi / count * np.arange(declared.dimensions[1])
        symmetry = Symmetry(step.conj(), np.diag(np.exp(phases)))
        if _maps(declared, symmetry):
            return (symmetry,)
    return ()


def _maps(declared: Declaration, symmetry: Symmetry) -> bool:
    bob = symmetry.bob
    elements = [outcome.element for outcome in declared.outcomes.values()]
    if matched([bob @ each @ bob.conj().T for each in elements], elements) is None:
        return False
    means = np.array([*declared.moments.values(), np.eye(len(bob))], complex)
    means /= np.linalg.norm(means, axis=(1, 2))[:, None, None]
    vectors, images = svec(means, real=False), svec(bob @ means @ bob.conj().T, real=False)
    if outside(vectors, np.zeros(len(vectors)), images)[0].max() > EXACT:
        return False
    both = np.kron(symmetry.alice, bob)
    symbols = [np.array(group) for group in key_operators(declared)]
    for terms in ([each.sum(axis=0) for each in symbols], [each for group in symbols for each in group]):
        if matched([both @ each @ both.conj().T for each in terms], terms) is None:
            return False
    return True
