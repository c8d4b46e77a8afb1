"""Datasets: one file, one dataset; every module here is discovered by the harness."""
