"""Every shipped model is right, and a wrong file is named before it can sell anything."""

import shutil
from datetime import date

import pytest

from pipeline.catalog import Job, load_catalogue
from pipeline.catalog.models import read_model
from pipeline.errors import BadModelFile, UnknownName, WrongTool
from pipeline.settings import SHIPPED

SHIPPED_MODELS = sorted((SHIPPED / "models").glob("*.toml"))
GOOD = (SHIPPED / "models" / "flux-dev.toml").read_text(encoding="utf-8")
PRICE = GOOD[GOOD.index("[[prices]]") :]
CHANGES = {
    "negative price": ("usd = 0.03", "usd = -0.03"),
    "free of charge": ("usd = 0.03", "usd = 0"),
    "price below a micro-dollar": ("usd = 0.03", "usd = 0.0000001"),
    "price that is no number": ("usd = 0.03", "usd = nan"),
    "endless price": ("usd = 0.03", "usd = inf"),
    "price in words": ("usd = 0.03", 'usd = "three cents"'),
    "no prices": (PRICE, ""),
    "price without a date": ("valid_from = 2026-03-01\n", ""),
    "date in words": ("valid_from = 2026-03-01", 'valid_from = "March"'),
    "price without a source": ('source = "', 'origin = "'),
    "price with a blank source": (PRICE[PRICE.index("source = ") :].splitlines()[0], 'source = " "'),
    "unknown unit": ('unit = "megapixel"', 'unit = "furlong"'),
    "unknown job": ('job = "avatar"', 'job = "sculpture"'),
    "default out of range": ("default = 0.6", "default = 1.4"),
    "whole default out of range": ("default = 40", "default = 51"),
    "unknown kind of parameter": ('kind = "whole"', 'kind = "colour"'),
    "parameter without a field": ('field = "strength", ', ""),
    "parameter without a default": (", default = 7.5", ""),
    "no name": ('name = "flux-dev"\n', ""),
    "no endpoint": ('endpoint = "', 'address = "'),
    "no photo field": ('photo_field = "image_url"\n', ""),
    "deadline of zero": ("run_deadline_seconds = 120", "run_deadline_seconds = 0"),
    "deadline of a year": ("queue_deadline_seconds = 600", "queue_deadline_seconds = 31536000"),
    "not TOML": ("name = ", "name : "),
}


def _folder(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("path", SHIPPED_MODELS, ids=lambda path: path.stem)
def test_a_shipped_model_says_all_that_buying_needs(path):
    model = read_model(path)
    assert model.name == path.stem
    assert model.provider == "fal"
    assert model.prompt_limits == (10, 1000)
    assert (model.queue_deadline_seconds, model.run_deadline_seconds) == (600, 600 if model.job is Job.CLIP else 120)
    assert all(price.valid_from >= date(2026, 3, 1) and price.source for price in model.prices)
    assert bool(model.clip_seconds) == (model.job is Job.CLIP)


def test_what_is_shipped_is_what_the_plan_names():
    jobs = {name: model.job.value for name, model in load_catalogue(SHIPPED / "models").models.items()}
    clips = dict.fromkeys(("kling-2.6", "kling-2.5-turbo", "hailuo-02", "wan-2.1", "minimax-video-01"), "clip")
    assert jobs == {"flux-dev": "avatar", "flux-kontext": "avatar", "flux-pro": "text-to-image", **clips}


@pytest.mark.parametrize("change", CHANGES, ids=lambda name: name.replace(" ", "-"))
def test_a_wrong_file_is_named(tmp_path, change):
    before, after = CHANGES[change]
    assert before in GOOD
    with pytest.raises(BadModelFile) as caught:
        load_catalogue(_folder(tmp_path, broken=GOOD.replace(before, after, 1)))
    assert caught.value.say.startswith("broken.toml")


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"", b"[[prices]]\n", b"prices = 5\nname = 'x'"], ids=["no text", "empty", "only a price", "odd types"])
def test_a_file_that_makes_no_sense_is_named(tmp_path, bad):
    (tmp_path / "odd.toml").write_bytes(bad)
    with pytest.raises(BadModelFile, match=r"^odd\.toml"):
        load_catalogue(tmp_path)


def test_an_empty_list_of_prices_is_no_price(tmp_path):
    with pytest.raises(BadModelFile, match="there is no price"):
        load_catalogue(_folder(tmp_path, broken="prices = []\n" + GOOD.replace(PRICE, "")))


def test_two_models_with_one_name_are_refused(tmp_path):
    other = GOOD.replace("fal-ai/flux/dev", "fal-ai/flux/two")
    with pytest.raises(BadModelFile, match=r"^b\.toml: 'flux-dev'"):
        load_catalogue(_folder(tmp_path, a=GOOD, b=other))


def test_two_models_with_one_endpoint_are_refused(tmp_path):
    with pytest.raises(BadModelFile, match=r"^b\.toml: 'flux-two'"):
        load_catalogue(_folder(tmp_path, a=GOOD, b=GOOD.replace('"flux-dev"', '"flux-two"')))


def test_an_empty_folder_is_no_catalogue(tmp_path):
    with pytest.raises(BadModelFile):
        load_catalogue(tmp_path)


def test_a_model_is_found_by_its_endpoint_too():
    catalogue = load_catalogue(SHIPPED / "models")
    assert catalogue.find("fal-ai/wan-i2v") is catalogue.find("wan-2.1")


def test_a_misspelt_name_gets_the_nearest_one():
    with pytest.raises(UnknownName) as caught:
        load_catalogue(SHIPPED / "models").find("flux-def")
    assert caught.value.next == "Did you mean 'flux-dev'?"


def test_a_model_from_words_alone_is_not_asked_to_edit_a_photo():
    catalogue = load_catalogue(SHIPPED / "models")
    with pytest.raises(WrongTool, match="from words alone") as caught:
        catalogue.for_job("flux-pro", Job.AVATAR)
    assert caught.value.next == "Choose one of: flux-dev, flux-kontext."
    with pytest.raises(WrongTool, match="makes clips, not avatars"):
        catalogue.for_job("kling-2.6", Job.AVATAR)


def test_a_copied_file_makes_a_new_model(tmp_path):
    for path in SHIPPED_MODELS:
        shutil.copy(path, tmp_path)
    _folder(tmp_path, mine=GOOD.replace('"flux-dev"', '"mine"').replace("flux/dev/", "flux/mine/"))
    assert len(load_catalogue(tmp_path).models) == len(SHIPPED_MODELS) + 1
