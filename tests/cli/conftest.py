"""The command line as a real process on a data folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.settings import ROOT
from tests.crash.harness import Wreckable

SAMPLE = ROOT / "data" / "samples" / "astronaut.jpg"


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """`python -m pipeline` with this data folder."""

    folder: Path

    def __call__(self, *words: str, **environment: str) -> Said:
        given = {**os.environ, "STUDIO_DATA": str(self.folder), **environment}
        done = subprocess.run([sys.executable, "-m", "pipeline", *words], cwd=ROOT, env=given, capture_output=True, timeout=120, check=False)
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def pipeline(tmp_path: Path) -> CommandLine:
    """A command line whose worker is never needed."""
    return CommandLine(tmp_path / "studio")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A command line that may buy; its worker and sandbox are shared by the tests of a file and gone afterwards."""
    folder = tmp_path_factory.mktemp("served") / "studio"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STUDIO_DATA", "STUDIO_IDLE_SECONDS", "STUDIO_SANDBOX_PICTURES", "STUDIO_SANDBOX_SPEED"):
            patch.setenv(name, "")
        studio = Wreckable(folder, STUDIO_SANDBOX_SPEED="0.3", STUDIO_SANDBOX_PICTURES="rendered")
        yield CommandLine(folder)
        studio.close()
        assert studio.processes() == {}
