"""Intervals, paired comparisons and ranks: what may be said from a run, and how surely."""
