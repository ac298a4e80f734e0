"""The app as `make run` starts it, on a data folder and a port of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.processes.claims import holder_of
from pipeline.settings import ROOT, Settings, load

START_SECONDS = 40.0


class RunningApp:
    """A started app, its address, and what lies in its data folder."""

    def __init__(self, data: Path, *, port: int | None = None, **environment: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {"STUDIO_DATA": str(data), "STUDIO_MODE": "sandbox", **environment}
        self.settings: Settings = load(self.environment)
        self.log = data / "app.log"
        data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port), "--server.headless", "true"]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **self.environment}, stdout=out, stderr=out)

    def wait_until_healthy(self) -> "RunningApp":
        """Wait until every part is up."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, f"the app ended: {self.said()}"
            if self.health().get("ok"):
                return self
            time.sleep(0.1)
        raise AssertionError(f"the app is not healthy after {START_SECONDS:.0f} s: {self.health()} {self.said()}")

    def health(self) -> dict[str, Any]:
        """Return what /health answers, empty while nothing does."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                return dict(json.load(error))
        except OSError:
            return {}

    def said(self) -> str:
        """Return what the app has written to its terminal."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def pid_of(self, name: str) -> int | None:
        """Return the process id of the worker or the sandbox."""
        holder = holder_of(self.settings.folder, name)
        return holder.pid if holder else None

    def stop(self) -> int:
        """Ask the app to end and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def running_app(data: Path, *, port: int | None = None, **environment: str) -> Iterator[RunningApp]:
    """Start an app, wait until every part is up, and end it with its children."""
    app = RunningApp(data, port=port, **environment)
    try:
        yield app.wait_until_healthy()
    finally:
        app.stop()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
