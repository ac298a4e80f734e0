"""What the studio says of itself: version, libraries, settings without secrets, and what its files take."""

import json
from pathlib import Path

import pytest

from pipeline.settings import ROOT, SETTINGS, load
from pipeline.studio import about, photos, space
from pipeline.studio.place import Place
from pipeline.studio.space import Share
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake

KEYS = {"FAL_KEY": "key-0451", "WAVESPEED_API_KEY": "key-1138", "R2_ACCESS_KEY_ID": "key-42", "R2_SECRET_ACCESS_KEY": "key-99"}
R2 = {"STUDIO_STORE": "r2", "R2_ENDPOINT": "https://account.r2.example", "R2_PRIVATE_BUCKET_NAME": "portraits", **KEYS}


@pytest.fixture
def little(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio", customer=True)


def shares(place: Place) -> dict[str, Share]:
    return {share.title: share for share in space.measure(place).shares}


def test_the_version_is_the_newest_heading_of_the_changelog(tmp_path: Path) -> None:
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\nWords.\n\n## 2.1.0\n\n- First\n- Second `x`\n\n## 2.0.0\n\n- Older\n", encoding="utf-8")
    assert about.release(changelog) == about.Release(name="2.1.0", changes=("First", "Second `x`"))


def test_the_studio_names_its_own_version_and_what_is_new() -> None:
    named = about.release()
    assert f"## {named.name}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert named.changes


def test_a_missing_changelog_is_no_accident(tmp_path: Path) -> None:
    assert about.release(tmp_path / "none.md") == about.Release(name="unknown", changes=())


def test_libraries_name_what_was_tested_and_what_is_installed(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text("# words\nstreamlit==0.0.1\npsycopg[binary]==3.0; sys_platform != 'win32'\nno-such-library==9.9\n", encoding="utf-8")
    streamlit, psycopg, missing = about.libraries(pins)
    assert (streamlit.tested, psycopg.tested, missing) == ("0.0.1", "3.0", about.Library(name="no-such-library", tested="9.9", installed=""))
    assert streamlit.installed not in ("", "0.0.1")


def test_what_is_installed_here_is_what_was_tested() -> None:
    assert [one for one in about.libraries() if one.installed != one.tested] == []
    assert len(about.libraries()) > 20


def test_every_setting_is_there_in_order_with_its_meaning() -> None:
    listed = about.options(load({}))
    assert [(option.name, option.meaning) for option in listed] == [(row.name, row.meaning) for row in SETTINGS]
    assert all(option.is_usual and option.value == option.default for option in listed)


def test_a_changed_setting_says_what_is_usual() -> None:
    changed = {
        option.name: option for option in about.options(load({"STUDIO_DAILY_CAP_USD": "7.5", "STUDIO_IDLE_SECONDS": "5"})) if not option.is_usual
    }
    assert set(changed) == {"STUDIO_DAILY_CAP_USD", "STUDIO_IDLE_SECONDS"}
    assert (changed["STUDIO_DAILY_CAP_USD"].value, changed["STUDIO_DAILY_CAP_USD"].default) == ("$7.50", "$50.00")
    assert (changed["STUDIO_IDLE_SECONDS"].value, changed["STUDIO_IDLE_SECONDS"].default) == ("5", "30")


def test_of_a_secret_only_whether_it_is_set_is_said() -> None:
    listed = about.options(load(R2))
    assert {option.value for option in listed if option.name in KEYS} == {"set"}
    assert not [key for key in KEYS.values() if key in repr(listed)]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://ana:hunter2@db.example:5432/jobs", "postgresql://db.example:5432/jobs"),
        ("postgresql://db.example/jobs?user=ana&password=hunter2", "postgresql://db.example/jobs"),
        ("postgresql://ana:hunt@er2@db.example/jobs#hunter2", "postgresql://db.example/jobs"),
        ("postgresql://[hunter2", "set"),
        ("postgresql://ana:hunter/2@db.example/jobs", "set"),
        ("postgresql://ana:hunter#2@db.example/jobs", "set"),
        ("postgresql://ana:hunter?2@db.example/jobs", "set"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    listed = {option.name: option.value for option in about.options(load({"STUDIO_JOBS_DB_URL": address}))}
    assert listed["STUDIO_JOBS_DB_URL"] == shown


def test_media_is_counted_without_the_files_of_facts_but_weighed_with_them(little: LittleStudio) -> None:
    before = shares(little.place)["Media"]
    photos.put_photo(little.place, CASE, OWNER, intake("red"), ME, replace=True)
    after = shares(little.place)["Media"]
    objects = little.place.settings.folder / "objects"
    assert after.files == (before.files or 0) + 2
    assert after.bytes == sum(path.stat().st_size for path in objects.rglob("*") if path.is_file())


def test_everything_in_the_folder_is_accounted_for_and_nothing_outside_it(little: LittleStudio) -> None:
    folder = little.place.settings.folder
    for name, size in (("logs/worker.jsonl", 700), ("logs/worker.jsonl.1", 300), ("jobs.db", 50), ("jobs.db-wal", 5), ("emulator/queue.db", 11)):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * size)
    (folder / "logs" / "elsewhere").symlink_to(Path(__file__).parent, target_is_directory=True)
    found = shares(little.place)
    assert (found["Jobs"].files, found["Jobs"].bytes) == (2, 55)
    assert (found["Sandbox"].files, found["Sandbox"].bytes) == (1, 11)
    assert 1000 <= (found["Logs"].bytes or 0) < 1500
    assert (found["Database"].bytes or 0) >= (folder / "studio.db").stat().st_size


def test_the_folder_and_the_room_left_are_named(little: LittleStudio) -> None:
    found = space.measure(little.place)
    assert found.folder == str(little.place.settings.folder)
    assert found.free_bytes > 0


def test_what_is_not_there_is_not_counted(little: LittleStudio) -> None:
    assert (shares(little.place)["Logs"].files, shares(little.place)["Logs"].bytes) == (0, 0)
    assert "Sandbox" not in shares(little.place)


def test_a_bucket_is_counted_from_the_records_without_asking_it(little: LittleStudio) -> None:
    settings = load({"STUDIO_DATA": str(little.place.settings.data), "STUDIO_JOBS_DB_URL": "postgresql://a:b@db.example/jobs", **R2})
    found = shares(Place(settings))
    kept = little.rows("SELECT count(*) AS files, sum(bytes) AS bytes FROM assets WHERE removed_at IS NULL")[0]
    assert (found["Media"].where, found["Media"].files, found["Media"].bytes) == ("R2 bucket portraits", kept["files"], kept["bytes"])
    assert (found["Jobs"].where, found["Jobs"].files, found["Jobs"].bytes) == ("postgresql://db.example/jobs", None, None)
    assert "key-" not in json.dumps([vars(share) for share in found.values()])
