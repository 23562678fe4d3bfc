"""Environments for gymnasium with optima that are known; they need the extra `gym`."""
