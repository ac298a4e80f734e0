"""The plan of a sweep without a browser: its price follows what is typed, a press buys what was shown, and no form buys by Enter."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import anyio
import httpx
import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.routing import Route

from pages.parts import compare_actions, daylinks, frame, sweepdraft, sweepplan
from pipeline.records import RunKind
from pipeline.studio import judging, sweep_runs, sweep_view, sweeps, testphotos
from pipeline.studio.sweep_durations import expect, request_seconds
from pipeline.sweeps.plans import Axis, Plan, plan_hash, read_plan
from tests.little_studio import ME, LittleStudio, intake
from tests.pages.screens import drawn, visit

SAME = "A warm portrait of two people, "


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at."""
    return LittleStudio(own_data_folder)


@pytest.fixture
def sweep(studio: LittleStudio) -> sweeps.Sweep:
    """A plan of one photo, one style and two strengths."""
    source = testphotos.add(studio.place, "blue", intake("blue"), ME).id
    plan = read_plan(RunKind.AVATAR, [("photo", source), ("style", "pixar"), ("strength", "0.5, 0.6"), ("seed", "1")]).plan
    return sweeps.save(studio.place, "s1", "Spring presets", plan, ME, version=0)


def typed(sweep: sweeps.Sweep, **changed: str) -> dict[str, str]:
    """Return the fields of the plan's form as a browser tells them."""
    axes = {axis.value: ", ".join(values) for axis, values in sweep.plan.axes.items()}
    return {**axes, "photo": ",".join(map(quote, sweep.plan.axes[Axis.PHOTO])), "cases": "", "skips": "", **changed}


def told(sweep: sweeps.Sweep, fields: Mapping[str, str], *, address: str = "") -> httpx.Response:
    """Ask what the plan in a form comes to, as the app serves it."""

    async def ask() -> httpx.Response:
        served = httpx.ASGITransport(Starlette(routes=[Route("/draft/{token}", sweepdraft.price, methods=["POST"])]))
        async with httpx.AsyncClient(transport=served, base_url="http://studio") as client:
            return await client.post(address or sweepplan.address(sweep.id, ME.name), content=json.dumps(fields))

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, ask).result()


def press(sweep: sweeps.Sweep, **what: str) -> str:
    """Press a button of the sweep's page; return what went wrong, if anything."""
    st.session_state.clear()
    st.query_params["sweep"] = sweep.id
    frame.do(compare_actions.ACTIONS, what)
    return str(st.session_state.get("notice", ""))


