"""Quantum key distribution that learns."""
