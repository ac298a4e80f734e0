"""Two thousand holds from fifty threads in four processes against overlapping caps, beside a ledger that adds its lines up at every hold."""

import json
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.database import Database
from pipeline.ledger import Cap, hold, proof, set_budget, totals
from pipeline.ledger.limits import every_limit
from pipeline.settings import ROOT
from tests.benchmarks import holder
from tests.benchmarks.figure import Figure
from tests.benchmarks.holder import BEFORE, CAP, FITS, MICRO_USD

THREADS, HOLDS = (13, 13, 12, 12), 500
CAPS = (
    Cap(scope_kind="person", scope="*", period="day", micro_usd=10**9),
    Cap(scope_kind="feature", scope="portrait", period="month", micro_usd=10**9),
    Cap(scope_kind="case", scope="*", period="ever", requests=10**6),
    Cap(scope_kind="case", scope="*", period="month", micro_usd=10**9),
)


def measure() -> list[Figure]:
    """Place 2,000 holds of $0.03 against five caps at a time, of which one fits 1,500 of them."""
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder))
        plain, ours = _run("plain", folder), _run("ours", folder)
        return _figures(Path(folder), ours, plain)


def _figures(folder: Path, ours: list[dict[str, Any]], plain: list[dict[str, Any]]) -> list[Figure]:
    placed, refused = sum(one["placed"] for one in ours), sum(one["refused"] for one in ours)
    database = Database(folder, "sandbox")
    with database.reading() as db:
        held, wrong = totals(db).held_micro_usd - BEFORE, proof(db)
        over = max(one.over for one in every_limit(db, [CAP]))
    database.close()
    lost = len(THREADS) * HOLDS - placed - refused + abs(held - placed * MICRO_USD) + len(wrong) + abs(placed - FITS)
    beside = f"{_a_second(plain):.0f} a second where every hold adds its lines up ({sum(one['placed'] for one in plain)} placed)"
    return [
        Figure(
            name="50 threads, 4 processes, 2,000 holds against five caps: a second",
            value=_a_second(ours),
            unit="holds/s",
            limit=300,
            at_least=True,
            beside=beside,
        ),
        Figure(name="… over any cap", value=over, unit="micro-USD", limit=0),
        Figure(name="… lost or wrong", value=lost, unit="holds", limit=0, beside=f"{placed} placed, {refused} refused"),
    ]


def _a_second(came: list[dict[str, Any]]) -> float:
    return len(THREADS) * HOLDS / (max(one["ended"] for one in came) - min(one["began"] for one in came))


def _run(kind: str, folder: str) -> list[dict[str, Any]]:
    """Let four processes begin at one moment and return what came of each."""
    command = [sys.executable, "-m", "tests.benchmarks.holder", kind, folder]
    pipes = {"cwd": ROOT, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([*command, str(at), str(threads), str(HOLDS)], **pipes) for at, threads in enumerate(THREADS)]  # type: ignore[call-overload]
    for one in running:
        assert one.stdout.readline() == "ready\n"
    for one in running:
        one.stdin.write("go\n")
        one.stdin.flush()
    return [json.loads(one.communicate(timeout=300)[0]) for one in running]


def _fill(folder: Path) -> None:
    database = Database(folder, "sandbox")
    with database.writing() as tx:
        for number in range(BEFORE):
            hold(tx, holder.booking(f"before-{number}", number), 1, ())
        for cap in CAPS:
            set_budget(tx, cap, hard=True, person="boss")
    database.close()
    with closing(sqlite3.connect(folder / "plain.db")) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE holds (name TEXT PRIMARY KEY, person TEXT, feature TEXT, case_id TEXT, day TEXT, micro_usd INTEGER)")
        db.execute("CREATE INDEX holds_by_case ON holds(case_id)")
        db.execute("CREATE INDEX holds_by_person ON holds(person, day)")
        booked = (holder.booking(f"before-{number}", number) for number in range(BEFORE))
        rows = [(one.call_id, one.person, one.feature, one.case_id, holder.DAY, 1) for one in booked]
        db.executemany("INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?)", rows)
        db.commit()
