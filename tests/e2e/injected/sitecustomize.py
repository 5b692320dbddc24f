"""Put on the path of a child process, this makes its offline script engine fail as a request says:
the field `fault` holds ``kill``, ``segfault``, ``exit`` or ``busy``.
"""

from __future__ import annotations

import ctypes
import os
import signal

from transforms.errors import TransientError
from transforms.script.offline import OfflineScriptEngine

_write = OfflineScriptEngine.write


def _fail(self, request, *, timeout):
    fault = request.metadata.get("fault")
    if fault:
        with open(os.environ["FAULTS"], "a") as file:
            file.write(f"{request.request_id}\n")
    if fault == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault == "segfault":
        ctypes.string_at(0)
    elif fault == "exit":
        os._exit(70)
    elif fault == "busy":
        raise TransientError("the engine is busy")
    return _write(self, request, timeout=timeout)


OfflineScriptEngine.write = _fail
