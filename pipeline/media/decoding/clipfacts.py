"""What a clip is, as its header tells it or its frames prove it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import BrokenMedia

# Only these containers are opened: playlists and image sequences could make the reader open other files.
CONTAINERS: Final = {"mov": "video/mp4", "matroska": "video/webm"}


@dataclass(frozen=True, kw_only=True)
class ClipFacts:
    """What a clip is as people see it: sizes after its rotation flag; `seconds` is the picture track's length, `bytes` the file's;
    `blank` that no frame which was looked at shows more than one colour."""

    media_type: str
    width_px: int
    height_px: int
    seconds: float
    frames_per_second: float
    has_audio: bool
    codec: str
    profile: str | None
    bytes: int
    frames: int = 0
    rotation_degrees: int = 0
    pixel_shape: float = 1.0
    colour_tags: tuple[int, int, int] = (2, 2, 2)
    blank: bool = False


def container_of(path: Path) -> str:
    """Tell the container from the first bytes, "mov" or "matroska"; raises BrokenMedia for anything else."""
    try:
        with path.open("rb") as file:
            start = file.read(12)
    except OSError as error:
        raise BrokenMedia("The clip's file cannot be read.") from error
    if not start:
        raise BrokenMedia("The clip's file is empty.")
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if start.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    raise BrokenMedia("The file is not an MP4, MOV or WebM clip.")
