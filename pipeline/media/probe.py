"""Facts about a clip, read from its header or proven by decoding every frame."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from pipeline.errors import BrokenMedia, NoPicture

# Only these containers are opened: playlists and image sequences could make the reader open other files.
CONTAINERS: Final = {"mov": "video/mp4", "matroska": "video/webm"}
COVER_ART: Final = 0x0400
SEGMENT_ID: Final = b"\x18\x53\x80\x67"


@dataclass(frozen=True, kw_only=True)
class ClipFacts:
    """What a clip is as people see it: sizes after its rotation flag; `seconds` is the picture track's length, `bytes` the file's."""

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


def probe(path: Path) -> ClipFacts:
    """Read header and first frame (about 50 ms at 1080p); raises BrokenMedia, also for a clip cut off, and NoPicture.

    Damage inside the frames shows only in decode_fully; `seconds` is 0 where the header does not know them.
    """
    with _opened(path) as (container, stream):
        first = _first_frame(container, stream)
        if first is None:
            raise BrokenMedia("The clip has no frame that decodes.")
        return _facts(path, container, stream, first)


def decode_fully(path: Path) -> ClipFacts:
    """Decode every frame, so that the facts are true to the end; raises BrokenMedia, NoPicture."""
    with _opened(path) as (container, stream):
        stream.thread_type = "AUTO"
        first, last, count = None, None, 0
        for frame in container.decode(stream):
            if frame.is_corrupt:
                raise BrokenMedia("The clip has damaged frames.")
            first, last, count = first or frame, frame, count + 1
        if first is None or last is None:
            raise BrokenMedia("The clip has no frame that decodes.")
        return replace(_facts(path, container, stream, first), frames=count, seconds=_decoded_seconds(stream, first, last, count))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open the picture track; every library error inside becomes BrokenMedia."""
    import av

    try:
        with av.open(str(path), format=container_of(path)) as container:
            streams = [stream for stream in container.streams.video if not int(stream.disposition) & COVER_ART]
            if not streams:
                raise NoPicture
            if _promised_bytes(path, container) > path.stat().st_size:
                raise BrokenMedia("The clip is cut off: its end is missing.")
            yield container, streams[0]
    except (av.FFmpegError, OSError, ValueError, EOFError, IndexError) as error:
        raise BrokenMedia from error


def _promised_bytes(path: Path, container: Any) -> int:
    """Return where the file must at least end: by the index of an MP4, by the segment's length of a WebM."""
    if container_of(path) == "mov":
        return max((entry.pos + entry.size for stream in container.streams for entry in stream.index_entries), default=0)
    with path.open("rb") as file:
        start = file.read(4096)
    place = start.find(SEGMENT_ID) + len(SEGMENT_ID)
    size_bytes = 9 - start[place].bit_length() if SEGMENT_ID in start else 0
    size = int.from_bytes(start[place : place + size_bytes], "big") & ((1 << 7 * size_bytes) - 1)
    unknown = size == (1 << 7 * size_bytes) - 1
    return 0 if unknown else place + size_bytes + size


def _first_frame(container: Any, stream: Any) -> Any:
    """Decode the first packet and drain the decoder, which otherwise holds frames back until it has read several."""
    packet, decoder = next(container.demux(stream), None), stream.codec_context
    frames = [*decoder.decode(packet), *decoder.decode(None)] if packet is not None and packet.size else []
    if frames:
        return frames[0]
    container.seek(0)
    decoder.flush_buffers()
    return next(container.decode(stream), None)


def _facts(path: Path, container: Any, stream: Any, first: Any) -> ClipFacts:
    turned = round(first.rotation) % 180 == 90
    size = (first.height, first.width) if turned else (first.width, first.height)
    context = stream.codec_context
    shape = stream.sample_aspect_ratio
    return ClipFacts(
        media_type=_media_type(path, container),
        width_px=size[0],
        height_px=size[1],
        seconds=_header_seconds(container, stream),
        frames_per_second=float(stream.average_rate or 0),
        has_audio=bool(container.streams.audio),
        codec=context.name,
        profile=context.profile,
        bytes=path.stat().st_size,
        frames=stream.frames,
        rotation_degrees=round(first.rotation) % 360,
        pixel_shape=float(shape) if shape else 1.0,
        colour_tags=(int(first.colorspace), int(first.color_primaries), int(first.color_trc)),
    )


def _media_type(path: Path, container: Any) -> str:
    brand = container.metadata.get("major_brand", "")
    kind = container_of(path)
    if kind == "mov" and brand.startswith("qt"):
        return "video/quicktime"
    return CONTAINERS[kind]


def _header_seconds(container: Any, stream: Any) -> float:
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / 1_000_000 if container.duration else 0.0


def _decoded_seconds(stream: Any, first: Any, last: Any, count: int) -> float:
    """Return the span from the first frame's start to the last one's end."""
    step = 1 / stream.average_rate if stream.average_rate else Fraction(1, 24)
    if first.pts is None or last.pts is None:
        return float(count * step)
    return float((last.pts - first.pts) * stream.time_base + step)
