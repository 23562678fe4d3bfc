"""Reconciliation methods, one module each, and what a method is."""
