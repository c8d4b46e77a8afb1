"""From a benchmark as a person writes it to cases, variants and keys."""
