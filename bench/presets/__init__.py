"""Ready benchmarks, as TOML."""
