"""The leaderboard as a static site that opens from the disk and needs no network."""
