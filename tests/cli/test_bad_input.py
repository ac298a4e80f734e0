"""What cannot be done gives one clear sentence, a non-zero exit, nothing charged and nothing left behind."""

import io
import os
import shlex
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from pipeline.database import Database
from pipeline.settings import ROOT
from tests.cli.conftest import SAMPLE, CommandLine


def bomb() -> bytes:
    """A PNG of 30,000 × 30,000 grey pixels in about 100 kB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(30_001)) for _ in range(30_000)) + rows.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


def picture(width: int, height: int, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 150)).save(out, kind, **more)
    return out.getvalue()


def moving() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (600, 600), (shade, 40, 40)) for shade in (10, 120, 230)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


PHOTOS = {
    "empty": b"",
    "truncated": SAMPLE.read_bytes()[:30_000],
    "web page": b"<!doctype html><html><body>404</body></html>",
    "svg": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='600' height='600'/>",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n",
    "300 px": picture(300, 300, "JPEG"),
    "300 px on one side": picture(300, 900, "PNG"),
    "bomb": bomb(),
    "animated": moving(),
}


@pytest.mark.parametrize("kind", PHOTOS)
def test_a_bad_photo_is_refused_in_one_sentence_and_leaves_nothing(pipeline: CommandLine, tmp_path: Path, kind: str) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(PHOTOS[kind])
    said = pipeline("portrait", str(photo), "--out", str(tmp_path / "out"), "--json")
    assert said.code == 3
    assert said.document["charged"] is False
    assert said.document["say"].count(".") <= 2
    assert said.document["next"]
    assert "Traceback" not in said.err
    assert not pipeline.folder.exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--strength", "1.4"], "BadParameter"),
        (["--strength", "0"], "BadParameter"),
        (["--strength", "nan"], "BadParameter"),
        (["--steps", "500"], "BadParameter"),
        (["--guidance", "-1"], "BadParameter"),
        (["--seed", "-1"], "BadParameter"),
        (["--seed", "99999999999"], "BadParameter"),
        (["--style", "picasso"], "UnknownName"),
        (["--model", "no-such-model"], "UnknownName"),
        (["--model", "flux-pro"], "WrongTool"),
        (["--model", "kling-2.6"], "WrongTool"),
        (["--model", "flux-kontext", "--strength", "0.6"], "BadParameter"),
        (["--prompt", "short"], "BadPrompt"),
        (["--prompt", "x" * 1001], "BadPrompt"),
        (["--prompt", " " * 20], "BadPrompt"),
        (["--prompt", "a warm picture \udcff of both"], "BadPrompt"),
        (["--approve", "--clip-model", "flux-dev"], "WrongTool"),
        (["--case", "\x07bell"], "BadParameter"),
        (["--out", str(SAMPLE / "inside-a-file")], "BadOutputFolder"),
        (["--out", "/proc/no-files-here"], "BadOutputFolder"),
    ],
)
def test_a_bad_wish_is_refused_before_anything_is_kept(pipeline: CommandLine, words: list[str], error: str) -> None:
    said = pipeline("portrait", str(SAMPLE), *words, "--json")
    assert (said.code, said.document["error"], said.document["charged"]) == (3, error, False)
    assert pipeline("runs", "--json").document == []
    assert pipeline("assets", "--json").document == []
    assert pipeline("ledger", "--json").document == []


def test_a_photo_on_its_side_gets_a_hint_that_holds(pipeline: CommandLine, tmp_path: Path) -> None:
    with Image.open(SAMPLE) as photo:
        photo.convert("RGB").transpose(Image.Transpose.ROTATE_90).save(tmp_path / "lying", "JPEG")
    words = ("portrait", str(tmp_path / "lying"), "--model", "no-such-model", "--json")
    assert "Hint: a face is found when the photo is turned; try it with --turn 90." in pipeline(*words).err
    assert "No face was found" not in pipeline(*words, "--turn", "90").err


def test_a_missing_photo_and_a_folder_are_said_plainly(pipeline: CommandLine, tmp_path: Path) -> None:
    for path in (tmp_path / "none.jpg", tmp_path):
        assert pipeline("portrait", str(path), "--json").document["error"] == "PhotoUnreadable"


def test_a_reached_cap_is_refused_before_the_photo_is_kept(pipeline: CommandLine) -> None:
    said = pipeline("portrait", str(SAMPLE), "--json", STUDIO_DAILY_CAP_USD="0.02")
    assert (said.code, said.document["error"], said.document["charged"]) == (5, "BudgetReached", False)
    assert "$0.02" in said.document["say"]
    assert pipeline("assets", "--json").document == []


def test_a_free_case_is_told_about_premium(pipeline: CommandLine) -> None:
    said = pipeline("portrait", str(SAMPLE), "--case", "free-1", "--plan", "free", "--json")
    assert (said.code, said.document["error"]) == (4, "NotPremium")


def test_the_data_folder_of_another_mode_is_refused(pipeline: CommandLine) -> None:
    with Database(pipeline.folder / "sandbox", "live").reading():
        pass
    said = pipeline("runs", "--json")
    assert (said.code, said.document["error"]) == (9, "WrongMode")
    assert "live mode" in said.document["say"]


def test_a_file_where_a_folder_should_be_is_said_plainly(pipeline: CommandLine) -> None:
    (pipeline.folder / "sandbox").mkdir(parents=True)
    (pipeline.folder / "sandbox" / "emulator").write_text("not a folder")
    said = pipeline("sandbox", "faults", "add", "delay", "--json")
    assert (said.code, said.document["error"], said.document["charged"]) == (9, "PlaceError", False)


def test_a_folder_that_cannot_be_used_is_said_plainly(pipeline: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    said = pipeline("runs", "--json", STUDIO_DATA=str(tmp_path / "file" / "below"))
    assert (said.code, said.document["error"]) == (9, "PlaceError")


@pytest.mark.parametrize(
    ("name", "value"), [("STUDIO_MODE", "party"), ("STUDIO_DAILY_CAP_USD", "much"), ("STUDIO_PROVIDER_SLOTS", "0"), ("STUDIO_SANDBOX_SPEED", "-3")]
)
def test_a_wrong_setting_is_named(pipeline: CommandLine, name: str, value: str) -> None:
    said = pipeline("runs", "--json", **{name: value})
    assert (said.code, said.document["error"]) == (3, "BadSetting")
    assert name in said.document["say"]


def test_wrong_use_of_the_command_line_is_one_document_too(pipeline: CommandLine) -> None:
    said = pipeline("portrait", "--json")
    assert said.code == 2
    assert said.document["charged"] is False
    assert pipeline("dance").code == 2


@pytest.mark.parametrize(
    "words", [["show", "rnone"], ["cancel", "rnone"], ["retry", "rnone"], ["animate", "rnone"], ["approve", "abc"], ["approve", "zz"]]
)
def test_what_does_not_exist_is_said_to_not_exist(pipeline: CommandLine, words: list[str]) -> None:
    said = pipeline(*words, "--json")
    assert (said.code, said.document["error"]) == (3, "UnknownName")


def test_a_database_locked_for_too_long_is_said_to_be_busy(pipeline: CommandLine) -> None:
    import sqlite3

    assert pipeline("runs").code == 0
    held = sqlite3.connect(pipeline.folder / "sandbox" / "studio.db", isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    said = pipeline("portrait", str(SAMPLE), "--json", STUDIO_BUSY_SECONDS="1")
    held.close()
    assert (said.code, said.document["error"], said.document["charged"]) == (9, "DatabaseBusy", False)


def test_letters_that_are_no_text_are_refused_plainly(pipeline: CommandLine) -> None:
    said = pipeline("portrait", str(SAMPLE), "--case", "smith-\udcff", "--json")
    assert (said.code, said.document["error"], said.document["charged"]) == (3, "BadParameter", False)


@pytest.mark.parametrize("words", [["runs", "--json"], ["show", "rnone", "--json"], ["price"]])
def test_a_full_or_closed_output_is_no_crash(pipeline: CommandLine, words: list[str]) -> None:
    for redirection in (">/dev/full", ">&-", "2>/dev/full", "2>&-", ">/dev/full 2>/dev/full"):
        given = {**os.environ, "STUDIO_DATA": str(pipeline.folder)}
        command = f"{shlex.join([sys.executable, '-m', 'pipeline', *words])} {redirection}"
        done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, env=given, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode == 0) == (words[0] != "show" and redirection.startswith("2")), redirection
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
