"""A fifth of the pulses intercepted, told by 1000 sifted bits."""

from __future__ import annotations

from noclone.learn.intercepted_bits import task

TASK = task("bb84-intercept-1000-strong", sifted=1000, fraction=0.2)
