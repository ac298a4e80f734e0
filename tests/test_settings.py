"""Settings are read once, checked, and never switch to spending by themselves."""

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from pipeline.errors import BadSetting, WrongMode
from pipeline.settings import ROOT, SETTINGS, Settings, load

WRONG = {
    "STUDIO_MODE": "production",
    "STUDIO_PORT": "0",
    "STUDIO_STORE": "ftp",
    "STUDIO_PROVIDER_SLOTS": "0",
    "STUDIO_CPU_SLOTS": "-1",
    "STUDIO_DAILY_CAP_USD": "lots",
    "STUDIO_RESEND_BELOW_USD": "-1",
    "STUDIO_ATTEMPTS": "0",
    "STUDIO_STAFF_PER_HOUR": "1.5",
    "STUDIO_OUTSIDE_PER_HOUR": "-3",
    "STUDIO_IDLE_SECONDS": "nan",
    "STUDIO_SANDBOX_SPEED": "slow",
    "STUDIO_SANDBOX_SLOTS": "none",
    "STUDIO_SANDBOX_PICTURES": "painted",
}


def test_without_any_setting_the_studio_is_a_sandbox_that_spends_nothing():
    settings = load({})
    assert settings.mode == "sandbox"
    assert settings.is_sandbox
    assert settings.folder == ROOT / "data" / "studio" / "sandbox"


def test_a_key_alone_never_switches_to_live():
    assert load({"FAL_KEY": "key", "WAVESPEED_API_KEY": "key"}).is_sandbox


def test_live_mode_does_not_start_under_a_test_runner():
    with pytest.raises(WrongMode, match="test runner"):
        load({"STUDIO_MODE": "live", "FAL_KEY": "key"})


def test_live_mode_has_a_data_folder_of_its_own(tmp_path):
    code = "from pipeline.settings import load; print(load().folder)"
    environment = {**{k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}, "STUDIO_MODE": "live", "STUDIO_DATA": str(tmp_path)}
    shown = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert Path(shown.stdout.strip()) == tmp_path / "live"


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_refused_by_the_setting_s_name(name):
    with pytest.raises(BadSetting) as caught:
        load({name: WRONG[name]})
    assert name in caught.value.say


def test_money_is_read_into_whole_micro_dollars():
    assert load({"STUDIO_DAILY_CAP_USD": "0.29"}).daily_cap_micro_usd == 290_000
    assert load({"STUDIO_RESEND_BELOW_USD": "1"}).resend_below_micro_usd == 1_000_000


def test_an_empty_setting_means_its_default():
    assert load({"STUDIO_PORT": "  ", "STUDIO_MODE": ""}).port == 8501


def test_every_value_has_one_row_in_the_table_with_a_meaning():
    named = {row.name.removeprefix("STUDIO_").lower() for row in SETTINGS}
    values = {field.name for field in fields(Settings)}
    assert {name.removesuffix("_usd") for name in named} == {name.removesuffix("_micro_usd") for name in values}
    assert [row.name for row in SETTINGS if not row.meaning.endswith(".")] == []


def test_what_is_secret_is_marked():
    assert {row.name for row in SETTINGS if "KEY" in row.name or "TOKEN" in row.name} == {row.name for row in SETTINGS if row.secret}


def test_a_relative_data_folder_lies_in_the_project_wherever_it_is_started_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load({"STUDIO_DATA": "elsewhere"}).data == ROOT / "elsewhere"


def test_zero_cpu_places_means_one_for_each_core():
    assert load({"STUDIO_CPU_SLOTS": "0"}).cpu_slots == os.cpu_count()


def test_a_wrong_amount_is_told_in_its_own_unit():
    for name, value, unit in [
        ("STUDIO_DAILY_CAP_USD", "lots", "dollars"),
        ("STUDIO_IDLE_SECONDS", "long", "seconds"),
        ("STUDIO_SANDBOX_SPEED", "slow", "fast, real, or a number of seconds"),
    ]:
        with pytest.raises(BadSetting) as caught:
            load({name: value})
        assert unit in caught.value.say
    with pytest.raises(BadSetting) as caught:
        load({"STUDIO_DAILY_CAP_USD": "ten"})
    assert "seconds" not in caught.value.say


@pytest.mark.parametrize("name", ["R2_BUCKET_NAME", "R2_PRIVATE_BUCKET_NAME"])
def test_a_store_s_address_that_ends_in_the_bucket_s_name_is_named_as_the_cause(name):
    with pytest.raises(BadSetting) as caught:
        load({"R2_ENDPOINT": "https://account.r2.example/portraits/", name: "portraits"})
    assert "ends in the bucket's name 'portraits'" in caught.value.say
    assert load({"R2_ENDPOINT": "https://account.r2.example/", name: "portraits"}).r2_endpoint == "https://account.r2.example"
