"""`python -m labkit.devices` is `labkit devices`, where the command itself is not on the path."""

import argparse
import sys

from labkit.devices import command

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        "python -m labkit.devices", description="Say what this machine has and what to use."
    )
    command.configure(parser)
    sys.exit(command.run(parser.parse_args()))
