"""Compare two runs, gate on what got worse, and keep a history of runs."""
