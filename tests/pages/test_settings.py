"""Settings without a browser: what each part says, and what its buttons do."""

import html
import os
import re
import threading
import time
from pathlib import Path
from typing import TypeVar

import pytest

from pages.parts import checkup, frame, storeroom, strays, team, workshop
from pages.parts.errand import Errand
from pipeline import doctor
from pipeline.errors import StoreRefused
from pipeline.records import Person, Role
from pipeline.settings import SETTINGS
from pipeline.studio import people
from tests.little_studio import ME, LittleStudio
from tests.pages.screens import drawn, visit

NAMES = [name for name, *_ in workshop.PARTS]
PATIENCE_SECONDS = 40.0
T = TypeVar("T")


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at."""
    return LittleStudio(own_data_folder)


def part(name: str) -> str:
    return drawn(visit("settings", part=name))


def ended(errand: Errand[T]) -> T | None:
    """Wait until an errand has come back; return what it found."""
    end = time.monotonic() + PATIENCE_SECONDS
    while errand.outcome.began_at or not errand.outcome.ended_at:
        assert time.monotonic() < end
        time.sleep(0.02)
    return errand.outcome.found


@pytest.mark.parametrize("name", NAMES)
def test_every_part_has_an_address_that_shows_it_and_leads_to_the_others(studio: LittleStudio, name: str) -> None:
    seen = part(name)
    assert seen.count("<h1>") == 1
    assert f'href="/settings?part={name}" data-go aria-current="page"' in seen
    for other in NAMES:
        assert f'href="/settings?part={other}"' in seen
    if name == "files":
        ended(storeroom.errand())


def test_without_a_part_in_the_address_health_is_shown_at_once_and_nothing_thorough_is_begun(studio: LittleStudio) -> None:
    seen = drawn(visit("settings"))
    for title in ("Worker", "Sandbox", "Store", "Ledger"):
        assert f"<b>{title}</b>" in seen
    assert "Not checked since the studio started" in seen
    assert checkup.errand().outcome.began_at == ""


def test_an_address_that_never_was_gets_a_friendly_page(studio: LittleStudio) -> None:
    seen = part("<script>alert(1)</script>")
    assert "Nothing here" in seen
    assert "<script" not in seen
    assert 'href="/settings"' in seen


def test_every_part_is_checked_beside_the_screen_and_says_so_meanwhile(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_FFMPEG", "/nowhere/ffmpeg")
    begun, go, examine = [], threading.Event(), doctor.examine
    monkeypatch.setattr(doctor, "examine", lambda settings: (begun.append(1), go.wait(PATIENCE_SECONDS), examine(settings))[-1])
    for _ in range(2):
        frame.do(workshop.ACTIONS, {"do": "check-all"})
    during = part("health")
    go.set()
    assert "Checking every part" in during
    assert "disabled" in during[during.index('data-do="check-all"') :][:120]
    found = ended(checkup.errand())
    assert ([finding.part for finding in found if not finding.ok], len(begun)) == (["ffmpeg"], 1)
    after = part("health")
    assert f"1 of {len(found)} parts needs attention" in after
    assert after.count("Well") == len(found) - 1 + after.split("Every part, checked just now")[0].count("Well")
    assert "Correct STUDIO_FFMPEG, or unset it." in after


def test_a_check_that_found_nothing_wrong_says_so(studio: LittleStudio) -> None:
    frame.do(workshop.ACTIONS, {"do": "check-all"})
    found = ended(checkup.errand())
    assert f"All {len(found)} parts are well" in part("health")


def test_an_errand_runs_once_at_a_time_and_its_failure_is_said() -> None:
    made: list[int] = []

    def work() -> int:
        time.sleep(0.2)
        made.append(1)
        raise StoreRefused() if len(made) == 1 else KeyError("secret")

    errand = Errand(work)
    for _ in range(5):
        errand.begin()
    ended(errand)
    assert (len(made), errand.outcome.trouble) == (1, StoreRefused().on_screen)
    errand.begin()
    ended(errand)
    assert "KeyError" in errand.outcome.trouble
    assert "secret" not in errand.outcome.trouble


def test_an_errand_keeps_what_it_found_while_it_goes_again() -> None:
    waits = iter((0.0, 0.3))
    errand = Errand(lambda: time.sleep(next(waits)) or "found")
    errand.begin()
    assert ended(errand) == "found"
    errand.begin()
    assert (bool(errand.outcome.began_at), errand.outcome.found) == (True, "found")
    ended(errand)


def test_models_say_what_they_cost_since_when_and_whether_they_take_a_seed(studio: LittleStudio) -> None:
    seen = part("models")
    for model in studio.place.catalogue.models.values():
        row = seen[seen.index(f"<b>{html.escape(model.title)}</b>") :].partition("</tr>")[0]
        assert html.escape(model.endpoint) in row
        assert f"{model.expected_seconds:g} s" in row
        assert ("Yes" if model.takes_seed else "No, each take differs") in row
        assert f"since {model.prices[-1].valid_from.isoformat()}" in row
    kling = seen[seen.index("Kling 2.6") :].partition("</tr>")[0]
    assert "<b>$0.35</b>" in kling
    assert "silent · 5 × $0.07 a second · " in kling
    assert "<b>$0.70</b>" in kling


def test_styles_show_their_version_and_their_words(studio: LittleStudio) -> None:
    seen = part("styles")
    for style in studio.place.styles.values():
        assert f"<code>{style.id}</code>" in seen
        assert html.escape(style.text) in seen


def test_files_are_counted_by_themselves_and_shown_when_known(studio: LittleStudio) -> None:
    studio.customer()
    first = part("files")
    assert str(studio.place.settings.folder) in first
    ended(storeroom.errand())
    seen = part("files")
    for title in ("Database", "Jobs", "Media", "Logs"):
        assert f"<b>{title}</b>" in seen
    media = seen[seen.index("<b>Media</b>") :].partition("</tr>")[0]
    assert 'data-label="Files" class="number"><span>2</span>' in media
    assert "Measured just now" in seen


def test_a_count_that_is_fresh_is_not_repeated_but_a_press_repeats_it(studio: LittleStudio) -> None:
    part("files")
    ended(storeroom.errand())
    first = storeroom.errand().outcome.ended_at
    part("files")
    assert storeroom.errand().outcome.ended_at == first
    frame.do(workshop.ACTIONS, {"do": "measure"})
    ended(storeroom.errand())
    assert storeroom.errand().outcome.ended_at > first


def test_every_setting_is_shown_and_no_secret(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FAL_KEY", "WAVESPEED_API_KEY", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("STUDIO_JOBS_DB_URL", "postgresql://ana:hunter2@db.example/jobs")
    seen = part("values")
    assert [row.name for row in SETTINGS if f"<code>{row.name}</code>" not in seen] == []
    assert "hunter2" not in seen
    assert "postgresql://db.example/jobs" in seen


def test_the_version_is_shown_with_the_libraries(studio: LittleStudio) -> None:
    seen = part("version")
    for words in ("0.2.0", "Python", "streamlit", "1.67.0", "What is new"):
        assert words in seen
    assert "not the version that was tested" not in seen


@pytest.mark.parametrize(("may", "forms"), [("me", 3), ("ben", 0)])
def test_people_are_shown_as_they_wrote_themselves_and_only_some_may_change_them(
    studio: LittleStudio, monkeypatch: pytest.MonkeyPatch, may: str, forms: int
) -> None:
    nasty = "<script>x</script> שלום 👰"
    people.add(studio.place, nasty, "support", frozenset({Role.MAKE}), ME)
    people.add(studio.place, "ben", "product", frozenset({Role.VIEW}), ME)
    monkeypatch.setenv("STUDIO_PERSON", may)
    seen = part("people")
    assert html.escape(nasty) in seen
    assert "<script" not in seen
    assert '<b dir="auto">ben</b>' in seen
    assert seen.count('data-do="change-person"') == forms


def test_a_colleague_gets_another_team_and_other_roles(studio: LittleStudio) -> None:
    people.add(studio.place, "ben", "product", frozenset({Role.MAKE}), ME)
    frame.do(workshop.ACTIONS, {"do": "change-person", "name": "ben", "team": "support", "roles": "approve,publish,nonsense"})
    assert people.find(studio.place, "ben") == Person(name="ben", team="support", roles=frozenset({Role.VIEW, Role.APPROVE, Role.PUBLISH}))


@pytest.mark.parametrize(
    "what",
    [
        {"name": "nobody", "team": "x", "roles": "make"},
        {"name": "me", "team": "x", "roles": "make"},
        {"name": "me", "team": "x" * 5000, "roles": "admin"},
        {},
    ],
)
def test_what_cannot_be_is_not_done(studio: LittleStudio, what: dict[str, str]) -> None:
    before = studio.dump()
    frame.do(workshop.ACTIONS, {"do": "change-person", **what})
    assert studio.dump() == before


def test_whoever_may_not_change_people_changes_nobody(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    people.add(studio.place, "ben", "product", frozenset({Role.MAKE}), ME)
    monkeypatch.setenv("STUDIO_PERSON", "ben")
    before = studio.dump()
    frame.do(workshop.ACTIONS, {"do": "change-person", "name": "ben", "team": "product", "roles": "make,admin"})
    assert studio.dump() == before


def test_what_is_ticked_is_what_the_person_may_now(studio: LittleStudio) -> None:
    people.add(studio.place, "ben", "product", frozenset({Role.MAKE}), ME)
    for roles in ("make", "approve,money"):
        frame.do(workshop.ACTIONS, {"do": "change-person", "name": "ben", "team": "product", "roles": roles})
        form = team.draw().partition('data-name="ben"')[2].partition("</form>")[0]
        assert ",".join(re.findall(r'value="(\w+)" checked', form)) == roles


def test_what_no_row_knows_is_shown_with_its_size_and_goes_after_that(studio: LittleStudio) -> None:
    stray = studio.place.settings.folder / "objects" / "case-1" / "avatar" / f"{'0' * 64}.webp"
    studio.customer()
    studio.place.store.put(f"case-1/avatar/{stray.name}", b"left behind", media_type="image/webp", cache_control="no-store")
    yesterday = time.time() - 2 * 86_400
    os.utime(stray, (yesterday, yesterday))
    assert "nobody has looked yet" in part("files")
    strays.ACTIONS["look-for-strays"]({})
    report = ended(strays.errand())
    assert report is not None
    seen = part("files")
    assert "1 file without a row (11 bytes), 0 rows without a file." in seen
    assert stray.name in seen
    strays.ACTIONS["delete-strays"]({"mark": report.mark})
    assert not stray.exists()
    ended(strays.errand())
    assert "Every file has its row" in part("files")
    ended(storeroom.errand())
