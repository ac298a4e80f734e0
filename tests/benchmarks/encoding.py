"""Our clip encode beside the bare ffmpeg command it stands for, in turn, whole processes."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.media import ffmpeg
from pipeline.settings import ROOT
from tests.benchmarks.figure import Figure

PAIRS = 3
GRAPH = (
    "[0:v]crop='min(iw,ih)':'min(iw,ih)',scale=720:720:flags=lanczos,fps=24,format=yuv420p,settb=AVTB,split[a][b];"
    "[a]trim=start=0.5,setpts=PTS-STARTPTS[body];[b]trim=end=0.5,setpts=PTS-STARTPTS[head];"
    "[body][head]xfade=duration=0.5:offset=4.0,format=yuv420p,split[v][p0];[p0]select=eq(n\\,0)[p]"
)
OURS = (
    "import sys; from pathlib import Path; from pipeline.media.clips import ClipRecipe, encode_clip;"
    "encode_clip(Path(sys.argv[1]), Path(sys.argv[2]), ClipRecipe())"
)


@dataclass(frozen=True)
class _Cost:
    seconds: float
    peak_bytes: int


def measure() -> list[Figure]:
    """Encode five seconds of grainy 1080p five times each way; peak memory is that of the whole process tree."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = _source(folder)
        ours, bare = [], []
        for turn in range(PAIRS):
            (folder / str(turn)).mkdir()
            ours.append(_watch([sys.executable, "-c", OURS, str(source), str(folder / str(turn))]))
            bare.append(_watch(_bare(source, folder)))
    wall = statistics.median(a.seconds / b.seconds for a, b in zip(ours, bare, strict=True))
    memory = statistics.median(a.peak_bytes / b.peak_bytes for a, b in zip(ours, bare, strict=True))
    seconds = statistics.median(cost.seconds for cost in ours)
    return [
        Figure(
            name="clip encode with checks ÷ bare ffmpeg, wall",
            value=wall,
            unit="×",
            limit=1.10,
            beside=f"{seconds:.2f} s a clip, start of Python included",
        ),
        Figure(name="clip encode ÷ bare ffmpeg, peak memory of the tree", value=memory, unit="×", limit=1.20),
    ]


def _source(folder: Path) -> Path:
    path = folder / "source.mp4"
    look = "testsrc2=size=1920x1080:rate=30:duration=5,noise=alls=6:allf=t"
    words = ["-f", "lavfi", "-i", look, "-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run([ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", *words], check=True)
    return path


def _bare(source: Path, folder: Path) -> list[str]:
    quality = ["-preset", "medium", "-crf", "20", "-maxrate", "2000k", "-bufsize", "2000k", "-profile:v", "baseline", "-movflags", "+faststart"]
    video = ["-map", "[v]", "-an", "-c:v", "libx264", *quality, str(folder / "bare.mp4")]
    poster = ["-map", "[p]", "-frames:v", "1", "-c:v", "libwebp", "-quality", "80", str(folder / "bare.webp")]
    return [ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", "-i", str(source), "-filter_complex", GRAPH, *video, *poster]


def _watch(command: list[str]) -> _Cost:
    began, peak = time.monotonic(), 0
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        time.sleep(0.01)
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed")
    return _Cost(time.monotonic() - began, peak)


def _resident(pid: int) -> int:
    """Add up the resident memory of a process and its children, in bytes."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_resident(child) for child in children)
