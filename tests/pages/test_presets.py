"""Presets on the screens without a browser: Cases begins with them and says so, Settings shows what spoke for them and leads back."""

import html
import re
from pathlib import Path

import pytest
import streamlit as st

from pages.parts import actions, case_actions, frame, workshop
from pages.parts.here import attempt, dismiss, notice
from pipeline.catalog import Catalogue
from pipeline.records import Decision, Person, Role, Run, RunKind
from pipeline.studio import people, portraits, presets, reviews
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.pages.screens import drawn, visit

AVATAR, CLIP = RunKind.AVATAR, RunKind.CLIP
ANA = Person(name="Ana")
PIXAR = {"style": "pixar@1", "model": "flux-dev", "strength": 0.55, "steps": 32}
NASTY = "<script>alert(1)</script> שלום & 👰🤵 "


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    st.query_params["case"] = CASE
    return LittleStudio(own_data_folder, customer=True)


@pytest.fixture(autouse=True)
def _nobody_yet() -> None:
    yield
    for name in ("person", "go"):
        st.session_state.pop(name, None)
    st.query_params.clear()
    dismiss()


def case(**query: str) -> str:
    """Return what a first visit sees now, not what another visit saw a moment ago."""
    attempt(lambda: None)
    return drawn(visit("cases", case=CASE, **query))


def settings() -> str:
    attempt(lambda: None)
    return drawn(visit("settings", part="presets"))


def form(seen: str, do: str) -> str:
    """Return the HTML of the form of this deed."""
    found = re.search(rf'<form[^>]*data-do="{do}".*?</form>', seen, re.DOTALL)
    assert found
    return found.group()


def cell(studio: LittleStudio, run_id: str = "c-1", seed: int = 9) -> Run:
    wish = AvatarWish(seed=seed, style="ghibli", strength=0.7)
    return studio.as_cell(portraits.ask_avatar(studio.place, CASE, OWNER, wish, ME, run_id=run_id).run, "spring")


def approve_one(studio: LittleStudio) -> None:
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="a-1").run
    reviews.decide_on(studio.place, studio.succeed(run), OWNER, Decision.APPROVED, ME)


def newest(studio: LittleStudio) -> Run:
    return studio.run(studio.rows("SELECT id FROM runs ORDER BY asked_at DESC LIMIT 1")[0]["id"])


def test_the_form_begins_with_the_preset_names_it_and_leads_to_its_sweep(studio: LittleStudio) -> None:
    cell(studio)
    presets.make(studio.place, AVATAR, PIXAR, ANA, sweep="spring", run_id="c-1")
    make = form(case(), "make")
    assert re.search(r'name="strength"[^>]*value="0.55"', make)
    assert re.search(r'name="steps"[^>]*value="32"', make)
    assert '<output name="strength-shown">0.55</output><span class="small" data-preset="0.55"> (preset)</span>' in make
    assert 'value="pixar@1" checked' in make
    assert "Preset by Ana, " in make
    assert 'href="/compare?sweep=spring"' in make
    assert "sweep spring presets" in make


def test_without_a_preset_nothing_calls_itself_one(studio: LittleStudio) -> None:
    seen = case()
    assert "preset" not in form(seen, "make") + form(seen, "animate")
    assert 'value="pixar" checked' in form(seen, "make")


def test_the_price_on_the_button_is_the_preset_model_s(studio: LittleStudio) -> None:
    dearer = portraits.price_avatar(studio.place, AvatarWish(model="flux-kontext"), width_px=512, height_px=512).micro_usd
    assert dearer != portraits.price_avatar(studio.place, AvatarWish(), width_px=512, height_px=512).micro_usd
    presets.make(studio.place, AVATAR, {"style": "pixar", "model": "flux-kontext"}, ANA)
    make = form(case(), "make")
    assert f"<span data-priced>${dearer / 1e6:.2f}</span>" in make
    assert re.search(r'<option value="flux-kontext"[^>]* selected', make)


def test_the_price_of_a_clip_is_that_of_the_preset_s_resolution(studio: LittleStudio) -> None:
    approve_one(studio)
    presets.make(studio.place, CLIP, {"motion": "gentle", "model": "wan-2.1", "resolution": "480p"}, ANA)
    animate = form(case(), "animate")
    low = re.search(r'<option value="480p" data-price="([^"]+)" selected', animate)
    assert low
    assert f"<span data-priced>{low.group(1)}</span>" in animate
    assert '<input type="hidden" name="motion" value="gentle@1">' in animate


