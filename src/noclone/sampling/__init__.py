"""Click-level kernels: what one pulse does as a table, and simulations that draw from it."""
