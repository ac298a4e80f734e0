"""A comment stands on a picture for everybody; it is settled, opened again and withdrawn by rows beside it, and only a take-down empties it."""

import json
import sqlite3

import pytest

from pipeline.errors import BadParameter, NotAllowed, NotNow, OutOfDate, UnknownName
from pipeline.records import AssetKind, Person, Role
from pipeline.studio import removal, takedown
from pipeline.studio.comments.reading import open_comments, talk_about
from pipeline.studio.comments.saying import comment_on, reopen, settle, withdraw_comment
from pipeline.studio.comments.values import Mark, mark_of
from pipeline.studio.comments.words import clean_text
from pipeline.studio.takedown_copies import Subject
from tests.little_studio import CASE, ME, OWNER, LittleStudio

BOB = Person(name="bob", roles=frozenset({Role.VIEW}))
EYE = Mark(x=0.4, y=0.3)


@pytest.fixture
def studio(tmp_path):
    studio = LittleStudio(tmp_path / "studio", customer=True)
    studio.picture = studio.avatar()
    return studio


def say(studio, text="The left eye is too dark.", by=ME, **how):
    return comment_on(studio.place, CASE, studio.picture.sha256, text, by, **how)


def talk(studio):
    return talk_about(studio.place, CASE, studio.picture.sha256)


def open_now(studio):
    return open_comments(studio.place, [(CASE, studio.picture.sha256), (CASE, "0" * 64), (CASE, studio.picture.sha256)])


def test_a_comment_with_a_mark_and_its_answer_are_seen_by_everybody(studio):
    first = say(studio, " Eyes too dark\r\nsee here ", mark=EYE)
    answer = say(studio, "Make it again?", BOB, answers_to=first.id)
    say(studio, "Yes.", answers_to=answer.id)
    [thread] = talk(studio).threads
    assert (thread.number, thread.comment.text, thread.comment.mark, thread.comment.person) == (1, "Eyes too dark\nsee here", EYE, "me")
    assert [(one.person, one.text) for one in thread.answers] == [("bob", "Make it again?"), ("me", "Yes.")]
    assert open_now(studio) == {(CASE, studio.picture.sha256): 1}


def test_a_comment_on_a_display_copy_is_one_on_its_avatar(studio):
    comment_on(studio.place, CASE, studio.display_of(studio.picture).sha256, "Here", ME)
    assert talk(studio).open == 1


def test_the_same_press_twice_is_one_comment(studio):
    assert say(studio, comment_id="c-press") == say(studio, comment_id="c-press")
    assert len(talk(studio).threads) == 1


def test_a_settled_comment_is_not_open_until_somebody_opens_it_again(studio):
    said = say(studio)
    for _ in range(2):
        settle(studio.place, said.id, BOB)
    assert (open_now(studio), talk(studio).threads[0].comment.changed_by) == ({}, "bob")
    reopen(studio.place, said.id, ME)
    assert talk(studio).open == 1
    assert len(studio.rows("SELECT 1 FROM comment_changes")) == 2


def test_only_who_wrote_it_or_an_admin_withdraws_a_comment_and_its_number_stays(studio):
    first, second = say(studio, by=BOB), say(studio, "Another")
    with pytest.raises(NotAllowed):
        withdraw_comment(studio.place, second.id, BOB)
    withdraw_comment(studio.place, first.id, ME)
    assert [(one.number, one.is_open) for one in talk(studio).threads] == [(1, False), (2, True)]
    for late in (lambda: settle(studio.place, first.id, ME), lambda: say(studio, "Why?", answers_to=first.id)):
        with pytest.raises(NotNow, match="withdrawn"):
            late()


def test_rows_are_added_and_none_is_changed_or_removed(studio):
    said = say(studio)
    settle(studio.place, said.id, ME)
    for change in ("UPDATE comments SET text = ''", "DELETE FROM comments", "UPDATE comment_changes SET person = 'x'", "DELETE FROM comment_changes"):
        with pytest.raises(sqlite3.IntegrityError), studio.place.database.writing() as tx:
            tx.execute(change)


