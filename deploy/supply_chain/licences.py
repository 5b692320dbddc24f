"""Print the licences of the packages in a CycloneDX file as a Markdown table.

    python -m deploy.supply_chain.licences build/sbom.json

The exit status is 1 if a package states no licence that `STATED_ELSEWHERE` does not list.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

UNKNOWN = "not stated"

STATED_ELSEWHERE: Mapping[str, str] = {
    "axe-playwright-python": "MIT; contains axe-core, MPL-2.0",
    "google-cloud-aiplatform": "Apache-2.0",
    "google-cloud-bigquery": "Apache-2.0",
    "promql-parser": "MIT",
    "protobuf": "BSD-3-Clause",
    "vertexai": "Apache-2.0",
}
"""Licences of packages that state them in a file only, or in words of their own."""


def licence(component: Mapping[str, Any]) -> str:
    """Return the licences of a component: its identifiers, or names where it has none."""
    known, names = [], []
    for entry in component.get("licenses", ()):
        stated = entry.get("license", {})
        if identifier := entry.get("expression") or stated.get("id"):
            known.append(identifier)
        elif name := stated.get("name"):
            names.append(name.removeprefix("License :: ").removeprefix("OSI Approved :: "))
    found = "; ".join(dict.fromkeys(known or names))
    return found or STATED_ELSEWHERE.get(component["name"], UNKNOWN)


def rows(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, version and licence of each component, by name."""
    for component in sorted(document["components"], key=lambda each: str(each["name"]).lower()):
        yield component["name"], component.get("version", ""), licence(component)


def main(arguments: Sequence[str]) -> int:
    """Print the table and return the exit status."""
    [file] = arguments
    found = list(rows(json.loads(Path(file).read_text(encoding="utf-8"))))
    print("| package | version | licence |\n|---|---|---|")
    for name, version, stated in found:
        print(f"| {name} | {version} | {' '.join(stated.replace('|', '/').split())[:100]} |")
    missing = [name for name, _, stated in found if stated == UNKNOWN]
    if missing:
        print(f"no licence is stated: {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
