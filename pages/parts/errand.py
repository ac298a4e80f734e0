"""Work that takes longer than a screen may wait: done beside the screens, once at a time, its last outcome kept for all of them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pipeline.errors import StudioError
from pipeline.records import now

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[T]):
    """How an errand stands: since when it is under way (empty: it is not), when it last ended, what it found or why it could not."""

    began_at: str = ""
    ended_at: str = ""
    found: T | None = None
    trouble: str = ""


class Errand(Generic[T]):
    """One piece of work that may be asked for again and again."""

    def __init__(self, work: Callable[[], T]) -> None:
        """Begin nothing yet."""
        self._work, self._turn = work, threading.Lock()
        self._outcome: Outcome[T] = Outcome()

    @property
    def outcome(self) -> Outcome[T]:
        """How it stands now."""
        return self._outcome

    def begin(self) -> None:
        """Begin, unless it is under way already."""
        with self._turn:
            if self._outcome.began_at:
                return
            self._outcome = replace(self._outcome, began_at=now())
        threading.Thread(target=self._do, daemon=True).start()

    def _do(self) -> None:
        found, trouble = None, ""
        try:
            found = self._work()
        except StudioError as error:
            trouble = error.on_screen
        except Exception as error:  # whatever it is, the screens must not wait for ever
            trouble = f"This could not be found out ({type(error).__name__}). Try again; if it happens twice, tell an engineer."
        self._outcome = Outcome(ended_at=now(), found=found, trouble=trouble)
