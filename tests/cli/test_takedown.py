"""A case is taken down from the command line: every copy named, asked for, removed, and told on a receipt; with the real sandbox and worker."""

import hashlib
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.settings import ROOT
from tests.cli.conftest import SAMPLE, CommandLine


def made(served: CommandLine, case: str, owner: str) -> dict[str, Any]:
    """Make, approve and publish a clip; the same photo with the same wish is bought anew for every case."""
    document: dict[str, Any] = served("portrait", str(SAMPLE), "--case", case, "--owner", owner, "--approve", "--json").document
    assert served("approve", document["clip"]["sha256"], "--case", case, "--json").code == 0
    assert served("publish", document["clip"]["sha256"], "--case", case, "--json").code == 0
    return document


@pytest.fixture(scope="module")
def zoe(served: CommandLine) -> dict[str, Any]:
    """A customer's published clip."""
    return made(served, "A-1042", "zoe")


def stores(served: CommandLine) -> dict[str, str]:
    """Return the hash of every file with a picture in the data folder, the sandbox's own included."""
    root = served.folder / "sandbox"
    found = [path for name in ("objects", "public", "tmp", "emulator") for path in (root / name).rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_a_dry_run_names_every_copy_and_without_an_answer_nothing_goes(served: CommandLine, zoe: dict[str, Any]) -> None:
    before = stores(served)
    said = served("takedown", "A-1042", "--dry-run", "--json")
    assert said.code == 0, said.err
    assert {one["where"] for one in said.document["copies"]} == {"public store", "private store", "sandbox"}
    assert {one["outcome"] for one in said.document["copies"]} == {"would be removed"}
    assert (said.document["scope"], said.document["subject"], len(said.document["mark"])) == ("case", "A-1042", 32)
    text = served("takedown", "A-1042", "--dry-run").out
    assert text.count("\n") == len(said.document["copies"]) + 1
    refused = served("takedown", "A-1042", "--json")
    assert (refused.code, refused.document["error"]) == (3, "NotNow")
    assert "public store" in refused.err
    assert stores(served) == before


def answered(served: CommandLine, answer: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command on a terminal on which somebody has typed an answer."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        command = [sys.executable, "-m", "pipeline", *words]
        return subprocess.run(
            command, stdin=theirs, capture_output=True, cwd=ROOT, env={**os.environ, "STUDIO_DATA": str(served.folder)}, timeout=120, check=False
        )
    finally:
        os.close(ours)
        os.close(theirs)


def test_on_a_terminal_it_asks_and_no_means_no(served: CommandLine, zoe: dict[str, Any]) -> None:
    before = stores(served)
    said = answered(served, b"n\n", "takedown", "A-1042")
    assert (said.returncode, b"for good?" in said.stderr, b"Nothing was taken down" in said.stderr) == (3, True, True)
    assert stores(served) == before


def test_one_file_a_case_and_a_customer_are_taken_down_and_nothing_of_them_is_left(served: CommandLine, zoe: dict[str, Any], tmp_path: Path) -> None:
    charged = served("ledger", "--totals", "--json").document
    clip = served("takedown", "A-1042", "--asset", zoe["clip"]["sha256"][:16], "--yes", "--json")
    assert clip.code == 0, clip.err
    assert (clip.document["scope"], clip.document["counts"]["removed"] > 0) == ("asset", True)
    left = set(stores(served).values())
    assert (zoe["clip"]["sha256"] in left, zoe["avatar"]["sha256"] in left) == (False, True)

    done = answered(served, b"y\n", "takedown", "A-1042", "--reason", "they asked")
    assert done.returncode == 0, done.stderr
    assert b"Reason: they asked" in done.stdout
    mine = {zoe[name]["sha256"] for name in ("avatar", "original", "clip", "poster")} | {hashlib.sha256(SAMPLE.read_bytes()).hexdigest()}
    root = served.folder / "sandbox"
    assert {path for path, sha256 in stores(served).items() if sha256 in mine} == set()
    assert [path for path in (root / "emulator" / "files").iterdir() if path.is_file()] == []
    assert [path for path in (root / "public").rglob("*") if path.suffix in (".webp", ".mp4")] == []
    assert served("ledger", "--totals", "--json").document == charged

    again = served("portrait", str(SAMPLE), "--case", "A-1042", "--owner", "zoe", "--json")
    assert (again.code, again.document["error"], again.document["charged"]) == (3, "TakenDown", False)
    made(served, "B-1", "ben")
    everything = served("takedown", "--customer", "ben", "--yes", "--json")
    assert (everything.code, everything.document["scope"], everything.document["counts"]["waiting"]) == (0, "customer", 0)
    once_more = served("takedown", "--customer", "ben", "--yes", "--json")
    assert once_more.document == everything.document


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ((), 3, "BadParameter"),
        (("A-1", "--customer", "zoe"), 3, "BadParameter"),
        (("no-such-case", "--yes"), 4, "WrongOwner"),
        (("--customer", "nobody", "--yes"), 4, "WrongOwner"),
        (("--asset", "abcdef", "--yes"), 3, "UnknownName"),
        (("studio", "--owner", "studio", "--yes"), 3, "BadParameter"),
    ],
)
def test_what_is_not_there_is_refused_in_words(pipeline: CommandLine, words: tuple[str, ...], code: int, error: str) -> None:
    said = pipeline("takedown", *words, "--json")
    assert (said.code, said.document["error"]) == (code, error)
