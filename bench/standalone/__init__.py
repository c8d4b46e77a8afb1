"""What works without a run: one picture, folders of results, mask files."""