def test_a_press_of_the_form_as_it_stands_buys_the_preset(studio: LittleStudio) -> None:
    presets.make(studio.place, AVATAR, {**PIXAR, "strength": 0.555}, ANA)
    make = form(case(), "make")
    assert re.search(r'name="strength"[^>]*step="0.001"', make), "or the slider would round it"
    frame.do(case_actions.ACTIONS, {"do": "make", "number": "1", "style": "pixar@1", "model": "flux-dev", "strength": "0.555", "steps": "32"})
    assert notice() == ""
    kept = newest(studio).settings
    assert (kept["style"], kept["parameters"]) == ("pixar@1", {"strength": 0.555, "steps": 32, "guidance": 7.5})


def test_own_words_of_a_preset_stand_in_the_form_and_a_case_goes_on_in_its_last_style(studio: LittleStudio) -> None:
    words = "A hand-painted portrait <in> warm light, unmistakably them."
    presets.make(studio.place, AVATAR, {"style": "free", "prompt": words, "model": "flux-dev"}, ANA)
    make = form(case(), "make")
    assert f">{html.escape(words)}</textarea>" in make
    assert "(preset)" in make
    portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(style="ghibli", seed=1), ME, run_id="a-1")
    again = form(case(), "make")
    assert html.escape(words) not in again
    assert 'value="ghibli" checked' in again


def test_own_words_for_the_motion_are_bought_as_written(studio: LittleStudio) -> None:
    approve_one(studio)
    words = "The veil lifts a little, both smile, the camera stays still."
    presets.make(studio.place, CLIP, {"motion": "free", "prompt": words, "model": "kling-2.6"}, ANA)
    animate = form(case(), "animate")
    assert f">{words}</textarea>" in animate
    assert 'name="motion" value="gentle"' in animate
    told = {"do": "animate", "number": "1", "motion": "gentle", "prompt": words, "model": "kling-2.6", "avatar": studio.case().avatar or ""}
    frame.do(case_actions.ACTIONS, {**told, "loop": "yes"})
    assert notice() == ""
    assert (newest(studio).settings["style"], newest(studio).settings["prompt"]) == ("free", words)


def test_a_clip_pressed_on_home_and_in_the_case_is_the_same_purchase_with_a_preset_too(studio: LittleStudio) -> None:
    approve_one(studio)
    presets.make(studio.place, CLIP, {"motion": "gentle", "model": "wan-2.1", "resolution": "480p"}, ANA)
    frame.do(actions.ACTIONS, {"do": "animate", "run": "a-1", "number": "1"})
    assert notice() == ""
    kept = newest(studio).settings
    assert (kept["model"], kept["parameters"]["resolution"]) == ("wan-2.1", "480p")
    told = {name: str(value) for name, value in kept["parameters"].items()}
    frame.do(
        case_actions.ACTIONS,
        {"do": "animate", "number": "1", "motion": "gentle@1", "model": "wan-2.1", "avatar": studio.case().avatar or "", "loop": "yes", **told},
    )
    assert notice() == ""
    assert len(studio.rows("SELECT id FROM runs WHERE kind = 'clip'")) == 1


def test_home_s_sample_costs_what_the_preset_costs(own_data_folder: Path) -> None:
    fresh = LittleStudio(own_data_folder)
    presets.make(fresh.place, AVATAR, {"style": "pixar", "model": "flux-kontext"}, ANA)
    price = portraits.price_avatar(fresh.place, AvatarWish(model="flux-kontext")).micro_usd
    assert f"Make a sample portrait · ${price / 1e6:.2f}" in drawn(visit())


def test_settings_of_a_cell_on_the_case_s_photo_are_used_again(studio: LittleStudio) -> None:
    run = cell(studio)
    make = form(case(again=run.id), "make")
    assert re.search(r'name="seed"[^>]*value="9"', make)
    assert re.search(r'name="strength"[^>]*value="0.7"', make)
    assert 'value="ghibli" checked' in make


def test_settings_of_another_case_s_run_are_not(studio: LittleStudio) -> None:
    studio.customer("case-2", "ben", photo="green")
    portraits.ask_avatar(studio.place, "case-2", "ben", AvatarWish(seed=4711), ME, run_id="theirs")
    assert "4711" not in case(again="theirs")


