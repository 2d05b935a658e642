"""The package behind the course *From Backpropagation to Large Models*: NumPy and nothing else.

What computes with whole numbers and with single ones needs not even that, and runs wherever Python
does, such as in a browser: sizes, schedules, tokenizers, the metrics of texts, the budgets.
"""

import sys


def _without_numpy(package, missing):
    """Let a package go on without its modules that need NumPy; their names say what is missing.

    missing is the error of the import that failed. Raises it again if it was not NumPy's.
    """
    if missing.name != "numpy":
        raise missing

    module = sys.modules[package]

    def attribute(name):
        if name not in module.__all__:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        raise ModuleNotFoundError(f"{package}.{name} needs NumPy: pip install numpy", name="numpy")

    vars(module)["__getattr__"] = attribute
