"""Networks of the learned methods, in plain PyTorch."""
