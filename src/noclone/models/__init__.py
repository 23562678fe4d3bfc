"""Quantum and hybrid learning models with scikit-learn's interface; no key distribution in here."""
