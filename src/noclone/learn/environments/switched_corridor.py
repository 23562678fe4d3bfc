"""A corridor where left and right change places in some of its rooms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.extras import need

need("gymnasium")  # one sentence with the command where it is absent

import gymnasium  # noqa: E402

LEFT, RIGHT = 0, 1


class SwitchedCorridor(gymnasium.Env[np.int64, np.int64]):
    """Rooms in a row; from the first one the agent shall leave beyond the last, at a cost of 1 per step.

    Going left in the first room goes nowhere. In switched rooms, left goes right and right goes left. With
    the default rooms the best action depends on the exclusive or of the two bits of the room's number, which
    no policy linear in these bits can hold. After R. S. Sutton and A. G. Barto, "Reinforcement Learning"
    (2nd ed., 2018), example 13.1, where the rooms look alike; here the agent sees the room's number.

    Parameters
    ----------
    rooms : int
    switched : tuple of int
    max_steps : int
        The episode is cut off after so many.

    Examples
    --------
    >>> corridor = SwitchedCorridor()
    >>> corridor.reset(seed=0)[0], corridor.step(RIGHT)[:3]
    (0, (1, -1.0, False))
    """

    def __init__(self, rooms: int = 4, switched: tuple[int, ...] = (1, 2), max_steps: int = 100) -> None:
        if rooms < 1 or not set(switched) <= set(range(rooms)):
            raise InvalidInput("switched", f"must be rooms from 0 to {rooms - 1}, but is {switched}")
        self.rooms, self.switched, self.max_steps = rooms, switched, max_steps
        self.observation_space = gymnasium.spaces.Discrete(rooms)
        self.action_space = gymnasium.spaces.Discrete(2)

    def _next(self, room: int, action: int) -> int:
        """Return the next room; `rooms` means that the agent has left."""
        ahead = (action == RIGHT) != (room in self.switched)
        return room + 1 if ahead else max(room - 1, 0)

    def model(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return transitions (rooms, 2, rooms) and rewards (rooms, 2), as `value_iteration` takes them."""
        transitions = np.zeros((self.rooms, 2, self.rooms))
        for room in range(self.rooms):
            for action in (LEFT, RIGHT):
                after = self._next(room, action)
                if after < self.rooms:
                    transitions[room, action, after] = 1.0
        return transitions, np.full((self.rooms, 2), -1.0)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict]:
        """Go to the first room."""
        super().reset(seed=seed, options=options)
        self._room, self._steps = 0, 0
        return self._room, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict]:
        """Go one step; return room, reward, whether left, whether cut off, and nothing more."""
        self._room, self._steps = self._next(self._room, int(action)), self._steps + 1
        left = self._room == self.rooms
        return min(self._room, self.rooms - 1), -1.0, left, not left and self._steps >= self.max_steps, {}
