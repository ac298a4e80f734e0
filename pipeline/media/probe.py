"""Facts about a clip, read from its header or proven by decoding every frame; both in a helper process with limits."""

from pathlib import Path

from pipeline.errors import BrokenMedia
from pipeline.media.decoding import pool
from pipeline.media.decoding.clipfacts import ClipFacts
from pipeline.media.decoding.kinds import Unreadable


def probe(path: Path) -> ClipFacts:
    """Read header and first frame (about 50 ms at 1080p); raises BrokenMedia, also for a clip cut off, and NoPicture.

    Damage inside the frames shows only in decode_fully; `seconds` is 0 where the header does not know them.
    """
    return _asked("clip_header", path, pool.STILL_SECONDS)


def decode_fully(path: Path) -> ClipFacts:
    """Decode every frame, so that the facts are true to the end; raises BrokenMedia, NoPicture."""
    return _asked("clip_frames", path, pool.CLIP_SECONDS)


def _asked(act: str, path: Path, seconds: float) -> ClipFacts:
    try:
        told, _ = pool.ask({"act": act, "path": str(path.resolve())}, b"", seconds)
    except Unreadable as error:
        raise BrokenMedia(f"The clip {error.what}.") from error
    return ClipFacts(**{**told, "colour_tags": tuple(told["colour_tags"])})
