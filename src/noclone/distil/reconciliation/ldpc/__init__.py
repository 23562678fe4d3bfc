"""Rate-adaptive LDPC reconciliation: quasi-cyclic codes from optimised degrees, decoded from syndromes."""

from noclone.distil.reconciliation.ldpc.parties import NAME, THEOREM, alice, bob

__all__ = ["NAME", "THEOREM", "alice", "bob"]
