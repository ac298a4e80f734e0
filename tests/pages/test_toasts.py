"""What was just done answers with a toast that leads back, wherever one goes; without a browser."""

import re
from pathlib import Path

import pytest
import streamlit as st

from pages.parts import actions, case_actions, frame, library_actions, presetcard, publish_actions, toasts
from pages.parts.here import dismiss, notice
from pages.parts.told import What
from pipeline.records import Asset, Decision, RunKind
from pipeline.studio import presets, publishing
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.pages.screens import drawn, now, visit


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at, with one customer."""
    return LittleStudio(own_data_folder, customer=True)


@pytest.fixture(autouse=True)
def _nothing_was_done_before() -> None:
    for name in (toasts.KEPT, "outcome", "ticks", "notice", "person"):
        st.session_state.pop(name, None)
    st.query_params.clear()


def press(these: dict[str, object], **what: str) -> str:
    """Press a button and return what the screen would say about it."""
    dismiss()
    frame.do(these, what)  # type: ignore[arg-type]
    return notice()


def shown() -> str:
    """Return the words of the toasts, without tags."""
    words = re.sub(r'<span class="icon".*?</span>', "", toasts.draw())
    return " ".join(re.sub(r"<[^>]+>", " ", words).split())


def undo() -> str:
    return press(toasts.ACTIONS, do="undo", press=st.session_state[toasts.KEPT][-1].id)  # type: ignore[arg-type]


def about(asset: Asset) -> dict[str, str]:
    return {"scope": asset.scope, "asset": asset.sha256}


def run_of(studio: LittleStudio) -> str:
    return str(studio.rows("SELECT id FROM runs ORDER BY rowid DESC")[0]["id"])


def approve_in_library(studio: LittleStudio, avatar: Asset) -> str:
    return press(library_actions.ACTIONS, do="decide", decision="approved", **about(avatar))  # type: ignore[arg-type]


def approve_in_case(studio: LittleStudio, avatar: Asset) -> str:
    return press(case_actions.ACTIONS, do="decide", decision="approved", run=run_of(studio))  # type: ignore[arg-type]


def approve_at_home(studio: LittleStudio, avatar: Asset) -> str:
    return press(actions.ACTIONS, do="decide", decision="approved", run=run_of(studio))  # type: ignore[arg-type]


def approve_many(studio: LittleStudio, avatar: Asset) -> str:
    return press(library_actions.ACTIONS, do="bulk", bulk="approve", pick=f"{avatar.sha256}/{avatar.scope}")  # type: ignore[arg-type]


@pytest.mark.parametrize("approve", [approve_in_library, approve_in_case, approve_at_home, approve_many])
def test_every_screen_s_approval_says_what_was_done_to_which_picture_and_is_undone_by_one_press(studio: LittleStudio, approve) -> None:  # type: ignore[no-untyped-def]
    avatar = studio.avatar()
    assert approve(studio, avatar) == ""
    assert studio.case().avatar == avatar.sha256
    assert re.search(rf"Approved Avatar of .*{CASE}.* Undo", shown())
    assert re.search(r'<div class="toast".*<img .*data-do="undo".*data-until=', toasts.draw(), re.DOTALL)
    assert "Approved, Avatar of" in toasts.spoken()
    assert undo() == ""
    assert studio.case().avatar is None
    assert "Undone: Approved" in shown()
    assert toasts.spoken().startswith("Undone: Approved")


def test_several_toasts_stack_and_each_leads_back_by_itself(studio: LittleStudio) -> None:
    first, second = studio.avatar(), studio.avatar()
    for one in (first, second):
        press(library_actions.ACTIONS, do="decide", decision="rejected", **about(one))  # type: ignore[arg-type]
    assert shown().count("Rejected Avatar of") == 2
    press(toasts.ACTIONS, do="undo", press=st.session_state[toasts.KEPT][0].id)  # type: ignore[arg-type]
    assert [row["decision"] for row in studio.rows("SELECT decision FROM approvals WHERE asset = ? ORDER BY rowid", first.sha256)] == [
        "rejected",
        "undone",
    ]
    assert shown().count("Rejected Avatar of") == 2
    assert toasts.draw().count('data-do="undo"') == 1


def test_publishing_begins_only_at_now_or_later_and_the_toast_says_so(studio: LittleStudio) -> None:
    avatar = studio.approved_avatar()
    assert press(publish_actions.ACTIONS, do="publish", case=CASE, asset=avatar.sha256) == ""  # type: ignore[arg-type]
    assert "Publishes Avatar of" in shown()
    assert "Nothing has changed for guests yet. Undo Now" in shown()
    assert studio.rows("SELECT * FROM publications") == []
    now()
    assert [row["state"] for row in studio.rows("SELECT state FROM publications")] == ["published"]
    assert (shown(), undo()) == ("", "This has begun, so it cannot be undone. Look at it as it is now.")


def test_unpublishing_begins_only_at_now_or_later(studio: LittleStudio) -> None:
    publishing.publish(studio.place, CASE, studio.approved_avatar().sha256, OWNER, ME)
    press(publish_actions.ACTIONS, do="withdraw", case=CASE, what="all", reason="")  # type: ignore[arg-type]
    assert "Unpublishes" in shown()
    assert undo() == ""
    assert [row["state"] for row in studio.rows("SELECT state FROM publications")] == ["published"]


def test_an_order_that_failed_later_says_why_where_it_was_given(studio: LittleStudio) -> None:
    avatar = studio.approved_avatar()
    press(publish_actions.ACTIONS, do="publish", case=CASE, asset=avatar.sha256)  # type: ignore[arg-type]
    press(library_actions.ACTIONS, do="decide", decision="rejected", **about(avatar))  # type: ignore[arg-type]
    published, _ = [one.id for one in st.session_state[toasts.KEPT]]
    assert "not approved" in press(toasts.ACTIONS, do="begin-now", press=published)  # type: ignore[arg-type]
    assert "Not published: Avatar of" in shown()
    press(toasts.ACTIONS, do="toast-close", press=published)  # type: ignore[arg-type]
    assert "Not published" not in shown()


def test_a_screen_opened_anew_takes_over_what_its_person_has_just_done(studio: LittleStudio) -> None:
    approve_in_library(studio, studio.avatar())
    st.session_state.pop(toasts.KEPT)
    assert "Approved Avatar of" in shown()
    assert "Approved" in drawn(visit("queue"))


def test_support_returns_to_the_built_in_settings_by_one_press_and_back_by_another(studio: LittleStudio) -> None:
    presets.make(studio.place, RunKind.AVATAR, {"strength": 0.6}, ME)
    what: What = {"do": "preset-built-in", "kind": "avatar"}
    assert 'data-do="preset-built-in"' in drawn(visit("settings", part="presets"))
    assert press(presetcard.ACTIONS, **what) == ""  # type: ignore[arg-type]
    assert presets.current(studio.place, RunKind.AVATAR) is None
    assert "Built-in" in drawn(visit("settings", part="presets"))
    assert undo() == ""
    assert presets.avatar_wish(studio.place).strength == 0.6


def test_a_press_that_is_broken_off_right_after_its_row_was_written_still_leads_back(studio: LittleStudio) -> None:
    """A second key within a tenth of a second makes the screen library break the first press off."""
    avatar = studio.avatar()

    def broken_off() -> None:
        with toasts._press() as press:
            toasts._decide(avatar.scope, avatar.sha256, Decision.APPROVED, "", press)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert approve_in_library(studio, avatar) == ""
    assert re.search(r"Approved Avatar of .* Undo", shown())
    assert "Approved, Avatar of" in toasts.spoken()
