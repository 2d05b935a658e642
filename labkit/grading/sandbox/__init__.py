"""Where a student's code runs: one small interface, several kinds of walls.

A backend says whether it works here, and gives the command that starts the worker behind its walls.
"""

from labkit.grading.sandbox.base import Backend, Missing, Verdict
from labkit.grading.sandbox.bubblewrap import Bubblewrap
from labkit.grading.sandbox.container import Container
from labkit.grading.sandbox.contents import Contents, contents_for
from labkit.grading.sandbox.trusted import Trusted

__all__ = [
    "BACKENDS",
    "Backend",
    "Bubblewrap",
    "Container",
    "Contents",
    "Missing",
    "Trusted",
    "Verdict",
    "choose",
    "contents_for",
]

#: Every kind of wall, the best first.
BACKENDS: dict[str, Backend] = {
    "bwrap": Bubblewrap(),
    "podman": Container("podman"),
    "docker": Container("docker"),
    "trusted": Trusted(),
}


def choose(name: str = "") -> Backend:
    """Return the backend of that name or, without a name, the first that works here.

    ``trusted`` has no walls, so it is never chosen unless it is named.

    Raises ValueError for another name, and Missing if the backend does not work here.

    >>> choose("trusted").name
    'trusted'
    """
    if name and name not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}; got {name!r}")
    tried = [name] if name else [one for one in BACKENDS if one != "trusted"]
    reasons = []
    for one in tried:
        verdict = BACKENDS[one].verdict()
        if verdict.works:
            return BACKENDS[one]
        reasons.append(f"{one}: {verdict.reason}")
    raise Missing("nothing here can lock up a student's code.\n  " + "\n  ".join(reasons))
