"""Certified key rates: from a declaration and observations to a bound that a third party can check."""
