"""Run cells: one, many in worker processes, and the exclusive timing pass."""
