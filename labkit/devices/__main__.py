"""`python -m labkit.devices` is `labkit devices`."""

import sys

from labkit.cli import main

sys.exit(main(["devices", *sys.argv[1:]]))
