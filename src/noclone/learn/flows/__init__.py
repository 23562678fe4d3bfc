"""Network flows: published intrusion data that a user supplies, and synthetic flows; no data are shipped."""
