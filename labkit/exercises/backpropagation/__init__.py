"""The exercises of the chapter and the lab `backpropagation`, from arrows to a net."""

from labkit.exercises.backpropagation import chapter, graph, layers

EXERCISES = (*chapter.EXERCISES, *graph.EXERCISES, *layers.EXERCISES)
