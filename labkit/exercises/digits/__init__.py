"""The exercises of the chapter and the lab `digits`: what makes a number about digits honest."""

from labkit.exercises.digits import chapter, measures, splits

EXERCISES = (*chapter.EXERCISES, *splits.EXERCISES, *measures.EXERCISES)
