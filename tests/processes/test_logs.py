"""Nothing that is logged or printed grows for ever."""

import subprocess
import sys
from pathlib import Path

from pipeline.processes.logs import LIMIT_OUTPUT_BYTES, output_of, shorten_outputs

PRINTS = "import sys\nfor line in sys.stdin:\n    print(line.strip(), flush=True)"


def test_printed_output_over_its_limit_begins_anew_at_the_next_start_and_the_older_is_kept(tmp_path: Path) -> None:
    for text in (b"x" * (LIMIT_OUTPUT_BYTES + 1), b"second\n", b"third\n"):
        with output_of(tmp_path, "worker") as out:
            out.write(text)
    assert (tmp_path / "logs/worker.out").read_bytes() == b"second\nthird\n"
    assert (tmp_path / "logs/worker.out.1").stat().st_size == LIMIT_OUTPUT_BYTES + 1


def test_a_process_at_work_prints_on_at_the_start_of_its_shortened_output(tmp_path: Path) -> None:
    path = tmp_path / "logs/worker.out"
    with output_of(tmp_path, "worker") as out:
        child = subprocess.Popen([sys.executable, "-c", PRINTS], stdin=subprocess.PIPE, stdout=out, text=True)
    assert child.stdin is not None
    child.stdin.write("x" * (LIMIT_OUTPUT_BYTES + 1) + "\n")
    child.stdin.flush()
    while not path.stat().st_size > LIMIT_OUTPUT_BYTES + 1:
        assert child.poll() is None
    assert shorten_outputs(tmp_path) == 1
    child.communicate("after\n", timeout=20)
    assert path.read_bytes() == b"after\n"
    assert shorten_outputs(tmp_path) == 0
