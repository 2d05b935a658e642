"""Runs inside the sandbox: closes the doors of Linux that no lesson needs.

Most are ways to hold memory that no limit counts (files without a name, shared segments, queues,
sockets; pairs of sockets, which asyncio needs, stay, and the number of descriptors limits them);
the others leave the one core, reach into other processes or deep into the kernel, where its errors
are. A program that knocks is told EPERM.
"""

import ctypes
import platform
import struct
import sys

# A door: its number on x86_64 and on aarch64.
DOORS = {
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "socket": (41, 198),
    "sched_setaffinity": (203, 122),
}
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, the kernel's name
FOREIGN_CALLS = 0x40000000  # from here on x86_64 counts calls of another kind
LOAD, EQUAL, AT_LEAST, ANSWER = 0x20, 0x15, 0x35, 0x06  # of the kernel's small filter machine
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 1  # 1 is EPERM
SET_DUMPABLE, SET_NO_NEW_RIGHTS, SET_SECCOMP, FILTER = 4, 38, 22, 2


class Program(ctypes.Structure):
    """A filter as the kernel takes it."""

    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def filter_for(machine):
    """Return the filter, as bytes: load a number, compare, jump to the last line or go on.

    >>> len(filter_for("x86_64")) // 8 == len(DOORS) + 6
    True
    """
    column, name = MACHINES[machine]
    tests = [(EQUAL, numbers[column]) for numbers in DOORS.values()]
    tests.append((AT_LEAST, FOREIGN_CALLS))
    lines = [(LOAD, 0, 0, 4), (EQUAL, 0, len(tests) + 2, name), (LOAD, 0, 0, 0)]
    lines += [(test, len(tests) - i, 0, number) for i, (test, number) in enumerate(tests)]
    lines += [(ANSWER, 0, 0, ALLOW), (ANSWER, 0, 0, REFUSE)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def close():
    """Close the doors for this process and all that it starts; say whether that was possible."""
    if not sys.platform.startswith("linux") or platform.machine() not in MACHINES:
        return False
    code = filter_for(platform.machine())
    program = Program(len(code) // 8, code)
    control = ctypes.CDLL(None).prctl
    done = control(SET_NO_NEW_RIGHTS, 1, 0, 0, 0) == 0
    return done and control(SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0) == 0


def hide(hidden):
    """Let other processes of the same user look into this one, or not."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(SET_DUMPABLE, int(not hidden), 0, 0, 0)
