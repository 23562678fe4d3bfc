"""Ground floor: errors, seeds, secrets, bits, files, fields, results; no physics."""
