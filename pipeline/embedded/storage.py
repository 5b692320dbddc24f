"""StorageServer is a local Cloud Storage server, based on gcp-storage-emulator.

The emulator ignores preconditions, serves one request at a time and closes every connection. This
server checks ``if…Generation(Not)Match`` and ``generation``, which write-once artifacts need, under
the same lock as the action; serves any number of clients over persistent connections; and replaces
its index atomically. It does not check preconditions on the parts of a batch request.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import threading
import weakref
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from gcp_storage_emulator import server as emulator
from gcp_storage_emulator.handlers import buckets, objects
from gcp_storage_emulator.storage import Storage

from pipeline.embedded.preconditions import refusal
from pipeline.embedded.process import LOOPBACK
from pipeline.embedded.storage_http import (
    Handler,
    Interceptor,
    Reply,
    Response,
    Server,
    error,
    plain,
)
from transforms.errors import DependencyDown

_PROJECT = "vividly-local"
_ROUTES = [(re.compile(pattern), methods) for pattern, methods in emulator.HANDLERS]


class StorageServer:
    """A local server with the API of storage.googleapis.com.

    Args:
        root: folder that keeps the buckets; None keeps them in memory.

    Attributes:
        intercept: called for every request; may be replaced at any time.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.intercept: Interceptor = plain
        self._port = 0  # a free one
        self._storage = _Storage(root)
        self._lock = threading.RLock()
        self._server: Server | None = None

    @property
    def endpoint(self) -> str:
        """Base URL of the Cloud Storage server."""
        return f"http://{LOOPBACK}:{self._port}"

    def start(self) -> Self:
        """Start serving; after `stop`, on the same port and with the same content.

        Raises:
            DependencyDown: another program uses the port that this server had.
        """
        handler = partial(Handler, self._serve, lambda: self.intercept)
        try:
            self._server = Server((LOOPBACK, self._port), handler)
        except OSError as problem:
            raise DependencyDown(
                "artifacts", f"cannot listen on {self.endpoint}: {problem}"
            ) from problem
        self._port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="storage-server", daemon=True
        ).start()
        return self

    def stop(self) -> None:
        """Stop serving and close every connection."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def create_bucket(self, name: str) -> str:
        """Create a bucket unless it exists; return its ``gs://`` address."""
        with self._lock:
            buckets.create_bucket(name, self._storage)
        return f"gs://{name}"

    def client_environment(self) -> dict[str, str]:
        """Return the environment variables that make Google's clients and Beam use this server.

        The credentials are a dummy token that never expires, so that no real credentials are used
        and no client looks for some on the network.
        """
        return {
            "STORAGE_EMULATOR_HOST": self.endpoint,
            "GOOGLE_APPLICATION_CREDENTIALS": str(self._credentials()),
            "GOOGLE_CLOUD_PROJECT": _PROJECT,
        }

    def _credentials(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="vividly-storage-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        names = ("client_id", "client_secret", "refresh_token", "token")
        path = folder / "credentials.json"
        path.write_text(
            json.dumps(
                {
                    "type": "authorized_user",
                    "expiry": "2999-12-31T23:59:59Z",
                    **dict.fromkeys(names, "embedded"),
                }
            )
        )
        return path

    def _serve(self, request: Any, response: Response) -> Reply:
        for pattern, methods in _ROUTES:
            match = pattern.fullmatch(request.path)
            if match is None:
                continue
            request.set_match(match)
            action = methods.get(request.method)
            if action is None and request.method == "POST" and "uploadType" in request.query:
                action = objects.insert  # some clients omit the /upload prefix
            if action is None:
                break
            with self._lock:
                refused = refusal(action, request, self._storage)
                if refused is not None:
                    return refused
                action(request, response, self._storage)
            return response.reply()
        return error(
            HTTPStatus.NOT_IMPLEMENTED, f"no {request.method} {request.path}", "notImplemented"
        )


class _Storage(Storage):
    """The emulator's storage; its index file is replaced atomically, or not written in memory."""

    _PARTS = ("buckets", "objects", "resumable", "bucket_iam_policies", "soft_deleted")

    def __init__(self, root: Path | None) -> None:
        self._index = root.absolute() / "index.json" if root else None
        super().__init__(
            use_memory_fs=root is None, data_dir=str(root.absolute()) if root else None
        )

    def _write_config_to_file(self) -> None:
        if self._index is None:
            return
        written = self._index.with_suffix(".new")
        written.write_text(json.dumps({part: getattr(self, part) for part in self._PARTS}))
        os.replace(written, self._index)

    def _read_config_from_file(self) -> None:
        stored = json.loads(self._index.read_text()) if self._index and self._index.exists() else {}
        for part in self._PARTS:
            setattr(self, part, stored.get(part, {}))
