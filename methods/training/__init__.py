"""Training of the learned methods: one plain PyTorch loop, a recipe for each network."""
