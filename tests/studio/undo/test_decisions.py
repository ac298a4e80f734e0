"""What was decided on a screen is undone by a new row: the decision before stands again, with what was current then, or nothing changes at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import cases
from pipeline.errors import NotAllowed, NotNow
from pipeline.records import Asset, Decision, Person, Role
from pipeline.studio import library, portraits, publishing, removal, reviews
from pipeline.studio.filters import Filter, Sort, State
from pipeline.studio.undo import back, decisions, orders
from pipeline.workflows.wishes import ClipWish
from tests.examples import few
from tests.little_studio import CASE, ME, OWNER, LittleStudio

APPROVED, REJECTED, WITHDRAWN = Decision.APPROVED, Decision.REJECTED, Decision.WITHDRAWN
ANA = Person(name="ana")


def decide(studio: LittleStudio, asset: Asset, decision: Decision, press: str, note: str = "", by: Person = ME) -> None:
    decisions.decide(studio.place, asset, OWNER, decision, by, note, press=press)


def undo(studio: LittleStudio, press: str, by: Person = ME) -> list[str]:
    """Undo a press; return why what was not undone was not."""
    return [error.say for error in back.undo(studio.place, press, by).refused]


def stands(studio: LittleStudio, asset: Asset) -> Decision | None:
    with studio.place.database.reading() as db:
        return cases.decision_of(db, asset.scope, asset.sha256)


def said(studio: LittleStudio) -> list[tuple[str, str]]:
    return [(row["decision"], row["note"]) for row in studio.rows("SELECT decision, note FROM approvals ORDER BY rowid")]


def clip_of(studio: LittleStudio, avatar: Asset) -> Asset:
    return studio.succeed(portraits.ask_next_clip(studio.place, CASE, OWNER, avatar.sha256, ClipWish(), ME, 1).run)


def test_an_approval_undone_waits_for_a_decision_again_and_nothing_is_erased(studio: LittleStudio) -> None:
    avatar = studio.avatar()
    decide(studio, avatar, APPROVED, "one")
    assert studio.case().avatar == avatar.sha256
    assert undo(studio, "one") == []
    assert (studio.case().avatar, stands(studio, avatar)) == (None, None)
    assert said(studio) == [("approved", ""), ("undone", "")]
    assert [item.asset.sha256 for item in library.find(studio.place, Filter(states=(State.TO_REVIEW,)), Sort.NEWEST).items] == [avatar.sha256]


def test_a_rejection_undone_restores_the_approval_with_its_note_and_what_was_current(studio: LittleStudio) -> None:
    clip = studio.approved_clip()
    avatar = studio.case().avatar
    assert avatar is not None
    with studio.place.database.reading() as db:
        shown = actions_asset(studio, avatar)
        assert cases.decision_of(db, CASE, avatar) is APPROVED
    decide(studio, shown, REJECTED, "one", "the hands are odd")
    assert (studio.case().avatar, studio.case().clip) == (None, None)
    assert undo(studio, "one") == []
    assert (studio.case().avatar, studio.case().clip) == (avatar, clip.sha256)
    assert (stands(studio, shown), said(studio)[-1]) == (APPROVED, ("approved", ""))


def actions_asset(studio: LittleStudio, sha256: str) -> Asset:
    return next(one for one in studio.assets() if one.sha256 == sha256)


def test_an_approval_that_retired_a_clip_gives_it_back(studio: LittleStudio) -> None:
    clip = studio.approved_clip()
    before = studio.case()
    second = studio.avatar()
    decide(studio, second, APPROVED, "one")
    assert studio.case().clip is None
    assert undo(studio, "one") == []
    assert (studio.case().avatar, studio.case().clip) == (before.avatar, clip.sha256)


def test_what_was_retired_and_rejected_meanwhile_is_not_given_back(studio: LittleStudio) -> None:
    clip, second = studio.approved_clip(), studio.avatar()
    decide(studio, second, APPROVED, "one")
    reviews.decide_on(studio.place, clip, OWNER, REJECTED, ANA)
    before = studio.dump()
    assert undo(studio, "one") == ["What stood before was rejected or removed meanwhile."]
    assert studio.dump() == before


def test_a_colleague_s_decision_in_between_is_not_overwritten(studio: LittleStudio) -> None:
    first, second = studio.avatar(), studio.avatar()
    decide(studio, first, APPROVED, "one")
    reviews.decide_on(studio.place, second, OWNER, APPROVED, ANA)
    assert undo(studio, "one") == ["Something else has become current in this case meanwhile."]
    reviews.decide_on(studio.place, first, OWNER, REJECTED, ANA)
    assert undo(studio, "one") == ["Something else was decided about it meanwhile."]
    assert (studio.case().avatar, stands(studio, first)) == (second.sha256, REJECTED)


def test_several_approved_at_once_are_undone_together(studio: LittleStudio) -> None:
    first, second = studio.avatar(), studio.avatar()
    for one in (first, second):
        decide(studio, one, APPROVED, "one")
    assert undo(studio, "one") == []
    assert (studio.case().avatar, stands(studio, first), stands(studio, second)) == (None, None, None)


def test_an_undo_pressed_twice_happens_once(studio: LittleStudio) -> None:
    avatar = studio.avatar()
    decide(studio, avatar, APPROVED, "one")
    assert undo(studio, "one") == []
    before = studio.dump()
    assert undo(studio, "one") == ["This was undone already."]
    assert studio.dump() == before


def test_only_who_did_it_may_undo_it_and_only_with_the_role_it_took(studio: LittleStudio) -> None:
    decide(studio, studio.avatar(), APPROVED, "one")
    with pytest.raises(NotAllowed, match="Only who did this"):
        undo(studio, "one", ANA)
    with pytest.raises(NotAllowed):
        undo(studio, "one", Person(name="me", roles=frozenset({Role.VIEW})))
    with pytest.raises(NotNow, match="nothing to undo"):
        undo(studio, "another press")


def test_a_decision_that_changes_nothing_is_no_action(studio: LittleStudio) -> None:
    avatar = studio.approved_avatar()
    assert decisions.decide(studio.place, avatar, OWNER, APPROVED, ME, press="one") is None


def test_what_was_published_or_removed_meanwhile_is_not_undone(studio: LittleStudio) -> None:
    first = studio.avatar()
    decide(studio, first, APPROVED, "one")
    order = orders.order_publication(studio.place, CASE, first.sha256, OWNER, ME, press="two")
    assert undo(studio, "one") == ["It is about to be published."]
    orders.begin(studio.place, order)
    assert undo(studio, "one") == ["Guests see it by now."]
    second = studio.avatar()
    decide(studio, second, REJECTED, "three")
    removal.remove(studio.place, CASE, second.sha256, OWNER, ME, "wrong", expected=removal.dependents(studio.place, CASE, second.sha256).mark)
    assert undo(studio, "three") == ["It was removed meanwhile."]


def test_rejecting_what_guests_see_begins_later_and_undone_they_never_miss_it(studio: LittleStudio) -> None:
    avatar = studio.approved_avatar()
    shown = publishing.publish(studio.place, CASE, avatar.sha256, OWNER, ME)
    order = decisions.decide(studio.place, avatar, OWNER, REJECTED, ME, "no", press="one")
    assert order is not None
    assert (order.waits, stands(studio, avatar), [row["state"] for row in studio.rows("SELECT state FROM publications")]) == (
        True,
        APPROVED,
        ["published"],
    )
    assert undo(studio, "one") == []
    decide(studio, avatar, REJECTED, "two", "no")
    back.begin_now(studio.place, "two", ME)
    assert (stands(studio, avatar), [row["state"] for row in studio.rows("SELECT state FROM publications")]) == (REJECTED, ["withdrawn"])
    assert shown[0].asset == avatar.sha256


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), st.integers(0, 3), st.sampled_from([APPROVED, REJECTED, WITHDRAWN])),
        st.tuples(st.just("undo"), st.integers(0, 9), st.none()),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[LittleStudio, list[Asset]]:
    """A case with three avatars, and a clip of the first."""
    studio = LittleStudio(tmp_path_factory.mktemp("judged"), customer=True)
    first, second, third = studio.avatar(), studio.avatar(), studio.avatar()
    reviews.decide_on(studio.place, first, OWNER, APPROVED, ME)
    clip = clip_of(studio, first)
    reviews.decide_on(studio.place, first, OWNER, WITHDRAWN, ME)
    return studio, [first, second, third, clip]


def state(studio: LittleStudio, made: list[Asset]) -> tuple[object, ...]:
    case = studio.case()
    return (case.avatar, case.clip, *(stands(studio, one) for one in made))


@few
@given(moves=MOVES)
def test_whatever_is_decided_and_undone_the_state_is_that_of_the_rows(judged: tuple[LittleStudio, list[Asset]], moves: list[tuple]) -> None:  # type: ignore[type-arg]
    """An undo of the newest decision leads exactly to what stood before it; any other leads nowhere, or leaves every other file as it was."""
    studio, made = judged
    done: list[tuple[str, tuple[object, ...], tuple[object, ...]]] = []
    for what, number, decision in moves:
        before, rows = state(studio, made), len(studio.rows("SELECT 1 FROM approvals"))
        if what == "decide":
            press = f"press-{len(studio.rows('SELECT 1 FROM actions'))}-{len(done)}"
            try:
                action = decisions.decide(studio.place, made[number], OWNER, decision, ME, press=press)
            except NotNow:
                action = None
            if action is None:
                assert state(studio, made) == before
            else:
                done.append((press, before, state(studio, made)))
        elif done:
            at = min(number, len(done) - 1)
            press, stood, after = done.pop(len(done) - 1 - at)
            refused = undo(studio, press)
            if before == after and at == 0:
                assert (refused, state(studio, made)) == ([], stood)
            elif refused:
                assert state(studio, made) == before
        assert len(studio.rows("SELECT 1 FROM approvals")) >= rows
        assert_fold(studio, made)


def assert_fold(studio: LittleStudio, made: list[Asset]) -> None:
    """What the case uses is approved by its newest row, and a clip is that of the avatar in use."""
    case = studio.case()
    for used in filter(None, (case.avatar, case.clip)):
        assert studio.rows("SELECT decision FROM approvals WHERE asset = ? ORDER BY at DESC, rowid DESC LIMIT 1", used) == [{"decision": "approved"}]
    assert case.clip is None or case.avatar == made[0].sha256


def test_undo_after_undo_leads_back_step_by_step(studio: LittleStudio) -> None:
    avatar = studio.avatar()
    for press, decision in (("one", APPROVED), ("two", REJECTED), ("three", APPROVED)):
        decide(studio, avatar, decision, press)
    steps = [(undo(studio, press), stands(studio, avatar), studio.case().avatar) for press in ("three", "two", "one")]
    assert steps == [([], REJECTED, None), ([], APPROVED, avatar.sha256), ([], None, None)]
    decide(studio, avatar, APPROVED, "four")
    assert undo(studio, "four") == []