def test_every_write_is_in_the_audit_log_without_its_words(studio):
    said = say(studio)
    settle(studio.place, said.id, BOB)
    withdraw_comment(studio.place, said.id, ME)
    rows = studio.rows("SELECT person, action, subject, detail FROM audit_log WHERE action GLOB 'comment*' ORDER BY id")
    assert [(row["person"], row["action"]) for row in rows] == [("me", "comment"), ("bob", "comment settled"), ("me", "comment withdrawn")]
    assert {row["subject"] for row in rows} == {CASE}
    assert {json.loads(row["detail"])["comment"] for row in rows} == {said.id}
    assert not any("dark" in row["detail"] for row in rows)


def test_whoever_may_not_look_may_not_comment(studio):
    before = studio.dump()
    with pytest.raises(NotAllowed, match="eve may not"):
        say(studio, by=Person(name="eve", roles=frozenset({Role.MONEY})))
    assert studio.dump() == before


@pytest.mark.parametrize("text", ["", " \n ", "\u200b\u200d", "safe\u202egnp", "bell\a", "null\0", "half \ud83d", "x" * 1001])
def test_a_text_that_is_empty_too_long_or_not_what_it_looks_like_is_refused(studio, text):
    before = studio.dump()
    with pytest.raises(BadParameter):
        say(studio, text)
    assert studio.dump() == before


@pytest.mark.parametrize("text", ["שלום, העין השמאלית", "👩‍👩‍👧 zu dunkel", "a\u0308", "x" * 1000, "one\ttwo\nthree"])
def test_every_script_and_line_breaks_are_kept(text):
    assert len(clean_text(text)) <= len(text)


@pytest.mark.parametrize("numbers", [(), (0.5,), (0.1, 0.2, 0.3), (1.1, 0), (-0.1, 0), (float("nan"), 0), (0.8, 0.1, 0.3, 0.1)])
def test_a_mark_outside_the_picture_is_refused(numbers):
    with pytest.raises(BadParameter):
        mark_of(numbers)


def test_a_mark_is_a_point_or_a_rectangle():
    assert mark_of((0.25, 0.5)) == Mark(x=0.25, y=0.5)
    assert not mark_of((0.2, 0.2, 0.333333, 0.8)).is_point


def test_an_answer_belongs_to_the_picture_of_what_it_answers(studio):
    said, other = say(studio), studio.avatar()
    with pytest.raises(OutOfDate):
        comment_on(studio.place, CASE, other.sha256, "Here", ME, answers_to=said.id)
    with pytest.raises(UnknownName):
        say(studio, "Here", answers_to="c-none")


def test_what_is_part_of_another_picture_has_no_comments_of_its_own(studio):
    [crop] = [one for one in studio.assets() if one.kind is AssetKind.CROP]
    with pytest.raises(UnknownName):
        comment_on(studio.place, CASE, crop.sha256, "Here", ME)


def test_after_a_removal_what_was_said_stays_and_nothing_is_added(studio):
    say(studio)
    mark = removal.dependents(studio.place, CASE, studio.picture.sha256).mark
    removal.remove(studio.place, CASE, studio.picture.sha256, OWNER, ME, "asked", expected=mark)
    assert talk(studio).threads[0].comment.text == "The left eye is too dark."
    with pytest.raises(NotNow, match="removed"):
        say(studio)


@pytest.mark.parametrize("whole", [False, True])
def test_a_take_down_removes_the_words_and_the_marks_and_leaves_those_of_others(studio, whole):
    studio.customer("case-2", "ben", photo="green")
    other = studio.avatar("case-2")
    comment_on(studio.place, "case-2", other.sha256, "Somebody else's", ME)
    said = say(studio, "Anna's scar shows", mark=EYE)
    say(studio, "Anna agrees", answers_to=said.id)
    subject = Subject(case_id=CASE, owner=OWNER, sha256="" if whole else studio.picture.sha256)
    takedown.take_down(studio.place, subject, ME, expected=takedown.plan(studio.place, subject).mark)
    [thread] = talk(studio).threads
    assert (thread.comment.text, thread.comment.mark, [one.text for one in thread.answers]) == ("", None, [""])
    assert (thread.comment.person, thread.comment.said_at) == (said.person, said.said_at)
    assert [row["text"] for row in studio.rows("SELECT text FROM comments WHERE text <> ''")] == ["Somebody else's"]
