"""Start a Beam worker for Beam's worker pool, as the boot program of Beam's containers does.

    python -m apache_beam.runners.worker.worker_pool_main \\
        --service_port=50000 --container_executable=vividly-worker

Workers that the pool starts without an executable ignore the job's options, and with them the
plugin that registers the coders. Artifacts are not fetched: the workers use this installation.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

TIMEOUT = 60.0
"""Seconds until the runner must answer with the job's options."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a worker until the runner closes its control connection.

    Args:
        arguments: options of Beam's container contract; those of the process if not given.
    """
    parser = argparse.ArgumentParser(prog="vividly-worker", description=__doc__)
    for name in ("id", "provision_endpoint", "logging_endpoint", "control_endpoint"):
        parser.add_argument(f"--{name}", required=True)
    chosen, _ = parser.parse_known_args(arguments)
    os.environ.update(_environment(chosen))
    from apache_beam.runners.worker import sdk_worker_main

    sdk_worker_main.main([sys.argv[0]])


def _environment(chosen: argparse.Namespace) -> dict[str, str]:
    """Return the environment variables of Beam's worker, with options from the runner."""
    import grpc
    from apache_beam.portability.api import (
        beam_provision_api_pb2,
        beam_provision_api_pb2_grpc,
        endpoints_pb2,
    )
    from google.protobuf import json_format, text_format  # type: ignore[import-untyped]

    with grpc.insecure_channel(chosen.provision_endpoint) as channel:
        stub = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        info = stub.GetProvisionInfo(
            beam_provision_api_pb2.GetProvisionInfoRequest(),
            metadata=[("worker_id", chosen.id)],
            wait_for_ready=True,
            timeout=TIMEOUT,
        ).info
    endpoints = {
        f"{name}_API_SERVICE_DESCRIPTOR": text_format.MessageToString(
            endpoints_pb2.ApiServiceDescriptor(url=url)
        )
        for name, url in (
            ("CONTROL", chosen.control_endpoint),
            ("LOGGING", chosen.logging_endpoint),
        )
    }
    return {
        "WORKER_ID": chosen.id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
        **endpoints,
    }


if __name__ == "__main__":
    main()
