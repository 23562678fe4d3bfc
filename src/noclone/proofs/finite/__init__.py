"""Finite blocks: norm balls against collective attacks, Rényi entropies against coherent ones."""
