"""One at a time publishes or withdraws for a case, also among processes: who comes later sees what the other one did."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import StoreRefused

STRIPES = 256
PATIENCE_SECONDS = 60.0


@contextlib.contextmanager
def turn(folder: Path, case_id: str) -> Iterator[None]:
    """Hold a case's turn; raises StoreRefused when somebody else holds it for too long. A killed process lets go of its turn."""
    stripe = int.from_bytes(hashlib.sha256(case_id.encode()).digest()[:2], "big") % STRIPES
    locks = folder / "turns"
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"publish-{stripe:02x}.lock", timeout=PATIENCE_SECONDS, poll_interval=0.005)
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreRefused("Somebody else is publishing for this case.", next="Try again in a moment.") from error
    try:
        yield
    finally:
        lock.release()
