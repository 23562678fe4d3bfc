"""Key lengths: entropies, concentration bounds, decoy bounds, finite-key terms, capacity bounds."""
