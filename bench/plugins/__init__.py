"""Find plugins and build them from specifications."""
