"""`python -m labkit.grading` is `labkit grade`, where the command itself is not on the path."""

import sys

from labkit.cli import main

if __name__ == "__main__":
    sys.exit(main(["grade", *sys.argv[1:]]))
