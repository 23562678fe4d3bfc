"""`sample`: rounds of any protocol, played one by one, beside what its statistics expect."""

from __future__ import annotations

from noclone.core.errors import InvalidInput
from noclone.core.seeds import stream
from noclone.protocols.agreement import Comparison, compare
from noclone.protocols.round_attack import RoundAttack
from noclone.setup import Setup

MOST_ROUNDS = 10**9


def sample(
    setup: Setup, rounds: float = 10**6, *, attack: RoundAttack | None = None, seed: int = 1
) -> list[Comparison]:
    """Play rounds of a setup and return each of its statistics as seen and as expected without Eve.

    Parameters
    ----------
    setup : Setup
        Any protocol; `noclone.simulate` gives the records of one that can be distilled.
    rounds : float
        Rounds to play, a whole number.
    attack : RoundAttack, optional
        What Eve does in them.
    seed : int
        The same seed gives the same counts.

    Raises
    ------
    InvalidInput
        If `rounds` is not a whole number from 1 to 1e9, or the attack does not act on this protocol.

    Examples
    --------
    >>> import noclone as nc
    >>> rows = sample(nc.load("decoy-bb84"), 1e5)
    >>> rows[0].name, bool(rows[0].p_value > 1e-3)
    ('click', True)
    """
    number = isinstance(rounds, (int, float)) and not isinstance(rounds, bool)
    if not number or not 1 <= rounds <= MOST_ROUNDS or rounds != int(rounds):
        raise InvalidInput("rounds", f"must be a whole number from 1 to {MOST_ROUNDS:g}, but is {rounds!r}")
    protocol, link, rng = setup.protocol, setup.link, stream(seed, "sample")
    if attack is None:
        seen = protocol.sample(link, int(rounds), rng)
    else:
        attack.check_setup(protocol, link)
        seen = attack.sample(protocol, link, int(rounds), rng)
    return compare(protocol.statistics(link), seen, int(rounds))
