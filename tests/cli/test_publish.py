"""From a photo to a public address and back on the command line, with the real sandbox, worker and encoder."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.media.provenance import is_marked
from tests.cli.conftest import SAMPLE, CommandLine

WANTED = {"key", "url", "sha256", "verified", "kind", "bytes", "media_type"}


@pytest.fixture(scope="module")
def clip(served: CommandLine) -> str:
    """A clip that was made and approved."""
    made = served("portrait", str(SAMPLE), "--case", "A-1042", "--owner", "zoe", "--approve", "--json").document
    approved = served("approve", made["clip"]["sha256"], "--json")
    assert approved.code == 0, approved.err
    return str(made["clip"]["sha256"])


def public(served: CommandLine) -> set[str]:
    root = served.folder / "sandbox" / "public"
    return {
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and not path.name.startswith(".") and path.suffix != ".js"
    }


def test_a_dry_run_names_every_address_and_publishes_nothing(served: CommandLine, clip: str) -> None:
    said = served("publish", clip, "--dry-run", "--json").document
    assert [one["kind"] for one in said["published"]] == ["avatar", "clip", "poster"]
    assert (said["published"][1]["is_live"], public(served)) == (False, set())


def test_an_approved_clip_is_published_verified_and_taken_back_with_a_receipt(served: CommandLine, clip: str) -> None:
    done = served("publish", clip[:16], "--json")
    assert done.code == 0, done.err
    document: dict[str, Any] = done.document
    assert document.keys() >= WANTED
    assert (document["sha256"], document["verified"], document["key"]) == (clip, True, f"animations/A-1042/{clip}.mp4")
    assert public(served) == {one["key"] for one in document["published"]}
    for one in document["published"]:
        data = (served.folder / "sandbox" / "public" / one["key"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == one["sha256"] == Path(one["key"]).stem
        assert is_marked(data), one["kind"]
    assert served("publish", clip, "--json").document == document

    back = served("unpublish", clip, "--reason", "they asked", "--json").document
    assert [(one["kind"], one["outcome"], one["reason"]) for one in back["withdrawn"]] == [
        ("clip", "removed", "they asked"),
        ("poster", "removed", "they asked"),
    ]
    assert {key.partition("/")[0] for key in public(served)} == {"avatars"}
    again = served("unpublish", clip, "--json")
    assert (again.code, again.document["error"]) == (3, "NotNow")


def test_what_is_not_approved_is_refused_with_its_reason(served: CommandLine, tmp_path: Path) -> None:
    photo = shutil.copy(SAMPLE, tmp_path / "other.jpg")
    made = served("portrait", str(photo), "--case", "A-1043", "--owner", "ben", "--json").document
    refused = served("publish", made["original"]["sha256"], "--json")
    assert (refused.code, refused.document["error"], "not approved" in refused.document["say"]) == (3, "NotNow", True)
