"""Becomes another program that ends with its parent. A script, run as

``python -I -S die_with_parent.py PARENT SIGNAL UID:GID PROGRAM ARGUMENT…``

in place of a function between fork and exec, which is not safe in a process with threads. It gives
up root (UID:GID is ``-`` to stay who it is) only here, so that the interpreter itself may
lie where only root can read it.
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
        os.execv(program, [program, *arguments])  # noqa: S606  (becoming it is the point)
    except OSError as error:
        sys.exit(f"{program}: {error}")
