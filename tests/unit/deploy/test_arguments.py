"""`deploy/terraform/ARGUMENTS.md` names the documentation of every argument of the files."""

from __future__ import annotations

import re

from tests.unit.deploy.terraform_files import FOLDER, arguments, blocks

TEXT = (FOLDER / "ARGUMENTS.md").read_text()
ROWS = re.findall(r"(?m)^\| `(\w+)` \| `([\w.]+)` \| (\S.*?) \|$", TEXT)
SOURCES = set(re.findall(r"(?m)^\| (\w+) \| `", TEXT))


def test_every_argument_of_the_files_is_listed_once():
    used = {
        (address.partition(".")[0], name)
        for kind in ("resource", "data", "ephemeral")
        for address, body in blocks(kind).items()
        for name in arguments(body)
    }
    listed = [(kind, name) for kind, name, _ in ROWS]
    assert sorted(listed) == sorted(used)


def test_every_source_is_a_page_of_a_named_repository():
    assert SOURCES
    for kind, name, source in ROWS:
        for each in source.split(", "):
            place, _, page = each.strip("`").partition(":")
            assert place in SOURCES, (kind, name)
            assert re.fullmatch(r"[\w./-]+(#\w+)?", page), (kind, name)


def test_arguments_are_read_from_the_page_of_their_resource():
    """The page of an IAM member covers all its resources, such as r/pubsub_topic_iam."""
    for kind, name, source in ROWS:
        resource = kind.removeprefix("google_").removeprefix("random_")
        resource = re.sub(r"_iam_(member|audit_config)$", "_iam", resource)
        pages = [each.strip("`").partition(":")[2].partition("#")[0] for each in source.split(", ")]
        assert any(resource in re.sub(r"(google|_html|\.html.*)", "", page) for page in pages), (
            kind,
            name,
            source,
        )
