"""Starting the app: what cannot be is said in one sentence, and importing it starts nothing."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.processes.claims import claim
from pipeline.settings import ROOT, load
from tests.pages.running import RunningApp, free_port


def ended(app: RunningApp) -> tuple[int, str]:
    """Wait for an app that cannot start; return its exit code and its last line."""
    return app.process.wait(30), app.said().strip().splitlines()[-1]


def test_a_second_studio_on_the_same_folder_says_so_and_leaves(tmp_path: Path) -> None:
    with claim(load({"STUDIO_DATA": str(tmp_path)}).folder, "studio"):
        code, words = ended(RunningApp(tmp_path))
    assert (code, words) == (9, "A studio is already running for this data folder. Use the running one, or stop it first.")


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, words = ended(RunningApp(tmp_path, port=port))
    assert code != 0
    assert f"Port {port} is not available" in words


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.port", str(free_port())]
    environment = {"PATH": "", "STUDIO_DATA": str(tmp_path / "data"), "STUDIO_MODE": "wild"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, "STUDIO_MODE is 'wild'" in done.stderr, "Traceback" in done.stderr) == (9, True, False)


@pytest.mark.parametrize("module", ["app", "pages.parts.frame"])
def test_importing_the_app_starts_nothing_and_warns_of_nothing(tmp_path: Path, module: str) -> None:
    command = [sys.executable, "-W", "error", "-c", f"import {module}"]
    done = subprocess.run(command, cwd=ROOT, env={"STUDIO_DATA": str(tmp_path / "data")}, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (0, "", [])
