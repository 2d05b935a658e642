"""The exercises of the chapter and the lab `convolution`, from a size to the gradients."""

from labkit.exercises.convolution import chapter, forward, gradients, sizes

EXERCISES = (*chapter.EXERCISES, *sizes.EXERCISES, *forward.EXERCISES, *gradients.EXERCISES)
