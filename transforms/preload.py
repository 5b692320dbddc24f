"""What the fork server of `transforms.child` imports, so that no child has to.

Nothing here may start a thread: forked children would not have it.
"""

from __future__ import annotations

from importlib.util import find_spec

import transforms.narration.narrate
import transforms.video.renderer  # noqa: F401

if find_spec("hibari"):  # the offline voice is an extra
    from transforms.narration.offline import load
    from transforms.once import once

    once(load)
