"""A decision is taken once however often it is clicked, can be taken back, leaves a trace, and never touches a file."""

import pytest

from pipeline.database import update
from pipeline.errors import BadParameter, NotNow
from pipeline.records import Decision, Person, now
from pipeline.studio import portraits, reviews
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

APPROVED, REJECTED, WITHDRAWN = Decision.APPROVED, Decision.REJECTED, Decision.WITHDRAWN


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True)


def made(studio, number):
    return studio.succeed(portraits.ask_next_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, number).run)


def decide(studio, asset, decision, note="", by=ME):
    return reviews.decide_on(studio.place, asset, OWNER, decision, by, note)


def said(studio):
    return [(row["decision"], row["note"]) for row in studio.rows("SELECT decision, note FROM approvals ORDER BY at, rowid")]


@pytest.mark.parametrize("decision", [APPROVED, REJECTED])
def test_a_second_click_leaves_no_second_trace(studio, decision):
    avatar = made(studio, 1)
    decide(studio, avatar, decision, "why")
    before = studio.dump()
    decide(studio, avatar, decision, by=Person(name="ana"))
    decide(studio, avatar, decision, "why")
    assert studio.dump() == before


def test_another_reason_is_another_trace(studio):
    avatar = made(studio, 1)
    decide(studio, avatar, REJECTED, " a face is distorted ")
    decide(studio, avatar, REJECTED, "the hands are odd")
    assert said(studio) == [("rejected", "a face is distorted"), ("rejected", "the hands are odd")]


def test_an_avatar_that_was_replaced_is_approved_again(studio):
    first, second = made(studio, 1), made(studio, 2)
    decide(studio, first, APPROVED)
    decide(studio, second, APPROVED)
    assert decide(studio, first, APPROVED).avatar == first.sha256
    assert len(said(studio)) == 3


@pytest.mark.parametrize("decision", [APPROVED, REJECTED])
def test_a_decision_is_taken_back_once_and_can_be_taken_anew(studio, decision):
    avatar, files = made(studio, 1), studio.files()
    decide(studio, avatar, decision)
    assert decide(studio, avatar, WITHDRAWN, "too early").avatar is None
    before = studio.dump()
    decide(studio, avatar, WITHDRAWN)
    assert studio.dump() == before
    assert decide(studio, avatar, APPROVED).avatar == avatar.sha256
    assert said(studio) == [(decision, ""), ("withdrawn", "too early"), ("approved", "")]
    assert studio.files() == files


def test_what_nobody_decided_cannot_be_withdrawn(studio):
    avatar = made(studio, 1)
    before = studio.dump()
    with pytest.raises(NotNow, match="no decision"):
        decide(studio, avatar, WITHDRAWN)
    assert studio.dump() == before


def test_what_was_removed_is_neither_approved_nor_brought_back(studio):
    avatar = made(studio, 1)
    with studio.place.database.writing() as tx:
        update(tx, "assets", {"scope": CASE, "sha256": avatar.sha256}, {"removed_at": now()})
    before = studio.dump()
    with pytest.raises(NotNow, match="removed"):
        decide(studio, avatar, APPROVED)
    assert studio.dump() == before


def test_a_reason_has_its_length(studio):
    avatar = made(studio, 1)
    before = studio.dump()
    with pytest.raises(BadParameter):
        decide(studio, avatar, REJECTED, "x" * 2001)
    assert studio.dump() == before
    decide(studio, avatar, REJECTED, "<b>" + "x" * 1997)
    assert len(said(studio)[0][1]) == 2000
