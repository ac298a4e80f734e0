"""The provider asked for its bill, by whoever holds it against the ledger; in sandbox mode over its wire, which is brought up first."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from pipeline.processes.bring_up import ensure_running, wait_until_up
from pipeline.processes.worker import provider
from pipeline.settings import Settings
from pipeline.studio.bills import LIVE_LAG, AskedProvider


@contextmanager
def asked_provider(settings: Settings) -> Iterator[AskedProvider]:
    """Lend the provider of this mode as a source of its bill; the sandbox lists every charge at once. Raises WorkerAbsent, KeyRefused."""
    if settings.is_sandbox:
        ensure_running(settings, "sandbox")
        wait_until_up(settings, "sandbox")
    with provider(settings) as fal:
        yield AskedProvider(fal, lag=timedelta(0) if settings.is_sandbox else LIVE_LAG)
