"""BranchByModality: separate text lessons from those with audio or video."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam

from transforms import coder  # noqa: F401  (registers the coders of the outputs)
from transforms.model import Lesson

TEXTS = "texts"
"""Output tag of lessons that consist of a script only."""


class BranchByModality(beam.PTransform):
    """Separate text lessons, which take seconds, from heavy ones, which take minutes.

    PCollection[Lesson] -> tagged `TEXTS` and `heavy`.
    """

    def expand(self, lessons: beam.PCollection) -> beam.pvalue.DoOutputsTuple:
        return lessons | "Branch" >> beam.ParDo(_Branch()).with_output_types(
            Lesson, **{TEXTS: Lesson}
        ).with_outputs(TEXTS, main="heavy")


def is_heavy(lesson: Lesson) -> bool:
    """Return whether a lesson has audio or video."""
    return lesson.request.modality != "text"


class _Branch(beam.DoFn):
    def process(self, lesson: Lesson) -> Iterator[Lesson | beam.pvalue.TaggedOutput]:
        yield lesson if is_heavy(lesson) else beam.pvalue.TaggedOutput(TEXTS, lesson)
