"""Learning tasks, and the honest comparison of quantum and classical models."""
