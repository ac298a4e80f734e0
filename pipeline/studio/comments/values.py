"""Comments, marks and threads as frozen values."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.errors import BadParameter
from pipeline.records import Asset, Case

DECIMALS = 4  # a ten-thousandth of a picture is less than a pixel of most


class Change(StrEnum):
    """What became of a comment."""

    SETTLED = "settled"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A place in a picture, in parts of its width and height from its upper left corner, 0 to 1; without width and height it is a point."""

    x: float
    y: float
    width: float = 0.0
    height: float = 0.0

    @property
    def is_point(self) -> bool:
        """Whether it is a point and no rectangle."""
        return not self.width and not self.height


@dataclass(frozen=True, kw_only=True)
class Comment:
    """What one person said of a picture, and when (UTC); `change` is the newest of what became of it, with by whom and when.

    Its text is empty once the picture was taken down.
    """

    id: str
    scope: str
    asset: str
    person: str
    said_at: str
    text: str
    mark: Mark | None
    answers_to: str | None
    change: Change | None = None
    changed_by: str = ""
    changed_at: str = ""

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was withdrawn."""
        return self.change is Change.WITHDRAWN

    def document(self) -> dict[str, Any]:
        """Return it as `id, case, asset, person, said_at, text, mark, answers_to, change, changed_by, changed_at`.

        The text of a withdrawn one is empty, a mark is four numbers from 0 to 1.
        """
        place = [self.mark.x, self.mark.y, self.mark.width, self.mark.height] if self.mark else None
        said = {"id": self.id, "case": self.scope, "asset": self.asset, "person": self.person, "said_at": self.said_at}
        became = {"change": self.change.value if self.change else None, "changed_by": self.changed_by or None, "changed_at": self.changed_at or None}
        return {**said, "text": "" if self.is_withdrawn else self.text, "mark": place, "answers_to": self.answers_to, **became}


@dataclass(frozen=True, kw_only=True)
class Thread:
    """A comment with its answers, oldest first; its number on the picture never changes."""

    number: int
    comment: Comment
    answers: tuple[Comment, ...]

    @property
    def is_open(self) -> bool:
        """Whether it is neither settled nor withdrawn."""
        return self.comment.change in (None, Change.REOPENED)


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A picture with everything said about it, oldest first; `still` is the picture to show where the file is a clip, None once it is gone."""

    asset: Asset
    case: Case
    still: Asset | None
    threads: tuple[Thread, ...]

    @property
    def open(self) -> int:
        """How many comments are open."""
        return sum(one.is_open for one in self.threads)

    def document(self) -> dict[str, Any]:
        """Return it as `case, asset, kind, open, comments`; each comment has its number, whether it is open, and its answers."""
        said = [
            {"number": one.number, "open": one.is_open, **one.comment.document(), "answers": [answer.document() for answer in one.answers]}
            for one in self.threads
        ]
        named = {"case": self.asset.scope, "asset": self.asset.sha256, "kind": self.asset.kind.value}
        return {**named, "open": self.open, "comments": said}

    def said_by(self, person: str) -> int:
        """Return how many comments and answers are this person's, withdrawn ones included."""
        return sum(one.person == person for thread in self.threads for one in (thread.comment, *thread.answers))


def mark_of(numbers: tuple[float, ...]) -> Mark:
    """Return the mark of two numbers (a point) or four (a rectangle), cut to a ten-thousandth; raises BadParameter for one outside the picture."""
    if len(numbers) not in (2, 4) or not all(math.isfinite(one) and 0 <= one <= 1 for one in numbers):
        raise BadParameter(
            "A mark is two or four numbers from 0 to 1.", next="Left and top, then width and height of a rectangle, as parts of the picture."
        )
    x, y, width, height = (*(round(one, DECIMALS) for one in numbers), 0.0, 0.0)[:4]
    if x + width > 1 + 10**-DECIMALS or y + height > 1 + 10**-DECIMALS:
        raise BadParameter("The marked rectangle reaches beyond the picture.", next="Mark a smaller one.")
    return Mark(x=x, y=y, width=width, height=height)
