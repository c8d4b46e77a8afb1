"""Metrics: one definition, one id; one file, one family."""
