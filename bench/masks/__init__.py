"""Mask suites: versioned, frozen ways to draw holes; one file, one family."""
