"""The package behind the course *From Backpropagation to Large Models*: NumPy and nothing else."""
