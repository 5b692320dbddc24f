"""Google credentials whose token is refreshed once for all threads, and in bounded time.

Google's clients refresh an expired token on the thread of each call: without its deadline (three
tries of two minutes each), and each thread for itself, or one after the other. Here one background
thread refreshes for all; callers wait for it until their own deadline.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import google.auth
from google.auth.credentials import Credentials, TokenState, with_scopes_if_required
from google.auth.environment_vars import CLOUD_SDK_CONFIG_DIR, CREDENTIALS, PROJECT
from google.auth.exceptions import RefreshError, TransportError
from google.auth.transport.requests import Request

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)

LONGEST_REFRESH = 10.0
"""Seconds that callers wait for one refresh."""

REQUEST_TIMEOUT = 5.0
"""Seconds for one request to the token endpoint; google-auth tries up to three times."""

ERROR_VALID = 2.0
"""Seconds for which an error is also the result of later calls."""

_lock = threading.Lock()
_defaults: dict[tuple[str | None, ...], tuple[SharedCredentials, str | None]] = {}


def default_credentials() -> tuple[SharedCredentials, str | None]:
    """Return the Application Default Credentials, shared by the whole process, and their project.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: There are none.
    """
    chosen = tuple(map(os.environ.get, (CREDENTIALS, CLOUD_SDK_CONFIG_DIR, PROJECT)))
    with _lock:
        if chosen not in _defaults:
            source, project = google.auth.default(scopes=SCOPES)
            _defaults[chosen] = SharedCredentials(source), project
        return _defaults[chosen]


class SharedCredentials(Credentials):
    """Google credentials whose token is refreshed once for all threads.

    Args:
        source: The credentials to refresh. A service account signs its tokens itself, so it needs
            no token endpoint.
    """

    def __init__(self, source: Credentials) -> None:
        super().__init__()
        scoped = with_scopes_if_required(source, SCOPES)
        sign = getattr(scoped, "with_always_use_jwt_access", None)
        self._source = sign(True) if sign else scoped
        self._single = threading.Lock()
        self._refreshing: _Refresh | None = None
        self._adopt()

    @property
    def quota_project_id(self) -> str | None:
        """Project for quota and billing."""
        return self._source.quota_project_id

    @property
    def universe_domain(self) -> str:
        """Domain of the services."""
        return self._source.universe_domain

    def get_cred_info(self) -> Mapping[str, str] | None:
        """Return the description of the credentials for google-auth's errors."""
        return self._source.get_cred_info()

    def ready(self, timeout: float) -> float:
        """Wait until the token is valid; return the seconds left of the timeout.

        A token that is about to expire is refreshed in the background.

        Args:
            timeout: Maximum number of seconds to wait.

        Raises:
            google.auth.exceptions.GoogleAuthError: The token could not be refreshed.
        """
        deadline = time.monotonic() + timeout
        if not self._source.valid:
            refresh = self._start_refresh()
            if self._source.token_state == TokenState.INVALID:
                refresh.wait(timeout)
        self._adopt()
        return deadline - time.monotonic()

    def refresh(self, request: object) -> None:
        """Refresh the token, if that is necessary, as google-auth's clients ask for it."""
        self.ready(LONGEST_REFRESH)

    def before_request(
        self, request: object, method: str, url: str, headers: dict[str, str]
    ) -> None:
        """Add the token to the headers of a request."""
        self.ready(LONGEST_REFRESH)
        if self._source.valid:
            self._source.before_request(request, method, url, headers)
        else:  # it would refresh a token that is about to expire
            self.apply(headers)

    def _adopt(self) -> None:
        self.token, self.expiry = self._source.token, self._source.expiry

    def _start_refresh(self) -> _Refresh:
        with self._single:
            last = self._refreshing
            if last and (self._source.valid or not last.is_over):
                return last
            self._refreshing = _Refresh(self._source)
            self._refreshing.start()
            return self._refreshing


class _Refresh(threading.Thread):
    """One refresh of a token, on a thread of its own."""

    def __init__(self, source: Credentials) -> None:
        super().__init__(name="token-refresh", daemon=True)
        self._source = source
        self._ended = threading.Event()
        self._end = time.monotonic() + LONGEST_REFRESH
        self._error: Exception | None = None

    @property
    def is_over(self) -> bool:
        """True if its result has expired, so that the next call starts another refresh."""
        if self._ended.is_set() and not self._error:
            return True
        return time.monotonic() >= self._end + ERROR_VALID

    def run(self) -> None:
        request: Any = partial(Request(), timeout=REQUEST_TIMEOUT)
        try:
            self._source.refresh(request)
        except Exception as error:  # noqa: BLE001  (raised by `wait`)
            # Reported as unreachable, so that it is not taken for a refused login.
            may_retry = isinstance(error, RefreshError) and error.retryable
            self._error = TransportError(str(error)) if may_retry else error
            self._end = min(self._end, time.monotonic())
        finally:
            self._ended.set()

    def wait(self, timeout: float) -> None:
        """Wait for the refreshed token; raise the error of the refresh.

        Raises:
            google.auth.exceptions.GoogleAuthError: The refresh failed, or took too long.
        """
        if not self._ended.wait(max(0.0, min(timeout, self._end - time.monotonic()))):
            raise TransportError("the token endpoint did not answer in time")
        if self._error:
            raise self._error
