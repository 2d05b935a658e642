"""The exercises of the chapter and the lab `optimizers`, from one step to Adam."""

from labkit.exercises.optimizers import chapter, lab

EXERCISES = (*chapter.EXERCISES, *lab.EXERCISES)
