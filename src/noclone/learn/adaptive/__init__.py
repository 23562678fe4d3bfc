"""Eves that adapt: one learns when to lie low, one plays her hardware against a watcher."""
