"""Objects drawn into photographs by ray tracing, in arithmetic that is the same everywhere."""
