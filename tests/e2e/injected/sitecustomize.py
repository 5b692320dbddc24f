"""Injects faults into the offline script engine of a child process that has this on its path.

The request's field `fault` selects the fault: ``busy`` raises a transient error, ``poison`` ends
the process, in a different way each time. Each such call appends the request's id to the file named
by the environment variable `FAULTS`.
"""

from __future__ import annotations

import ctypes
import os
import signal

from transforms.errors import TransientError
from transforms.script.engines.offline.offline_writer import OfflineScriptEngine

_write = OfflineScriptEngine.write

DEATHS = (
    lambda: os.kill(os.getpid(), signal.SIGKILL),
    lambda: ctypes.string_at(0),  # a segmentation fault
    lambda: os._exit(70),
)


def _fail(self, request, *, calls, repair=None):
    fault = request.metadata.get("fault")
    if fault:
        with open(os.environ["FAULTS"], "a+") as file:
            file.seek(0)
            before = len(file.readlines())
            file.write(f"{request.request_id}\n")
    if fault == "poison":
        DEATHS[before % len(DEATHS)]()
    elif fault == "busy":
        raise TransientError("the engine is busy")
    return _write(self, request, calls=calls, repair=repair)


OfflineScriptEngine.write = _fail  # type: ignore[method-assign]
