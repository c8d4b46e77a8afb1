"""Convolutional networks that are recomputed only where their input changed."""

from __future__ import annotations
