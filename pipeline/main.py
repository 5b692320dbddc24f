"""Launch `vividly run` from a Flex Template (`FLEX_TEMPLATE_PYTHON_PY_FILE`).

Nothing is defined here: Beam pickles what `__main__` defines by value.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts this file's folder first in sys.path, where its modules would shadow others.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

    from pipeline.cli import entry

    entry(["run", *sys.argv[1:]])
