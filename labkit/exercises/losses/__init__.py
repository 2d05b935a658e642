"""The exercises of the chapter and the lab `losses`, from two errors to honest probabilities."""

from labkit.exercises.losses import chapter, classes, errors

EXERCISES = (*chapter.EXERCISES, *errors.EXERCISES, *classes.EXERCISES)
