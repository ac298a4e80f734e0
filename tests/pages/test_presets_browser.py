"""A preset in a real browser: the form says what is the preset's for as long as it is, and one press in Settings leads back."""

import re

import pytest
from playwright.sync_api import expect

from pipeline.records import Person, RunKind
from pipeline.studio import photos, presets
from pipeline.studio.place import Place
from tests.little_studio import intake
from tests.pages.running import RunningApp
from tests.pages.watching import Watched

pytestmark = pytest.mark.browser
ANA = Person(name="Ana")


def test_a_value_is_called_the_preset_s_until_it_is_moved_and_the_price_follows_the_model(app: RunningApp, watched: Watched) -> None:
    place, page = Place(app.settings), watched.page
    photos.open_case(place, "A-1", "u-77", ANA)
    photos.put_photo(place, "A-1", "u-77", intake("blue"), ANA)
    presets.make(place, RunKind.AVATAR, {"style": "pixar", "model": "flux-dev", "strength": 0.555}, ANA)
    page.goto(f"{app.url}/cases?case=A-1")
    form = page.locator("form[data-do=make]")
    form.get_by_text("Fine-tune").click()
    expect(form.get_by_text("Preset by Ana")).to_be_visible()
    mark, slider = form.locator("label", has_text="Strength").locator("[data-preset]"), form.get_by_role("slider", name="Strength")
    expect(mark).to_be_visible()
    expect(form.locator("output")).to_have_text("0.555")
    slider.press("ArrowRight")
    expect(form.locator("output")).to_have_text("0.556")
    expect(mark).to_be_hidden()
    slider.press("ArrowLeft")
    expect(mark).to_be_visible()
    form.get_by_label("Model").select_option("flux-kontext")
    expect(form.locator("[data-priced]")).not_to_have_text("$0.03")
    expect(form.locator("label", has_text="Model").locator("[data-preset]")).to_be_hidden()


def test_one_press_in_settings_returns_to_the_previous_preset(app: RunningApp, watched: Watched) -> None:
    place, page = Place(app.settings), watched.page
    before = presets.make(place, RunKind.CLIP, {"motion": "gentle", "model": "kling-2.6"}, ANA, note="the first")
    presets.make(place, RunKind.CLIP, {"motion": "gentle", "model": "wan-2.1"}, ANA, note="the second")
    page.goto(f"{app.url}/settings?part=presets")
    card = page.locator("#preset-clip")
    expect(card).to_contain_text("the second")
    card.get_by_role("button", name="Return to the previous one").click()
    expect(card).to_contain_text(re.compile(f"Returned to preset {before.id}, set by Ana"))
    assert presets.history(place, RunKind.CLIP)[0].settings == before.settings
