"""How datasets find, download, unpack and decode their files."""
