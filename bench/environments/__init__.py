"""Environments of their own for methods: built once, shared, kept in the user's cache."""
