"""Runs inside the sandbox: executes the cells of a notebook, then its functions, when asked.

    python worker.py FOLDER [FOLDER ...]     the folders that modules are imported from

Messages come on the standard input and go to the standard output. The process itself runs nothing
of the student's: for that it forks a child, so that what was imported before is there at once in
the next child. When a child ends, a line on the standard error says so; it holds a token, and what
is left unread before that token is thrown away.
"""

import ast
import contextlib
import importlib
import io
import linecache
import os
import re
import secrets
import sys

if __name__ == "__main__":
    sys.path[:0] = sys.argv[1:]
    import doors
    import strict
    import wire
else:
    from labkit.exercises import strict
    from labkit.grading.inside import doors, wire

LONGEST_TEXT = 2_000  # characters of what a cell or a call prints
LONGEST_WORDS = 500  # characters of an error's message
FOREIGN = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)  # what notebooks add to Python
WHOLE_CELL = re.compile(r"^%%(\w+).*\n?")
PLAIN_MAGICS = {"time", "timeit", "capture", "prun"}  # the rest of the cell is Python


class Channel:
    """The two pipes, out of the reach of print and input."""

    def __init__(self):
        self.source, self.sink, self.notes = os.dup(0), os.dup(1), os.dup(2)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)

    def read(self):
        """The next message, or None at the end."""
        head = self.take(wire.HEAD)
        return wire.unpack(self.take(int(head, 16))) if head else None

    def take(self, size):
        """That many bytes, or none if the other side has closed."""
        parts = []
        while size:
            part = os.read(self.source, min(size, 1 << 20))
            if not part:
                return b""
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def write(self, message):
        """Send one message whole."""
        data = memoryview(wire.pack(message))
        while data:
            data = data[os.write(self.sink, data) :]

    def forget(self, token):
        """Throw away what comes before the token, or everything if the other side has closed."""
        seen = b""
        while seen != token and (sign := os.read(self.source, 1)):
            seen = (seen + sign)[-len(token) :]


class Pages(io.StringIO):
    """A printed text that stops growing."""

    def write(self, text):
        """Keep what fits."""
        room = LONGEST_TEXT - self.tell()
        super().write(text[: max(room, 0)])
        return len(text)


def main():
    """Serve until the other side closes the pipe."""
    channel = Channel()
    doors.close()
    doors.hide(True)
    while (message := channel.read()) is not None:
        if message["op"] == "import":
            channel.write(imported(message["modules"]))
            continue
        child = os.fork()
        if child == 0:
            os.close(channel.notes)
            doors.hide(False)
            serve(channel)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        token = secrets.token_hex(16)
        os.write(channel.notes, f"{os.waitstatus_to_exitcode(status)} {token}\n".encode())
        channel.forget(token.encode())


def imported(modules):
    """Import modules before any code of the student's; say which are missing."""
    missing = []
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing.append(f"{name}: {error}")
    return {"missing": missing}


def serve(channel):
    """In the child: run what is asked, answer each message with its number."""
    space = {"__name__": "__main__", "__builtins__": __builtins__}
    space |= {"display": lambda *things, **settings: None, "get_ipython": lambda: None}
    own = os.getpid()
    while (message := channel.read()) is not None:
        printed = Pages()
        reply = {"number": message["number"]}
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(Pages()):
                reply |= DO[message["op"]](space, message)
        except BaseException as error:
            reply["error"] = described(error)
        if os.getpid() != own:  # forked by the cell; it must not answer in its parent's place
            os._exit(0)
        reply["printed"] = printed.getvalue()
        try:
            channel.write(reply)
        except wire.WireError as error:
            channel.write({"number": message["number"], "error": described(error)})


def run_cell(space, message):
    """Execute one cell."""
    name = f"<cell {message['cell']}>"
    source = python_of(message["source"])
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), space)
    return {}


def python_of(source):
    """The cell's Python; lines for the notebook alone do nothing."""
    with contextlib.suppress(SyntaxError, ValueError):
        ast.parse(source)
        return source
    magic = WHOLE_CELL.match(source)
    if magic and magic[1] not in PLAIN_MAGICS:
        return ""
    return FOREIGN.sub(r"\1pass", source)


def look(space, message):
    """Say what a name is; hand a value over."""
    if message["name"] not in space:
        return {"kind": "missing"}
    thing = space[message["name"]]
    if isinstance(thing, type) or callable(thing):
        return {"kind": "class" if isinstance(thing, type) else "function"}
    return {"kind": "value", "value": wire.encode(thing)}


def call(space, message):
    """Call a function; say what came and which of its arguments it changed.

    For an exercise the numbers are watched as `check` does.
    """
    args, config = wire.decode(message["args"]), wire.decode(message["config"])
    with strict.strict_numbers() if message["strict"] else contextlib.nullcontext():
        result = space[message["name"]](*args, **config)
    after = wire.encode(args)["tuple"] + [pair[1] for pair in wire.encode(config)["dict"]]
    before = message["args"]["tuple"] + [pair[1] for pair in message["config"]["dict"]]
    changed = [i for i, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    return {"value": wire.encode(result), "changed": changed}


DO = {"cell": run_cell, "look": look, "call": call}


def described(error):
    """An error in words: its types from the nearest to the furthest, its message, its place."""
    place, step = "", error.__traceback__
    while step:
        name = step.tb_frame.f_code.co_filename
        if name.startswith("<cell "):
            line = linecache.getline(name, step.tb_lineno).strip()
            place = f" at line {step.tb_lineno} of the cell{': ' + line if line else ''}"
        step = step.tb_next
    try:
        words = str(error)
    except BaseException:
        words = "an error that cannot be printed"
    types = [one.__name__ for one in type(error).__mro__]
    return {"types": types, "words": words[:LONGEST_WORDS], "place": place[:LONGEST_WORDS]}


if __name__ == "__main__":
    main()
