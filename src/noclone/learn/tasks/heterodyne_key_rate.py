"""Key rate of quaternary modulation with heterodyne detection, from what is observed."""

from __future__ import annotations

from noclone.learn.tasks.quaternary_key_rates import task

TASK = task(
    "heterodyne",
    "reproduction, with labels and ranges of our own, of the task of Liu et al., Opt. Express 30, 15024 "
    "(2022) (arXiv:2201.09419), whose data and ranges could not be obtained",
)
