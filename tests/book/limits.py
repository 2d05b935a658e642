"""What a page of the book may be and may take: every limit in one place."""

WORDS = (1400, 2000)  # of prose in a chapter: no code, no formulas, no solutions
CODE_CELLS = (10, 25)  # in a chapter: no setup cell, solution, stub or folded drawing counted
CELL_LINES = 20
MEDIAN_LINES = 6  # of the same cells, blank lines not counted
ALT_WORDS = 8
SECONDS = 60  # of one page: wall seconds as recorded, processor seconds in every test run
PEAK_MIB = 2048
FREE_INTEGERS = range(13)  # may stand in prose without being printed
CHAPTERS = (
    "backpropagation",
    "losses",
    "optimizers",
    "initialization",
    "regularization",
    "convolution",
    "digits",
    "recurrent",
    "attention",
    "transformers",
    "languagemodels",
)
