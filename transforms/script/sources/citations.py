"""Citations: numbers the sources that the scenes of a script cite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from transforms.script.sources.passage import Passage


class Citations:
    """Converts passage numbers to source numbers, in the order of first citation.

    Args:
        passages: The passages that the writer was given.
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._numbers: dict[str, int] = {}
        self.problems: list[str] = []
        """Numbers that no passage has, in words for the engine."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources cited so far, in order of their numbers."""
        return tuple(self._numbers)

    def __call__(self, scene: int, numbers: Iterable[int]) -> tuple[int, ...]:
        """Return the source numbers for the passages that a scene cites.

        Args:
            scene: Index of the scene, for problems.
            numbers: Numbers of passages, from 1; those that no passage has are left out.
        """
        cited = set()
        for number in dict.fromkeys(numbers):
            if 1 <= number <= len(self._passages):
                source = self._passages[number - 1].source
                cited.add(self._numbers.setdefault(source, len(self._numbers) + 1))
            else:
                self.problems.append(
                    f"lesson.scenes.{scene}.sources: no passage has the number {number}; cite "
                    f"only passages that were given ({len(self._passages)})"
                )
        return tuple(sorted(cited))
