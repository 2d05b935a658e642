"""The exercises of the chapter and the lab `transformers`, from one weight to a cached step."""

from labkit.exercises.transformers import blocks, chapter, heads

EXERCISES = (*chapter.EXERCISES, *heads.EXERCISES, *blocks.EXERCISES)
