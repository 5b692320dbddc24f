"""Generate docs/privacy.md: what is kept of students, for how long, and its erasure."""

# ruff: noqa: E501  (lines of the page)
from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Table

from pipeline.reference.ledger_words import WORDS
from pipeline.reference.privacy_places import PLACES
from transforms.ledger.personal import DELETED, personal_columns
from transforms.ledger.schema import metadata

_INTRODUCTION = """\
# Students' data

Students are often minors. This page says where their ids and words live, how long, and how they are
exported and erased. The inventory is made from the code; a test fails when a column or a module that
writes is missing here.

**Publish opaque ids.** `student_id` should be a random id that only your application can resolve,
never a name, an e-mail address or the number of a school. The same holds for `correlation_id`, message
attributes, and additional fields of the message: they are kept as they are.

## Export and erase

```sh
vividly students export ID --output DIR --reference TICKET   # rows as JSON, dead letters, all files
vividly students erase ID --dry-run                          # count
vividly students erase ID --reference TICKET
```

Run both as the owner of the ledger's tables, with the right to read and delete artifacts. The `ID` is
the `student_id` that was published. Stop publishing for the student first.

What an erasure does, in this order:

1. It leaves a **tombstone** for each request, which has the request's id and times only, and cancels what
   is in work. The claim ends messages of such requests as duplicates, so a message that is delivered again
   brings nothing back. `vividly db prune` removes a tombstone once no message can come any more
   (`--message-retention` and `--queue-lease` later).
2. It **replaces the student's id and words** in all tables; the rows stay, so counts, costs and
   `received = completed + duplicates + dead_lettered + in_flight` do not change. Messages still in flight
   end as cancelled. `vividly db prune` removes the rows as any others.
3. It finds **dead letters** by the student, and those that cannot be parsed by the bytes of the id. An id
   of fewer than 6 characters is found there only after the name of its field.
4. It **deletes the files** of the requests, and empties the cache of rendered scenes of its machine.
5. It prints what it cannot reach, with the date by which that is gone, and **when to run it again**: if a
   worker still processed a request after `--wait` seconds (exit status 1), an hour later if a request was
   in work (a paused worker may write one more file), and once the subscription is empty if messages of the
   student may wait there.

It can be interrupted and run again at any time. Each run is a row of `privacy_log`: who (user, host,
database role), what (numbers of rows and files), when, and your `--reference`; nothing of the student.

Workers of release 0.1 do not know tombstones: during an upgrade, erase after the last of them has ended.

## What goes to Google

* **Gemini** gets the question, the interest, the grade and the language. Names, addresses, schools, dates
  of birth, e-mail addresses, telephone numbers and account names that a student typed are masked before
  (“My name is [name]”), so they are in no lesson either. Names and addresses are recognized in
  English introductions, names also in Spanish, French, German, Italian and Portuguese ones; e-mail
  addresses and numbers in any language. Masking finds what is written in the usual ways, not everything.
* **Text-to-Speech** gets the sentences of the lesson.
* The offline engines send nothing.

### Google's terms

* The **Gemini Developer API** (an API key) must not be used “as part of a website, application, or other
  service … that is directed towards or is likely to be accessed by individuals under the age of 18”
  ([terms](https://ai.google.dev/gemini-api/terms)). So it must not serve students of a school;
  `vividly check` fails for a drain or a stream that would call it.
* **Vertex AI** (a Google Cloud project), the default of every deployment here, comes under the Google
  Cloud agreement and its [Service Specific Terms](https://cloud.google.com/terms/service-terms). Models in
  preview have [terms of their own](https://cloud.google.com/terms/genai-preview-products), which exclude
  minors too: choose a model that is generally available.
* Vertex AI may keep prompts for abuse monitoring and caches them for up to a day, unless you
  [opt out](https://docs.cloud.google.com/gemini-enterprise-agent-platform/resources/zero-data-retention).

Terms change: read them, and let your lawyers read them, before students use the service.

## Files on your machine

`vividly` creates files that only their owner can read (umask 077): state, artifacts, reports, summaries,
logs and exports. To share a file, change its mode. Files of release 0.1 are readable by all users;
`chmod -R go-rwx var` repairs that.
"""

_TABLES = """\
## Inventory: tables

A request's id is pseudonymous: only the publisher knows whose it is. It stays in the rows that remain.
Rows stay until `vividly db prune` removes them (`retention_days` in Terraform: 90 and 180 days).
"""

_PLACES = """\
## Inventory: other places
"""


def page() -> str:
    """Return docs/privacy.md."""
    tables = [table for table in metadata.sorted_tables if personal_columns(table)]
    rows = [(each.name, each.holds, each.purpose, each.kept, each.erased) for each in PLACES]
    return "\n".join(
        [
            _INTRODUCTION,
            _TABLES,
            *_table(("column", "holds", "when erased"), _columns(tables)),
            "",
            _PLACES,
            *_table(("place", "holds", "for", "kept", "erased"), rows),
            "",
            "Metrics and summaries hold numbers only. Cloud SQL's Query Insights keeps statements",
            "without their parameters.",
            "",
        ]
    )


def _columns(tables: Iterable[Table]) -> Iterable[tuple[str, ...]]:
    for table in tables:
        yield (f"**{table.name}**", WORDS[table.name][""], "")
        for name, content in personal_columns(table).items():
            erased = f"`{content.erased}`" if content.erased else "stays"
            erased = DELETED if content.erased == DELETED else erased
            yield (f"`{name}`", content.holds, erased)


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [f"| {' | '.join(line)} |" for line in (headings, *rows)]
    return [lines[0], "|---" * len(headings) + "|", *lines[1:]]
