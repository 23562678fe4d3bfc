"""Key rate of quaternary modulation with homodyne detection, from what is observed."""

from __future__ import annotations

from noclone.learn.tasks.quaternary_key_rates import task

TASK = task(
    "homodyne",
    "reproduction, with labels and ranges of our own, of the task of Zhou et al., Sci. Rep. 12, 8879 (2022), "
    "whose data and ranges could not be obtained",
)
