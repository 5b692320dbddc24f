"""Logging configured as in production, written to a file."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.monitoring import logging_config


@contextmanager
def configured(file: Path, level: str = "INFO", form: str = "json") -> Iterator[Path]:
    """Log to the file within the block; restore logging afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, threading.excepthook
    levels = {name: logging.getLogger(name).level for name in logging_config.QUIET}
    root.handlers = []  # `configure` closes what it finds, and pytest's are needed again
    try:
        logging_config.configure(level, form, "my-project", file)
        yield file
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers, threading.excepthook = before[0], before[2]
        root.setLevel(before[1])
        for name, least in levels.items():
            logging.getLogger(name).setLevel(least)
