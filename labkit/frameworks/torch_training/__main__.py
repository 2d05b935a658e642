"""`python -m labkit.frameworks.torch_training` trains a small GPT; --help says what it takes."""

import sys

from labkit.frameworks.torch_training.command import main

if __name__ == "__main__":
    sys.exit(main())