def test_a_preset_of_no_use_is_said_where_it_would_be_used(studio: LittleStudio) -> None:
    presets.make(studio.place, AVATAR, {"style": "pixar", "model": "flux-kontext"}, ANA)
    models = {name: model for name, model in studio.place.catalogue.models.items() if name != "flux-kontext"}
    seen = _with_catalogue(Catalogue(models=models), lambda: case())
    assert "There is no model named &#x27;flux-kontext&#x27;. So this preset is not used now: the built-in settings are." in seen
    assert "(preset)" not in seen
    there = _with_catalogue(Catalogue(models=models), settings)
    assert "not used" in there
    assert "flux-kontext" in there


def _with_catalogue(catalogue: Catalogue, look: object) -> str:
    from pages.parts.here import place

    place().__dict__["catalogue"] = catalogue
    assert callable(look)
    return str(look())


def test_settings_says_that_none_is_set_and_where_to_find_one(studio: LittleStudio) -> None:
    seen = settings()
    assert seen.count("None is set, so the built-in settings are used.") == 2
    assert 'href="/compare"' in seen


def test_settings_shows_the_preset_its_evidence_and_its_history(studio: LittleStudio) -> None:
    cell(studio)
    told = {"likeness": 0.61, "mean_stars": 4.25, "votes": 12, "rank": "first of 5", "cost_micro_usd": 30_000, "acceptable": 3, "cells": 4}
    presets.make(studio.place, AVATAR, {"style": "ghibli"}, ANA)
    presets.make(studio.place, AVATAR, PIXAR, ANA, sweep="spring", run_id="c-1", evidence=told, note=NASTY)
    seen = settings()
    for words in ("Pixar 3D, version 1", "0.55", "0.61", "4.2 of 5", "first of 5", "3 of 4", "$0.03", "Set by Ana, ", "in use", "History, 2 newest"):
        assert words in seen, words
    assert "<script" not in seen
    assert html.escape(NASTY.strip()) in seen
    assert 'href="/compare?sweep=spring"' in seen


def test_evidence_of_any_shape_is_shown_and_none_breaks_the_page(studio: LittleStudio) -> None:
    presets.make(studio.place, AVATAR, PIXAR, ANA, evidence={"likeness": "not measurable", "votes": None, "mean_stars": [1], "more": {}})
    assert "not measurable" in settings()


def test_one_press_returns_to_the_previous_one_and_its_repeat_changes_nothing(studio: LittleStudio) -> None:
    first = presets.make(studio.place, AVATAR, PIXAR, ANA)
    left = presets.make(studio.place, AVATAR, {"style": "ghibli"}, ANA)
    button = re.search(r'<button[^>]*data-do="preset-back"[^>]*>', settings())
    assert button
    assert f'data-leaving="{left.id}"' in button.group()
    assert " disabled" not in button.group()
    for _ in range(2):
        frame.do(workshop.ACTIONS, {"do": "preset-back", "kind": "avatar", "leaving": str(left.id)})
        assert notice() == ""
    known = presets.history(studio.place, AVATAR)
    assert (len(known), known[0].settings) == (3, first.settings)


@pytest.mark.parametrize("what", [{}, {"kind": "film", "leaving": "1"}, {"kind": "avatar", "leaving": "-1"}, {"kind": "avatar", "leaving": "9" * 99}])
def test_a_press_nobody_offered_is_out_of_date(studio: LittleStudio, what: dict[str, str]) -> None:
    before = studio.dump()
    frame.do(workshop.ACTIONS, {"do": "preset-back", **what})
    assert "out of date" in notice()
    assert studio.dump() == before


def test_the_way_back_is_closed_for_the_first_preset_and_for_who_is_no_admin(studio: LittleStudio) -> None:
    presets.make(studio.place, AVATAR, PIXAR, ANA)
    assert re.search(r'data-do="preset-back" disabled title="There was no preset before this one\."', settings())
    presets.make(studio.place, AVATAR, {"style": "ghibli"}, ANA)
    people.add(studio.place, "Bea", "support", frozenset({Role.VIEW, Role.MAKE}), ME)
    attempt(lambda: None)
    screen = visit("settings", part="presets")
    screen.session_state["person"] = "Bea"
    assert re.search(r'data-do="preset-back" disabled title="Only who may [^"]*set presets', drawn(screen.run()))
