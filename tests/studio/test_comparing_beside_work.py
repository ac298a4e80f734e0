"""While a bill is compared the studio goes on working, and what is decided meanwhile is not asked again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import NotNow
from pipeline.reckoning.comparing import Comparison
from pipeline.studio import differences, reconciling
from pipeline.studio.place import Place
from tests.little_studio import ME, LittleStudio
from tests.studio.test_reconciling import billed, charged, held_against, paid

Patch = pytest.MonkeyPatch


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path, customer=True)


def meanwhile(patch: Patch, act: Callable[[], object]) -> None:
    """Let something happen each time a bill is compared."""
    compare = reconciling.compare

    def comparing(*given: Any, **more: Any) -> Comparison:
        found = compare(*given, **more)
        act()
        return found

    patch.setattr(reconciling, "compare", comparing)


def test_others_can_write_while_a_bill_is_compared(studio: LittleStudio, monkeypatch: Patch) -> None:
    [call] = paid(studio, 1)
    other = Place(studio.place.settings)
    other.database.busy_seconds = 0.1

    def write() -> None:
        with other.database.writing() as tx:
            tx.execute("SELECT 1")

    meanwhile(monkeypatch, write)
    assert held_against(studio, billed(call)).comparison.matched == 1


def test_what_is_accepted_while_a_bill_is_compared_is_not_asked_again(studio: LittleStudio, monkeypatch: Patch) -> None:
    [call] = paid(studio, 1)
    held_against(studio, billed(call, 33_000_000))
    meanwhile(monkeypatch, lambda: differences.accept_all(studio.place, ME))
    assert held_against(studio, billed(call, 33_000_000)).undecided == ()
    assert (differences.undecided(studio.place), charged(studio)) == ((), 33_000)


def test_a_comparison_gives_up_while_decisions_go_on(studio: LittleStudio, monkeypatch: Patch) -> None:
    lines = [billed(call, 33_000_000) for call in paid(studio, 4)]
    held_against(studio, *lines)
    waiting = iter(differences.undecided(studio.place)[0].rows)

    def decide() -> None:
        one = next(waiting)
        differences.accept(studio.place, one.id, ME, mark=one.mark)

    meanwhile(monkeypatch, decide)
    with pytest.raises(NotNow, match="decided on"):
        held_against(studio, *lines)
    assert studio.rows("SELECT count(*) AS n FROM reconciliations") == [{"n": 1}]


def test_what_is_left_while_a_bill_is_compared_stays_left(studio: LittleStudio, monkeypatch: Patch) -> None:
    [call] = paid(studio, 1)
    held_against(studio, billed(call, 33_000_000))

    def leave() -> None:
        for one in differences.undecided(studio.place):
            differences.leave(studio.place, one.rows[0].id, "claimed back", ME)

    meanwhile(monkeypatch, leave)
    assert held_against(studio, billed(call, 33_000_000)).decided == 1
    assert studio.rows("SELECT state FROM differences") == [{"state": "left"}]
