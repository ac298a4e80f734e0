"""What reaches others waits for its moment: undone before that it never begins, and whoever comes first decides, also after a restart."""

import threading
from pathlib import Path

import pytest

from pipeline.errors import NotAllowed, NotNow
from pipeline.publishing.publications import State
from pipeline.records import Asset, AssetKind, Decision, Person, Role
from pipeline.studio import publishing, reviews
from pipeline.studio.undo import actions, back, orders
from pipeline.studio.undo.actions import Action, End
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.public_store import in_public


def order(studio: LittleStudio, asset: Asset, press: str = "one", after_seconds: int = 10) -> Action:
    return orders.order_publication(studio.place, CASE, asset.sha256, OWNER, ME, press=press, after_seconds=after_seconds)


def outcome(studio: LittleStudio, action: Action) -> End | None:
    with studio.place.database.reading() as db:
        return actions.get(db, action.id).outcome


def shown(studio: LittleStudio) -> list[str]:
    return [row["kind"] for row in studio.rows("SELECT kind FROM publications WHERE state = ?", State.PUBLISHED.value)]


def test_an_order_to_publish_begins_when_its_moment_has_come_and_not_before(studio: LittleStudio) -> None:
    avatar = studio.approved_avatar()
    later = order(studio, avatar)
    assert (orders.begin_due(studio.place), shown(studio)) == (0, [])
    assert undo_says(studio, "one") == []
    due = order(studio, avatar, "two", after_seconds=0)
    assert (orders.begin_due(studio.place), shown(studio), orders.begin_due(studio.place)) == (1, ["avatar"], 0)
    assert (outcome(studio, later), outcome(studio, due)) == (End.UNDONE, End.BEGUN)


def undo_says(studio: LittleStudio, press: str) -> list[str]:
    return [error.say for error in back.undo(studio.place, press, ME).refused]


def test_an_order_survives_that_everything_is_started_anew(studio: LittleStudio, tmp_path: Path) -> None:
    order(studio, studio.approved_avatar(), after_seconds=0)
    studio.place.database.close()
    again = LittleStudio(tmp_path / "studio")
    assert (orders.begin_due(again.place), shown(again)) == (1, ["avatar"])


def test_now_begins_at_once_what_a_press_ordered(studio: LittleStudio) -> None:
    order(studio, studio.approved_avatar())
    back.begin_now(studio.place, "one", ME)
    assert shown(studio) == ["avatar"]
    assert undo_says(studio, "one") == ["This has begun, so it cannot be undone."]
    assert shown(studio) == ["avatar"]


def test_the_same_order_pressed_twice_is_one(studio: LittleStudio) -> None:
    avatar = studio.approved_avatar()
    assert order(studio, avatar, "one") == order(studio, avatar, "two")


def test_guests_see_it_until_the_moment_of_a_withdrawal_has_come(studio: LittleStudio) -> None:
    publishing.publish(studio.place, CASE, studio.approved_clip().sha256, OWNER, ME)
    orders.order_withdrawal(studio.place, CASE, OWNER, ME, "asked for", kinds=[AssetKind.CLIP], press="one")
    assert set(shown(studio)) == {"avatar", "clip", "poster"}
    back.begin_now(studio.place, "one", ME)
    assert shown(studio) == ["avatar"]
    orders.order_withdrawal(studio.place, CASE, OWNER, ME, press="two", after_seconds=0)
    orders.begin_due(studio.place)
    assert (shown(studio), in_public(studio.place)) == ([], set())


def test_what_cannot_be_done_is_refused_when_it_is_ordered(studio: LittleStudio) -> None:
    with pytest.raises(NotNow, match="not approved"):
        order(studio, studio.avatar())
    with pytest.raises(NotNow, match="Nothing of this is published"):
        orders.order_withdrawal(studio.place, CASE, OWNER, ME, press="one")
    with pytest.raises(NotAllowed):
        orders.order_withdrawal(studio.place, CASE, OWNER, Person(name="v", roles=frozenset({Role.VIEW})), press="one")
    assert studio.rows("SELECT * FROM actions") == []


def test_what_has_become_impossible_meanwhile_is_written_down_as_refused_with_the_reason(studio: LittleStudio) -> None:
    avatar = studio.approved_avatar()
    ordered = order(studio, avatar, after_seconds=0)
    reviews.decide_on(studio.place, avatar, OWNER, Decision.REJECTED, ME)
    orders.begin_due(studio.place)
    with studio.place.database.reading() as db:
        ended = actions.get(db, ordered.id)
    assert (ended.outcome, shown(studio)) == (End.REFUSED, [])
    assert ended.error is not None
    assert "not approved" in ended.error["say"]


def test_of_an_undo_and_a_beginning_at_one_moment_exactly_one_happens(studio: LittleStudio) -> None:
    """Twenty orders, each undone and begun by two threads at once: published exactly where the undo was refused."""
    avatar = studio.approved_avatar()
    for number in range(20):
        ordered = order(studio, avatar, f"press-{number}", after_seconds=0)
        refused: list[str] = []
        both = threading.Barrier(2)

        def take_back(press: str = ordered.press, said: list[str] = refused, both: threading.Barrier = both) -> None:
            both.wait()
            said.extend(undo_says(studio, press))

        thread = threading.Thread(target=take_back)
        thread.start()
        both.wait()
        orders.begin_due(studio.place)
        thread.join()
        assert (outcome(studio, ordered), bool(shown(studio))) == ((End.BEGUN, True) if refused else (End.UNDONE, False))
        if refused:
            orders.order_withdrawal(studio.place, CASE, OWNER, ME, press=f"away-{number}", after_seconds=0)
            orders.begin_due(studio.place)


def test_the_rows_of_actions_are_never_changed_nor_removed(studio: LittleStudio) -> None:
    ordered = order(studio, studio.approved_avatar())
    for statement in ("UPDATE actions SET begins_at = 'x'", "DELETE FROM actions", "UPDATE actions SET person = 'ana'"):
        with pytest.raises(Exception, match="never"), studio.place.database.writing() as tx:
            tx.execute(statement)
    assert undo_says(studio, ordered.press) == []
    with pytest.raises(Exception, match="never"), studio.place.database.writing() as tx:
        tx.execute("DELETE FROM action_ends")
