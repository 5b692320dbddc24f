"""Launcher script that executes a program which is signalled when its parent process ends.

``python -I -S die_with_parent.py PARENT SIGNAL UID:GID PROGRAM ARGUMENT…``

It replaces a function between fork and exec, which is not safe in a process with threads. It
changes from root to UID:GID (``-`` keeps the user) only here, so that the interpreter itself may
be in a folder that only root can read.
"""

import ctypes
import os
import sys

if __name__ == "__main__":
    parent, signal_number, identity, program, *arguments = sys.argv[1:]
    if identity != "-":
        uid, gid = map(int, identity.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1  # <linux/prctl.h>; a change of user would have cleared it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number))
    if os.getppid() != int(parent):
        sys.exit("the parent process has ended")
    try:
        os.execv(program, [program, *arguments])  # noqa: S606  (replaces this process)
    except OSError as error:
        sys.exit(f"{program}: {error}")
