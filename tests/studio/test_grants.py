"""Extra attempts are given by an admin, with a reason, once a click, and leave a trace."""

import json

import pytest

from pipeline.errors import AttemptsUsed, BadParameter, NotAllowed, WrongOwner
from pipeline.records import Person, Role
from pipeline.studio import grants, portraits
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True, STUDIO_ATTEMPTS="1")


def ask(studio, number):
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=number), ME, run_id=f"r-{number}")


def given(studio):
    with studio.place.database.reading() as db:
        return grants.of_case(db, CASE)


def test_a_grant_lets_the_case_go_on_and_says_who_and_why(studio):
    ask(studio, 1)
    with pytest.raises(AttemptsUsed):
        ask(studio, 2)
    made = grants.grant(studio.place, CASE, OWNER, 2, "  the photo was <b>dark</b> 🙂 ", ME)
    ask(studio, 2)
    ask(studio, 3)
    with pytest.raises(AttemptsUsed):
        ask(studio, 4)
    assert given(studio) == (made,)
    assert (made.attempts, made.person, made.reason) == (2, "me", "the photo was <b>dark</b> 🙂")


def test_a_grant_is_in_the_audit_log_under_its_case_with_the_owner(studio):
    grants.grant(studio.place, CASE, OWNER, 3, "goodwill", ME)
    log = studio.rows("SELECT person, subject, detail FROM audit_log WHERE action = 'grant'")
    assert [(row["person"], row["subject"]) for row in log] == [("me", CASE)]
    assert json.loads(log[0]["detail"]) == {"owner": OWNER, "attempts": 3, "reason": "goodwill"}


def test_a_double_click_grants_once_and_a_later_one_again(studio):
    first = grants.grant(studio.place, CASE, OWNER, 3, "goodwill", ME)
    assert grants.grant(studio.place, CASE, OWNER, 3, "goodwill", ME) == first
    other = grants.grant(studio.place, CASE, OWNER, 3, "another reason", ME)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE grants SET at = '2026-01-01T00:00:00.000000+00:00' WHERE id = ?", (other.id,))
        tx.execute("UPDATE grants SET at = '2026-01-02T00:00:00.000000+00:00' WHERE id = ?", (first.id,))
    grants.grant(studio.place, CASE, OWNER, 3, "goodwill", ME)
    assert [(one.attempts, one.reason) for one in given(studio)] == [(3, "goodwill"), (3, "goodwill"), (3, "another reason")]


@pytest.mark.parametrize(("attempts", "reason"), [(0, "why"), (-1, "why"), (21, "why"), (1, ""), (1, "  \n"), (1, "x" * 1001)])
def test_what_cannot_be_granted_changes_nothing(studio, attempts, reason):
    before = studio.dump()
    with pytest.raises(BadParameter):
        grants.grant(studio.place, CASE, OWNER, attempts, reason, ME)
    assert studio.dump() == before


def test_only_an_admin_grants_and_only_with_the_right_owner(studio):
    before = studio.dump()
    with pytest.raises(NotAllowed):
        grants.grant(studio.place, CASE, OWNER, 1, "why", Person(name="cleo", roles=frozenset(Role) - {Role.ADMIN}))
    with pytest.raises(WrongOwner):
        grants.grant(studio.place, CASE, "ben", 1, "why", ME)
    assert studio.dump() == before
