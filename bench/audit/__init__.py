"""Check what methods and runs claim."""
