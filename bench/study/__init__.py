"""Blind comparisons by people: the page that collects votes, and what the votes say."""
