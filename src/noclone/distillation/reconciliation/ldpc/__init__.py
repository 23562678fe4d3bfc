"""Rate-adaptive LDPC reconciliation: quasi-cyclic codes from optimised degrees, decoded from syndromes."""

from noclone.distillation.reconciliation.ldpc.parties import NAME, THEOREM, alice, bob

__all__ = ["NAME", "THEOREM", "alice", "bob"]
