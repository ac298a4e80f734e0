"""Logs as JSON lines, rotated. They name runs, calls and error classes; prompts, addresses and keys never reach them."""

import contextlib
import json
import logging
import os
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import BinaryIO

FIELDS = ("run", "call", "state", "error", "charged", "seconds", "cost_micro_usd", "retryable")
LIMIT_BYTES = 5_000_000
LIMIT_OUTPUT_BYTES = 1_000_000
KEPT = 3


class JsonLines(logging.Formatter):
    """One line an event: time, level, where, what, and the fields of FIELDS that are known."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; of an exception only its class and place, as its text may quote what people wrote."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "event": record.getMessage(),
            "from": record.name,
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0]:
            line |= {"exception": record.exc_info[0].__name__, "where": _where(record)}
        return json.dumps(line, ensure_ascii=False, default=str)


def write_logs_to(folder: Path, name: str) -> None:
    """Send everything this process logs to `folder/logs/name.jsonl`."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "logs" / f"{name}.jsonl", maxBytes=LIMIT_BYTES, backupCount=KEPT, encoding="utf-8")
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("httpx", "httpcore", "dbos", "alembic", "botocore", "urllib3", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def output_of(folder: Path, name: str) -> BinaryIO:
    """Open `folder/logs/name.out` for what a process prints besides its log; over 1 MB the file begins anew and the older one is kept."""
    path = folder / "logs" / f"{name}.out"
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LIMIT_OUTPUT_BYTES:
            path.replace(path.with_suffix(".out.1"))
    return path.open("ab")


def shorten_outputs(folder: Path) -> int:
    """Begin anew every `folder/logs/*.out` over 1 MB and return how many; they are opened for appending, so their processes print on at the start."""
    long = [path for path in (folder / "logs").glob("*.out") if path.stat().st_size > LIMIT_OUTPUT_BYTES]
    for path in long:
        os.truncate(path, 0)
    return len(long)


def _where(record: logging.LogRecord) -> str:
    trace = record.exc_info[2] if record.exc_info else None
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " > ".join(places[-6:])
