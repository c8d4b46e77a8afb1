"""Inpainting methods: one file, one method; every module here is discovered by the harness."""
