"""A fifth of the pulses intercepted, told by 200 sifted bits."""

from __future__ import annotations

from noclone.learn.intercepted_bits import task

TASK = task("bb84-intercept-200", sifted=200, fraction=0.2)
