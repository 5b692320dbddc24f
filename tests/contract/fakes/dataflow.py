"""Fake of the Dataflow REST API: the calls of Beam's client, which submit and watch a job.

https://cloud.google.com/dataflow/docs/reference/rest. Submitted jobs are stored unchanged. The test
sets the state in which they end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.contract.fakes.json_http import JsonHandler, http_server

CREATED = "2026-11-23T00:00:00Z"
_JOBS = r"/v1b3/projects/(?P<project>[^/]+)(?:/locations/(?P<location>[^/]+))?/jobs"
_ROUTE = re.compile(_JOBS + r"(?:/(?P<id>[^/:]+)(?P<rest>/messages|/metrics)?)?|.*/jobs:aggregated")


class DataflowServer:
    """A fake of dataflow.googleapis.com for one test.

    Attributes:
        jobs: Submitted jobs by id.
        ends_as: State that a running job takes when its details are requested.
        endpoint: URL for `--dataflow_endpoint`.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.ends_as = "JOB_STATE_RUNNING"
        self.endpoint = ""

    def create(self, job: dict[str, Any], location: str) -> dict[str, Any]:
        """Create a job; as in the service, an update replaces the running job of the same name."""
        number = f"2026-11-23_00_00_{len(self.jobs):02}-1"
        for running in self._running(job["name"]):
            if running["id"] != job.get("replaceJobId"):
                return {"error": {"code": 409, "message": f"{running['id']} has that name"}}
            running["currentState"] = "JOB_STATE_UPDATED"
        facts = {"id": number, "location": location, "createTime": CREATED}
        self.jobs[number] = {**job, **facts, "currentState": "JOB_STATE_RUNNING"}
        return self.jobs[number]

    def get(self, number: str) -> dict[str, Any]:
        """Return a job; if it is running, its state becomes `ends_as`."""
        job = self.jobs[number]
        if job["currentState"] == "JOB_STATE_RUNNING":
            job["currentState"] = self.ends_as
        return job

    def messages(self, number: str) -> list[dict[str, Any]]:
        """Return the log messages of a job; those of a failed job include the reason."""
        failed = self.jobs[number]["currentState"] == "JOB_STATE_FAILED"
        texts = {"JOB_MESSAGE_BASIC": "Worker started."}
        if failed:
            texts["JOB_MESSAGE_ERROR"] = "Workflow failed. Out of quota."
        return [
            {"id": str(at), "time": CREATED, "messageImportance": weight, "messageText": text}
            for at, (weight, text) in enumerate(texts.items())
        ]

    def _running(self, name: str) -> list[dict[str, Any]]:
        jobs = self.jobs.values()
        return [j for j in jobs if (j["name"], j["currentState"]) == (name, "JOB_STATE_RUNNING")]


@contextmanager
def serving() -> Iterator[DataflowServer]:
    """Run a fake without jobs for the length of a block."""
    dataflow = DataflowServer()
    with http_server(type("_Bound", (_Handler,), {"dataflow": dataflow})) as url:
        # Beam uses REST instead of gRPC only for `localhost`.
        dataflow.endpoint = url.replace("127.0.0.1", "localhost")
        yield dataflow


class _Handler(JsonHandler):
    dataflow: DataflowServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.body())
        route = _ROUTE.fullmatch(urlsplit(self.path).path)
        if not (route and route["project"]):
            return self.reply(404, {"error": {"code": 404, "message": self.path}})
        made = self.dataflow.create(body, route["location"])
        return self.reply(made.get("error", {}).get("code", 200), made)

    def do_GET(self) -> None:
        route = _ROUTE.fullmatch(urlsplit(self.path).path)
        if not route:
            return self.reply(404, {"error": {"code": 404, "message": self.path}})
        if not route["id"]:
            return self.reply(200, {"jobs": list(self.dataflow.jobs.values())})
        if route["rest"] == "/messages":
            return self.reply(200, {"jobMessages": self.dataflow.messages(route["id"])})
        if route["rest"] == "/metrics":
            return self.reply(200, {"metricTime": CREATED, "metrics": []})
        return self.reply(200, self.dataflow.get(route["id"]))
