"""The sandbox as a process: claims its folder, says its port, ends with its parent or after idleness."""

import os
import sys
import threading

from pipeline.processes.claims import Holder, claim
from pipeline.processes.logs import write_logs_to
from pipeline.sandbox import server
from pipeline.settings import Settings


def run_sandbox(settings: Settings, *, port: int = 0, idle_seconds: float | None = None, with_parent: bool = False) -> None:
    """Serve the provider emulator on loopback until told to stop; raises AlreadyRunning, PortTaken."""
    stop = threading.Event()
    if with_parent:
        threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()
    with claim(settings.folder, "sandbox") as held:
        write_logs_to(settings.folder, "sandbox")

        def should_stop() -> bool:
            held.alive()
            return stop.is_set() or (idle_seconds is not None and not server.busy() and server.idle_seconds() > idle_seconds)

        def tell(listening_on: int) -> None:
            held.tell(Holder(pid=os.getpid(), mode=settings.mode, port=listening_on, lasts=idle_seconds is None))

        server.serve(
            settings.folder / "emulator",
            port=port,
            speed=settings.sandbox_speed,
            slots=settings.sandbox_slots,
            pictures=settings.sandbox_pictures,
            on_ready=tell,
            should_stop=should_stop,
        )


def _stop_with_parent(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()
