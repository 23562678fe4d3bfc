"""Universal hashing: extractors for privacy amplification, and a polynomial hash for tags."""