def test_the_price_and_the_cells_follow_what_is_typed_and_nothing_is_kept(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    before = studio.dump()
    answer = told(sweep, typed(sweep, strength="0.5..0.7 +0.05")).json()
    assert "Make 5 pictures · $0.15" in answer["html"]
    assert len(answer["grid"]["cells"]) == 5
    assert studio.dump() == before


def test_warnings_and_what_cannot_be_read_follow_the_typing_too(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    html = told(sweep, typed(sweep, strength="0.6, 0.61, soft", cases="nobody")).json()["html"]
    assert "take the same 24 of 40 steps" in html
    assert "<b>soft</b>" in html
    assert "There is no case" in html


def test_the_address_of_a_draft_opens_for_nobody_who_was_not_given_it(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    other = f"/draft/{daylinks.sign('grid', sweep.id, ME.name)}"
    assert told(sweep, {}, address=other).status_code == 403
    assert told(sweep, {"prompt": "x" * 600_000}).status_code == 413
    assert told(sweep, {}, address=sweepplan.address("gone", ME.name)).status_code == 404


def test_a_press_buys_the_plan_that_was_typed_at_the_price_that_was_shown(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    fields = typed(sweep, strength="0.5, 0.6, 0.7")
    html = told(sweep, fields).json()["html"]
    shown = dict(re.findall(r'data-(price|plan|version)="([^"]+)"', html))
    about = {"do": "buy", "ceiling": "1", "draft": json.dumps(fields), **shown}
    assert press(sweep, **about) == ""
    assert len(studio.rows("SELECT id FROM runs")) == 3
    assert sweeps.find(studio.place, sweep.id).plan.axes[Axis.STRENGTH] == ("0.5", "0.6", "0.7")
    press(sweep, **about)  # a second press of the same button
    assert len(studio.rows("SELECT id FROM runs")) == 3


@pytest.mark.parametrize("changed", [{"strength": "0.5, 0.6, 0.65"}, {"style": "ghibli"}, {"seed": "1-2"}])
def test_another_plan_than_the_one_whose_price_was_shown_buys_nothing(studio: LittleStudio, sweep: sweeps.Sweep, changed: Mapping[str, str]) -> None:
    html = told(sweep, typed(sweep, strength="0.5, 0.6, 0.7")).json()["html"]
    shown = dict(re.findall(r'data-(price|plan|version)="([^"]+)"', html))
    assert press(sweep, do="buy", ceiling="9", draft=json.dumps(typed(sweep, **changed)), **{**shown, "price": "9000000"}) != ""
    assert press(sweep, do="buy", ceiling="9", draft="", **{**shown, "price": "9000000"}) != ""
    assert studio.rows("SELECT id FROM runs") == []


class Forms(HTMLParser):
    """Finds every form, and the buttons that submit it in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = ""
        self.submits: dict[str, list[dict[str, str | None]]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if tag == "form":
            self.inside = about.get("id") or about.get("data-do") or ""
        if tag == "button" and about.get("type") == "submit" and (owner := about.get("form") or self.inside):
            self.submits.setdefault(owner, []).append(about)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = ""


def test_enter_in_a_field_presses_nothing_that_buys(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    """A browser presses the first button of a form on Enter; where that one cannot be pressed, it presses none."""
    pages = {"compare": {"sweep": sweep.id}, "cases": {"case": studio.customer().id}}
    buying = 0
    for screen, query in pages.items():
        found = Forms()
        found.feed(drawn(visit(screen, **query)))
        for submits in found.submits.values():
            if any("data-buys" in one for one in submits):
                buying += 1
                assert "disabled" in submits[0], (screen, submits[0])
    assert buying >= 2


def test_no_button_that_names_a_price_submits_a_form_unguarded() -> None:
    """Every submit whose words hold a price is made by `forms.purchase`, which puts the guard in front of it."""
    for path in (Path(compare_actions.__file__).parent).glob("*.py"):
        for line in re.findall(r"forms\.submit\((?:[^()]|\([^()]*\))*\)", path.read_text(encoding="utf-8")):
            assert "dollars(" not in line, path.name
            assert "price" not in line, path.name


def test_a_sweep_of_prompts_shows_the_styles_text_the_variants_and_only_what_differs(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    fields = typed(sweep, **{"variant-0": f"{SAME}soft romantic mood", "variant-1": f"{SAME}golden\n evening light"})
    answer = told(sweep, fields).json()
    assert "Pixar 3D’s own text" in answer["words"]
    assert "<mark>golden evening light</mark>" in answer["words"]
    assert "<mark>A warm" not in answer["words"]
    assert "Change one thing" in answer["words"]
    axis = next(one for one in answer["grid"]["axes"] if one["name"] == "prompt")
    assert [one["letter"] for one in axis["values"]] == ["A", "B"]
    assert axis["values"][1]["label"] == "B … golden evening light"
    assert "Make 4 pictures" in answer["html"]


def test_variants_that_differ_in_two_places_are_told_of(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    fields = typed(sweep, **{"variant-0": f"{SAME}soft mood", "variant-1": "A cold portrait of two people, golden mood"})
    assert "B differs from A in 2 places" in told(sweep, fields).json()["words"]


def test_a_comparison_of_prompts_begins_with_the_styles_own_text(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    press(sweep, do="new-sweep", name="Words", kind="avatar", differs="words", csv="")
    kept = sweeps.newest(studio.place, 1)[0]
    assert kept.name == "Words"
    assert (len(kept.plan.axes[Axis.PROMPT]), len(kept.plan.axes[Axis.STRENGTH]), len(kept.plan.axes[Axis.STYLE])) == (1, 3, 1)


def test_the_hash_of_a_plan_is_of_its_content(sweep: sweeps.Sweep) -> None:
    assert plan_hash(sweep.plan) == plan_hash(sweeps.Sweep(**{**vars(sweep), "name": "other"}).plan)
    assert plan_hash(sweep.plan) != plan_hash(Plan(kind=RunKind.AVATAR))
    assert plan_hash(sweep.plan) != plan_hash(sweep.plan.with_values(Axis.SEED, ["2"]))


def test_what_was_bought_stays_in_sight_when_its_plan_is_edited(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    sweep_runs.start(studio.place, sweep.id, ME, ceiling_micro_usd=10_000_000)
    for row in studio.rows("SELECT id FROM runs"):
        studio.succeed(studio.run(row["id"]))
    sweeps.save(studio.place, sweep.id, sweep.name, sweep.plan.with_values(Axis.STRENGTH, ["0.6", "0.7"]), ME, version=1)
    seen = sweep_view.look(studio.place, sweep.id)
    assert [one.made.state for one in seen.unplanned] == ["made"]
    shown = drawn(visit("compare", sweep=sweep.id))
    assert "1 picture bought, not in the plan" in shown
    assert "blue · Pixar 3D" in shown
    assert "strength 0.5" in shown
    assert judging.standing(studio.place, sweep.id).settings


def test_the_time_a_sweep_takes_is_learnt_from_what_happened(studio: LittleStudio, sweep: sweeps.Sweep) -> None:
    model = studio.place.catalogue.find("flux-dev")
    with studio.place.database.reading() as db:
        first = expect(studio.place, db, [model] * 40)
    sweep_runs.start(studio.place, sweep.id, ME, ceiling_micro_usd=10_000_000)
    sweeps.save(studio.place, sweep.id, sweep.name, sweep.plan.with_values(Axis.SEED, ["1", "2", "3"]), ME, version=1)
    sweep_runs.start(studio.place, sweep.id, ME, ceiling_micro_usd=10_000_000)
    for row in studio.rows("SELECT id FROM runs"):
        studio.succeed(studio.run(row["id"]))
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET accepted_at = '2026-12-01T10:00:00.000Z', finished_at = '2026-12-01T10:00:09.000Z'")
        for number, row in enumerate(tx.execute("SELECT id FROM runs ORDER BY id").fetchall()):
            tx.execute("UPDATE runs SET ended_at = ? WHERE id = ?", (f"2027-01-01T10:00:{10 * number:02d}.000Z", row["id"]))
    with studio.place.database.reading() as db:
        assert request_seconds(db, model.endpoint) == pytest.approx(9, abs=0.01)
        later = expect(studio.place, db, [model] * 40)
    assert "as past requests took" in later.words
    assert "as past requests took" not in first.words
    assert later.seconds == pytest.approx(39 * 10 + 9, rel=0.01)
