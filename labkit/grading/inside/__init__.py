"""The files that stand inside the sandbox."""
