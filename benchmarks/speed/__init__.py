"""How fast labkit is beside PyTorch and beside what else a reader could have picked."""
