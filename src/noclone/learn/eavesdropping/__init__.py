"""Eve as a circuit that learns: how much it finds out at an error rate that the parties accept."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noclone.learn.eavesdropping.protocol_games import Game as Game
    from noclone.learn.eavesdropping.protocol_games import games as games
    from noclone.learn.eavesdropping.scores import leaderboard_rows as leaderboard_rows
    from noclone.learn.eavesdropping.training import CAVEAT as CAVEAT
    from noclone.learn.eavesdropping.training import LearnedAttack as LearnedAttack
    from noclone.learn.eavesdropping.training import learned_attack as learned_attack
    from noclone.learn.eavesdropping.training import learned_curve as learned_curve

_HOMES = {
    "CAVEAT": "training",
    "Game": "protocol_games",
    "LearnedAttack": "training",
    "games": "protocol_games",
    "leaderboard_rows": "scores",
    "learned_attack": "training",
    "learned_curve": "training",
}

__all__ = ["CAVEAT", "Game", "LearnedAttack", "games", "leaderboard_rows", "learned_attack", "learned_curve"]


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use (PEP 562)."""
    if name in _HOMES:
        thing = getattr(import_module(f"noclone.learn.eavesdropping.{_HOMES[name]}"), name)
        globals()[name] = thing
        return thing
    raise AttributeError(f"module 'noclone.learn.eavesdropping' has no attribute {name!r}")
