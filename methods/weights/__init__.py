"""Trained weights that come with the project (safetensors), each with a card."""
