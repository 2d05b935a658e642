"""Grading that an instructor can trust: the verdict is formed outside the student's process."""
