"""Distillation: from two records to a secret key, by two parties that share nothing but a channel."""
