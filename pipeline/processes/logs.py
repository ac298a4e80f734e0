"""Logs as JSON lines, rotated. They name runs, calls and error classes; prompts, addresses and keys never reach them."""

import json
import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

FIELDS = ("run", "call", "state", "error", "charged", "seconds", "cost_micro_usd", "retryable")
LIMIT_BYTES = 5_000_000
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


def _where(record: logging.LogRecord) -> str:
    trace = record.exc_info[2] if record.exc_info else None
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " > ".join(places[-6:])
