"""The child process keeps its limits, tells its progress, and never stays behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from pipeline.errors import Cancelled, EncoderFailed
from pipeline.media import ffmpeg
from pipeline.media.ffmpeg import Ended, Outcome

ROOT = Path(__file__).resolve().parents[2]
GIGABYTE = 1024**3
ENDLESS = ["-re", "-f", "lavfi", "-i", "testsrc2=s=320x240:d=600", "-f", "null", "-"]
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def run(arguments: list[str], *, seconds_limit: float = 60, memory_limit_bytes: int = GIGABYTE, **more: object) -> Outcome:
    return ffmpeg.run(arguments, seconds_limit=seconds_limit, memory_limit_bytes=memory_limit_bytes, **more)


def children_of(pid: int) -> list[int]:
    listed = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return [child for child in listed if alive(child) and b"decoding.child" not in Path(f"/proc/{child}/cmdline").read_bytes()]


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def is_encoding(pid: int) -> bool:
    """True once ffmpeg itself runs, not a starter or a version check before it."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"ffmpeg" in command[0] and b"-progress" in command


def wait_until(true: object, seconds: float = 10) -> bool:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_the_version_is_known() -> None:
    assert ffmpeg.version()[0] in "n0123456789N"


def test_an_ffmpeg_that_is_not_there_is_said_plainly() -> None:
    for use in (ffmpeg.find, ffmpeg.version):
        with pytest.raises(EncoderFailed, match="STUDIO_FFMPEG"):
            use("/nowhere/ffmpeg")


def test_a_given_path_wins(tmp_path: Path) -> None:
    own = tmp_path / "my ffmpeg"
    own.symlink_to(ffmpeg.find())
    assert ffmpeg.find(str(own)) == str(own)
    assert ffmpeg.version(str(own)) == ffmpeg.version()


def test_progress_moves_forward_and_never_back() -> None:
    told: list[float] = []
    outcome = run(["-re", "-f", "lavfi", "-i", "testsrc2=s=160x120:d=1.5", "-f", "null", "-"], on_progress=told.append)
    assert outcome.ended is Ended.FINE
    assert told == sorted(set(told))
    assert len(told) >= 2
    assert told[-1] > 0.5


def test_a_bad_argument_is_refused_with_a_complaint() -> None:
    outcome = run(["-i", "no-such-file.mp4", "-f", "null", "-"])
    assert outcome.ended is Ended.REFUSED
    assert "no-such-file" in outcome.complaint


def test_much_complaining_does_not_stall_it() -> None:
    assert run(["-loglevel", "trace", "-f", "lavfi", "-i", "testsrc2=s=160x120:d=5", "-f", "null", "-"]).ended is Ended.FINE


@linux
def test_cancelling_ends_the_child_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(Cancelled):
        run(ENDLESS, cancelled=lambda: time.monotonic() - started > 0.4)
    assert time.monotonic() - started < 3
    assert children_of(os.getpid()) == []


@linux
def test_an_error_in_the_listener_ends_the_child_too() -> None:
    def fail(seconds: float) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(ENDLESS, on_progress=fail)
    assert children_of(os.getpid()) == []


@linux
def test_the_time_limit_ends_the_child() -> None:
    assert run(ENDLESS, seconds_limit=0.5).ended is Ended.OUT_OF_TIME
    assert children_of(os.getpid()) == []


@linux
def test_the_memory_limit_is_kept_and_named(tmp_path: Path) -> None:
    arguments = ["-f", "lavfi", "-i", "testsrc2=s=3840x2160:d=3", "-c:v", "libx264", "-preset", "slow", str(tmp_path / "a.mp4")]
    assert run(arguments, memory_limit_bytes=300 * 1024**2).ended is Ended.OUT_OF_MEMORY


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_child_is_told_from_one_that_refused(number: int) -> None:
    outcomes: list[Outcome] = []
    thread = Thread(target=lambda: outcomes.append(run(ENDLESS)))
    thread.start()
    assert wait_until(lambda: any(is_encoding(pid) for pid in children_of(os.getpid())))
    time.sleep(0.3)
    os.kill(children_of(os.getpid())[0], number)
    thread.join(10)
    assert outcomes[0].ended is Ended.KILLED


@linux
def test_a_full_disk_is_named() -> None:
    assert run(["-f", "lavfi", "-i", "testsrc2=s=640x480:d=2", "-c:v", "libx264", "-f", "mpegts", "file:/dev/full"]).ended is Ended.DISK_FULL


@linux
def test_the_child_of_a_killed_worker_is_gone_within_seconds() -> None:
    code = f"from pipeline.media import ffmpeg; ffmpeg.run({ENDLESS!r}, seconds_limit=600, memory_limit_bytes={GIGABYTE})"
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        assert wait_until(lambda: any(is_encoding(pid) for pid in children_of(worker.pid)))
        (child,) = children_of(worker.pid)
        assert alive(child)
    finally:
        worker.kill()
        worker.wait()
    assert wait_until(lambda: not alive(child), 3)
