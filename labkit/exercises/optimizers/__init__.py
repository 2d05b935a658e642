"""The exercises of the chapter and the lab `optimizers`, from one step to Adam."""

from labkit.exercises.optimizers import adam, chapter, rules

EXERCISES = (*chapter.EXERCISES, *rules.EXERCISES, *adam.EXERCISES)
