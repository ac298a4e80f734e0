"""Backup, restore and export as real processes: killed halfway, refused while something runs, said in words when the file is no good."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from pipeline.processes.claims import claim
from pipeline.settings import ROOT
from tests.cli.conftest import CommandLine
from tests.little_studio import LittleStudio

PATIENCE_SECONDS = 60.0


def filled(pipeline: CommandLine, *, megabytes: int = 0) -> LittleStudio:
    studio = LittleStudio(pipeline.folder, customer=True)
    studio.approved_avatar()
    with studio.place.database.writing() as tx:
        for at in range(megabytes):
            tx.execute("INSERT INTO audit_log(at, person, action, subject, detail) VALUES ('', 'me', 'x', ?, hex(randomblob(500000)))", (str(at),))
    return studio


def backups_in(pipeline: CommandLine) -> list[Path]:
    return list((pipeline.folder / "sandbox" / "backups").glob("*"))


def test_a_backup_that_is_killed_halfway_leaves_no_file_under_a_name_of_its_own_and_the_next_one_works(pipeline: CommandLine) -> None:
    filled(pipeline, megabytes=150)
    environment = {**os.environ, "STUDIO_DATA": str(pipeline.folder)}
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "backup"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    end = time.monotonic() + PATIENCE_SECONDS
    while not any(path.stat().st_size for path in backups_in(pipeline)):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE_SECONDS)
    assert {path.name[0] for path in backups_in(pipeline)} == {"."}, "a draft and nothing else"
    assert pipeline("backup", "--list", "--json").document == []
    made = pipeline("backup", "--json").document
    assert made["charged_micro_usd"] == 30_000
    assert [one["name"] for one in pipeline("backup", "--list", "--json").document] == [Path(made["file"]).name]
    assert [str(path) for path in backups_in(pipeline)] == [made["file"]], "the draft that was left behind is gone"


def test_nothing_is_restored_while_anything_runs_or_before_somebody_says_yes(pipeline: CommandLine) -> None:
    studio = filled(pipeline)
    name = Path(pipeline("backup", "--json").document["file"]).name
    studio.approved_clip()
    for holder in ("studio", "worker", "sandbox"):
        with claim(studio.place.settings.folder, holder):
            said = pipeline("restore", name, "--yes", "--json")
        assert (said.code, said.document["error"]) == (9, "AlreadyRunning")
        assert holder in said.document["next"]
    asked = pipeline("restore", name, "--json")
    assert (asked.code, asked.document["error"]) == (3, "NotNow")
    assert pipeline("ledger", "--totals", "--json").document["charged_micro_usd"] == 410_000
    studio.place.database.close()
    assert pipeline("restore", name, "--yes", "--json").document["charged_micro_usd"] == 30_000
    assert pipeline("ledger", "--totals", "--json").document["charged_micro_usd"] == 30_000


def test_a_damaged_database_is_said_in_words_with_the_command_that_restores_it(pipeline: CommandLine) -> None:
    studio = filled(pipeline)
    name = Path(pipeline("backup", "--json").document["file"]).name
    studio.place.database.close()
    path = studio.place.database.path
    path.write_bytes(b"\xff" * path.stat().st_size)
    for command in (("runs",), ("ledger", "--totals"), ("costs",), ("backup",), ("export", "ledger", "--out", str(pipeline.folder / "x.csv"))):
        said = pipeline(*command)
        assert said.code == 9
        assert f"restore {name}" in said.err
        assert "Traceback" not in said.err
        assert str(pipeline.folder) not in said.err
    assert not (pipeline.folder / "x.csv").exists()
    assert pipeline("restore", name, "--yes").code == 0
    assert pipeline("ledger", "--totals", "--json").document["charged_micro_usd"] == 30_000


def test_a_database_that_is_locked_for_long_is_said_to_be_busy(pipeline: CommandLine) -> None:
    studio = filled(pipeline)
    with closing(sqlite3.connect(studio.place.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = pipeline("budget", "set", "studio", "--usd", "5", "--json", STUDIO_BUSY_SECONDS="0.2")
        assert (said.code, said.document["error"]) == (9, "DatabaseBusy")
        assert pipeline("ledger", "--totals", "--json").document["charged_micro_usd"] == 30_000, "whoever only looks is not kept waiting"


def test_an_export_says_what_it_wrote_and_refuses_in_words(pipeline: CommandLine, tmp_path: Path) -> None:
    filled(pipeline)
    done = pipeline("export", "ledger", "--parquet", "--out", str(tmp_path / "ledger.parquet"), "--json").document
    assert (done["rows"], done["charged_micro_usd"]) == (3, 30_000)
    assert Path(done["columns"]).read_text().startswith("# ledger")
    said = pipeline("export", "costs", "--by", "case,style", "--out", str(tmp_path / "costs.csv"))
    assert (said.code, "1 row, $0.03 spent" in said.out) == (0, True)
    for words in (("--csv", "--parquet"), ("--only", "model"), ("--since", "May"), ("--by", "model")):
        refused = pipeline("export", "ledger", "--out", str(tmp_path / "new.csv"), *words, "--json")
        assert (refused.code, refused.document["error"]) == (3, "BadParameter"), words
    assert not (tmp_path / "new.csv").exists()
