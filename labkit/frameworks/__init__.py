"""The networks of `labkit.models` in PyTorch and in Keras, to compare and to move between."""
