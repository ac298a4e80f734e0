"""One search finds everything that has a page of its own, by its name or by its id as screens show it."""

import time
from pathlib import Path

import pytest

from pipeline.folding import fold
from pipeline.records import Person, RunKind
from pipeline.studio import finding, photos, portraits, search, sweeps, takedown
from pipeline.studio.search import Found
from pipeline.studio.standing import CaseState
from pipeline.studio.takedown_copies import Subject
from pipeline.sweeps.plans import Plan
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

BEN = Person(name="ben")
MANY = 100_000


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    """Three cases, a sweep, and a request on its way."""
    studio = LittleStudio(tmp_path, customer=True)
    photos.open_case(studio.place, "A-1042", "u-77", ME, name="Łukasz & Zoë O’Brien")
    photos.open_case(studio.place, "A-1043", "u-78", BEN, name="Weiß, Sørensen")
    sweeps.save(studio.place, "s1", "Frühling presets", Plan(kind=RunKind.AVATAR, axes={}), ME, version=0)
    return studio


def names(found: Found) -> list[str]:
    return [*(line.case.id for line in found.cases), *(one.id for one in found.sweeps), *(one.seen.run.id for one in found.runs)]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("lukasz", ["A-1042"]),
        ("zoe o'brien", ["A-1042"]),
        ("WEISS sorensen", ["A-1043"]),
        ("fruhling", ["s1"]),
        ("#A-1042", ["A-1042"]),
        ("a-104", ["A-1043", "A-1042"]),
        ("A-104…", ["A-1043", "A-1042"]),
        ("“u-77”", []),
        ("u-77", ["A-1042"]),
        ("nobody", []),
        ("", []),
        ("  #… ", []),
        ("\ud800", []),
        ("%", []),
        ("' OR 1=1 --", []),
        ("x" * 100_000, []),
    ],
)
def test_what_is_typed_is_found_whatever_its_accents_and_however_an_id_is_shown(studio: LittleStudio, typed: str, found: list[str]) -> None:
    assert names(search.look_for(studio.place, typed)) == found


def test_a_run_and_its_request_are_found_by_the_beginning_of_their_ids(studio: LittleStudio) -> None:
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, run_id="r7f3a9c").run
    call = studio.submit(run)
    for typed in ("r7f3", "r7f3a9c", "#r7f3…", "R7F3A9C"):
        assert [(one.seen.run.id, one.request) for one in search.look_for(studio.place, typed).runs] == [(run.id, None)], typed
    request = str(call.request_id)
    for typed in (request, request[:9], f"{request[:12]}…"):
        assert [one.request.id for one in search.look_for(studio.place, typed).runs if one.request] == [call.id], typed
    assert search.look_for(studio.place, "r7f").runs == ()


def test_the_case_that_is_called_exactly_so_comes_first_and_eight_of_a_kind_are_enough(studio: LittleStudio) -> None:
    for number in range(12):
        photos.open_case(studio.place, f"B-1{number}", "u", ME, name="B-1")
    photos.open_case(studio.place, "B-1", "u", ME, name="first")
    photos.open_case(studio.place, "B-1x", "u", ME, name="later")
    found = search.look_for(studio.place, "B-1").cases
    assert (len(found), found[0].case.id) == (8, "B-1")


def test_a_name_that_was_taken_down_is_found_no_more_and_its_case_by_its_id(studio: LittleStudio) -> None:
    subject = Subject(case_id="A-1042", owner="u-77")
    takedown.take_down(studio.place, subject, ME, "asked for", expected=takedown.plan(studio.place, subject).mark)
    assert names(search.look_for(studio.place, "lukasz")) == []
    assert names(search.look_for(studio.place, "A-1042")) == ["A-1042"]
    assert finding.search(studio.place, "obrien").total == 0


def test_a_sweep_is_found_by_its_new_name_alone(studio: LittleStudio) -> None:
    sweep = sweeps.find(studio.place, "s1")
    sweeps.save(studio.place, "s1", "Autumn", sweep.plan, ME, version=sweep.version)
    copy = sweeps.duplicate(studio.place, "s1", "s1-copy-1", ME)
    assert names(search.look_for(studio.place, "fruhling")) == []
    assert set(names(search.look_for(studio.place, "autumn"))) == {"s1", copy.id}


def test_every_name_that_is_kept_is_kept_folded_as_well(studio: LittleStudio) -> None:
    rows = studio.rows("SELECT folded, id, owner, name FROM cases") + studio.rows("SELECT folded, id, NULL AS owner, name FROM sweeps")
    assert [row for row in rows if row["folded"] != fold(*filter(None, (row["id"], row["owner"], row["name"])))] == []


def test_a_list_is_narrowed_to_a_status_and_to_ones_own(studio: LittleStudio) -> None:
    assert {line.case.id for line in finding.search(studio.place, states=[CaseState.NO_PHOTO]).lines} == {"A-1042", "A-1043"}
    assert [line.case.id for line in finding.search(studio.place, of="ben").lines] == ["A-1043"]
    portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(), BEN, run_id="r-of-ben")
    assert {line.case.id for line in finding.search(studio.place, of="ben").lines} == {"A-1043", CASE}
    working = finding.search(studio.place, states=[CaseState.WORKING], of="ben")
    assert ([line.case.id for line in working.lines], working.total) == ([CASE], 1)
    assert finding.search(studio.place, "weiss", states=[CaseState.WORKING]).total == 0


def test_among_a_hundred_thousand_cases_an_answer_takes_a_moment(studio: LittleStudio) -> None:
    with studio.place.database.writing() as tx:
        named = [(f"Z-{number}", f"Nomen {number % 977} & Alia") for number in range(MANY)]
        rows = [(id_, "o", name, fold(id_, name)) for id_, name in named]
        tx.executemany("INSERT INTO cases(id, owner, name, folded, plan, created_by, created_at) VALUES (?, ?, ?, ?, 'premium', 'me', '2026')", rows)

    def seconds(words: str) -> float:
        began = time.process_time()
        search.look_for(studio.place, words)
        return time.process_time() - began

    assert min(seconds("lukasz") for _ in range(3)) < 0.15
    assert min(seconds("nomen 5") for _ in range(3)) < 0.5
