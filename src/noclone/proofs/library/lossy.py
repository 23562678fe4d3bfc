"""A receiver that may see nothing: a qubit or a vacuum, and the pulses without a click are announced."""

from __future__ import annotations

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.proofs.library.channels import Array, Channel
from noclone.proofs.library.one_more_state import with_one_more_state
from noclone.protocols.declaration import Declaration

NO_CLICK = "no click"
"""The outcome that a lossy receiver has besides, and what Bob says of it."""


def with_loss(declared: Declaration) -> Declaration:
    """Return a protocol whose signals may get lost: Bob's space gains a vacuum, which never clicks.

    Detectors are equally efficient, so that their loss is a part of the channel.

    Parameters
    ----------
    declared : Declaration
        With the measurement of a photon that arrives.

    Raises
    ------
    InvalidInput
        If the protocol has an outcome of the name "no click" already.

    Examples
    --------
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> lossy = with_loss(bb84_declaration(0.5))
    >>> lossy.dimensions, list(lossy.outcomes)[-1]
    ((2, 3), 'no click')
    >>> kept, wrong = lossy.kept_and_wrong(loss(0.1))
    >>> round(kept, 12), round(wrong, 12)
    (0.05, 0.0)
    """
    return with_one_more_state(declared, NO_CLICK)


def loss(transmittance: float, dark_count_prob: float = 0.0, before: Channel | None = None) -> Channel:
    """Return the channel of a lossy link: from a photon's density matrix to that of photon and vacuum.

    Parameters
    ----------
    transmittance : float
        Probability that the photon triggers a detector.
    dark_count_prob : float
        Of each of the d detectors, per signal. A dark count where the photon is lost is a completely mixed
        photon, and so is one beside the photon, for Bob draws his result at random where several detectors
        click.
    before : Channel, optional
        What happens to the photon besides.

    Raises
    ------
    InvalidInput
        If a probability is none.

    Examples
    --------
    >>> loss(0.5, 0.1)(np.diag([1.0, 0.0])).round(4).real.tolist()
    [[0.5225, 0.0, 0.0], [0.0, 0.0725, 0.0], [0.0, 0.0, 0.405]]
    """
    for name, prob in (("transmittance", transmittance), ("dark_count_prob", dark_count_prob)):
        if not 0 <= prob <= 1:
            raise InvalidInput(name, f"must lie in [0, 1], but is {prob}")

    def channel(state: Array) -> Array:
        photon = np.asarray(state if before is None else before(state), complex)
        size = len(photon)
        trace = np.trace(photon)
        beside = 1 - (1 - dark_count_prob) ** (size - 1)
        instead = 1 - (1 - dark_count_prob) ** size
        arrived = np.zeros((size + 1, size + 1), complex)
        arrived[:size, :size] = transmittance * (1 - beside) * photon
        noise = transmittance * beside + (1 - transmittance) * instead
        arrived[:size, :size] += noise * trace * np.eye(size) / size
        arrived[size, size] = (1 - transmittance) * (1 - instead) * trace
        return arrived

    return channel
