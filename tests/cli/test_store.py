"""Keeping the stores in order from the command line: looked at, deleted as shown, moved, advised, expired; each with a dry run and JSON."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.database import update
from pipeline.studio import publishing
from tests.cli.conftest import CommandLine
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.public_store import in_public, r2_settings

LOST = f"{CASE}/avatar/{'ab' * 32}.jpg"


@pytest.fixture
def little(pipeline: CommandLine) -> LittleStudio:
    """The studio behind the command line, with a published clip."""
    little = LittleStudio(pipeline.folder, customer=True)
    publishing.publish(little.place, CASE, little.approved_clip().sha256, OWNER, ME)
    return little


def test_orphans_are_shown_and_then_deleted_as_shown(pipeline: CommandLine, little: LittleStudio) -> None:
    refused = pipeline("orphans", "--delete", "--json")
    assert (refused.code, refused.document["error"]) == (3, "NotNow")
    little.place.store.put(LOST, b"lost", media_type="image/jpeg", cache_control="no-store")
    os.utime(little.place.settings.folder / "objects" / LOST, (time.time() - 90_000,) * 2)
    shown = pipeline("orphans", "--json")
    assert (shown.code, [one["key"] for one in shown.document["private"]["orphans"]]) == (0, [LOST])
    assert (shown.document["public"]["orphans"], shown.document["public"]["objects"], len(shown.document["mark"])) == ([], 4, 32)
    words = pipeline("orphans").out
    assert (LOST in words, "1 orphans, 4 bytes" in words, "--delete" in words) == (True, True, True)
    done = pipeline("orphans", "--delete", "--json").document
    assert (done["deleted"], done["bytes"], done["kept"]) == (1, 4, 0)
    assert LOST not in little.files()


def test_what_is_published_moves_to_the_store_that_is_set(pipeline: CommandLine, little: LittleStudio, s3_address: str) -> None:
    bucket = r2_settings(s3_address)
    planned = pipeline("store", "migrate", "--dry-run", "--json", **bucket).document
    assert (planned["copied"], planned["dry_run"], len(in_public(little.place))) == (3, True, 3)
    moved = pipeline("store", "migrate", "--json", **bucket)
    assert (moved.code, moved.document["copied"], moved.document["already"], moved.document["failed"]) == (0, 3, 0, 0)
    assert moved.document["bytes"] == planned["bytes"] > 0
    again = pipeline("store", "migrate", **bucket)
    assert (again.code, "0 files moved" in again.out, "3 were there" in again.out) == (0, True, True)
    assert in_public(little.place) == set()


def test_a_store_that_refuses_moves_nothing_and_ends_in_an_exit_code(pipeline: CommandLine, little: LittleStudio, s3_address: str) -> None:
    nowhere = {**r2_settings(s3_address), "R2_BUCKET_NAME": "no-such-bucket"}
    refused = pipeline("store", "migrate", "--json", **nowhere)
    assert (refused.code, refused.document["error"]) == (8, "StoreRefused")
    assert "R2_BUCKET_NAME" in refused.document["next"]
    assert len(in_public(little.place)) == 3


def test_the_rules_of_a_bucket_are_printed_ready_to_paste_and_set_on_request(pipeline: CommandLine, s3_address: str) -> None:
    told = pipeline("store", "advice", "--json").document
    assert (set(told), told["lifecycle"]["Rules"][0]["Expiration"]) == ({"cors", "lifecycle", "cache_rule"}, {"Days": 1})
    assert pipeline("store", "advice", "--apply").code == 3
    done = pipeline("store", "advice", "--apply", "--json", **r2_settings(s3_address))
    assert (done.code, done.document["applied"]["cors"], done.document["applied"]["lifecycle"]) == (1, "applied", "applied")
    assert "CLOUDFLARE_ZONE_ID" in done.document["applied"]["cache_rule"]


def test_results_that_nobody_approved_are_listed_and_removed_when_said(pipeline: CommandLine, little: LittleStudio) -> None:
    waiting = little.avatar()
    earlier = (datetime.now(UTC) - timedelta(days=40)).isoformat(timespec="microseconds")
    with little.place.database.writing() as tx:
        update(tx, "assets", {"sha256": waiting.sha256}, {"created_at": earlier})
        update(tx, "runs", {"id": waiting.run_id}, {"asked_at": earlier})
    assert "Results are kept" in pipeline("store", "expire").out
    listed = pipeline("store", "expire", "--days", "30", "--json").document
    assert (listed["dry_run"], [one["sha256"] for one in listed["results"]], listed["files"]) == (True, [waiting.sha256], 2)
    assert waiting.key in little.files()
    done = pipeline("store", "expire", "--days", "30", "--yes", "--json").document
    assert (done["removed"], done["kept"]) == (1, 0)
    assert waiting.key not in little.files()


def test_what_there_is_to_say_is_said_in_a_data_folder_without_anything(pipeline: CommandLine, tmp_path: Path) -> None:
    said = pipeline("orphans")
    assert (said.code, "0 orphans" in said.out) == (0, True)
