"""Numbers of passages become numbers of sources."""

from __future__ import annotations

from transforms.script.sources.citations import Citations
from transforms.script.sources.passage import Passage

PASSAGES = (Passage("one", "A"), Passage("two", "B"), Passage("three", "A"))


def test_sources_are_numbered_by_first_citation():
    cited = Citations(PASSAGES)
    assert cited(0, [2]) == (1,)
    assert cited(1, [3, 2, 1, 3]) == (1, 2)
    assert cited(2, []) == ()
    assert cited.sources == ("B", "A")
    assert cited.problems == []


def test_unknown_numbers_are_problems():
    cited = Citations(PASSAGES)
    assert cited(3, [0, 4, -1, 1]) == (1,)
    assert [problem.split(";")[0] for problem in cited.problems] == [
        f"lesson.scenes.3.sources: no passage has the number {number}" for number in (0, 4, -1)
    ]
