"""Run the benchmarks named on the command line, or all of them; exit code 1 when a figure misses its limit."""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import avatars, browsing, costs, encoding, grid, guest, holds, idle, publishing, reconcile, rerun, starting, sweep
from tests.benchmarks.figure import Figure

PARTS = {
    "holds": holds,
    "starting": starting,
    "encoding": encoding,
    "idle": idle,
    "avatars": avatars,
    "browsing": browsing,
    "grid": grid,
    "guest": guest,
    "publishing": publishing,
    "reconcile": reconcile,
    "sweep": sweep,
    "costs": costs,
    "rerun": rerun,
}
ALL = {name: part.measure for name, part in PARTS.items()}
KEPT = Path(__file__).with_name("results.json")


def main() -> int:
    """Measure, print, keep."""
    chosen = sys.argv[1:] or list(ALL)
    figures: list[Figure] = []
    for name in chosen:
        began = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        figures += ALL[name]()
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print("\n".join(figure.line() for figure in figures))
    about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count(), "load_average": os.getloadavg()}
    KEPT.write_text(json.dumps({**about, "figures": [figure.document() for figure in figures]}, indent=2) + "\n", encoding="utf-8")
    return 0 if all(figure.good for figure in figures) else 1


sys.exit(main())
