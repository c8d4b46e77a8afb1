"""Compiled loops of the metrics; imported only where a metric is bound."""

from __future__ import annotations
