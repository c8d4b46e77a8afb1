"""Compiled kernels of the methods; imported only where numba is wanted."""
