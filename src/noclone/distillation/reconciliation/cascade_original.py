"""Cascade as Brassard and Salvail published it: four passes, blocks of 0.73/q bits, doubling.

It is kept for comparison with the literature; `cascade` leaks less. Both run on the same engine
and are charged in the same way.
"""

from __future__ import annotations

from noclone.core.bits import Bits
from noclone.distillation.channel import ClassicalChannel
from noclone.distillation.reconciliation import cascade
from noclone.distillation.reconciliation.cascade import THEOREM
from noclone.distillation.reconciliation.reconciliation import Reconciled

__all__ = ["NAME", "THEOREM", "alice", "bob"]

NAME = "cascade-original"


def alice(bits: Bits, error_rate: float, public_seed: int, channel: ClassicalChannel) -> Reconciled:
    """Reconcile as Alice; see `cascade.alice`."""
    return cascade.alice(bits, error_rate, public_seed, channel, cascade.ORIGINAL)


def bob(bits: Bits, error_rate: float, public_seed: int, channel: ClassicalChannel) -> Reconciled:
    """Reconcile as Bob; see `cascade.bob`."""
    return cascade.bob(bits, error_rate, public_seed, channel, cascade.ORIGINAL)
