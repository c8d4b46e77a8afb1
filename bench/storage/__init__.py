"""The results of a run: rows, database, outputs, and how they are read."""
