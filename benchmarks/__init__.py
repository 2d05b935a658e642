"""Runs that are too long for a page, or that depend on the machine; see README.md."""
