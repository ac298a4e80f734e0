"""A clip's header and its frames, by FFmpeg's libraries. Runs in the helper alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from pipeline.errors import BrokenMedia, NoPicture
from pipeline.media.decoding.clipfacts import CONTAINERS, ClipFacts, container_of
from pipeline.media.decoding.headers import LONGEST_SIDE_PX, MAX_PIXELS
from pipeline.media.decoding.request import BLANK_SPREAD

COVER_ART: Final = 0x0400
SEGMENT_ID: Final = b"\x18\x53\x80\x67"
# One frame in so many is looked at for whether it shows anything.
LOOKED_AT: Final = 12
LOOK_PX: Final = 32


def read_header(path: Path) -> ClipFacts:
    """Read header and first frame; raises BrokenMedia, also for a clip cut off, and NoPicture. `seconds` is 0 where the header does not know them."""
    with _opened(path) as (container, stream):
        first = _first_frame(container, stream)
        if first is None:
            raise BrokenMedia("The clip has no frame that decodes.")
        return _facts(path, container, stream, first)


def read_frames(path: Path) -> ClipFacts:
    """Decode every frame, so that the facts are true to the end; raises BrokenMedia, NoPicture."""
    with _opened(path) as (container, stream):
        stream.thread_type = "AUTO"
        first, last, count, blank = None, None, 0, True
        for frame in container.decode(stream):
            if frame.is_corrupt:
                raise BrokenMedia("The clip has damaged frames.")
            blank = blank and (count % LOOKED_AT > 0 or _is_blank(frame))
            first, last, count = first or frame, frame, count + 1
        if first is None or last is None:
            raise BrokenMedia("The clip has no frame that decodes.")
        seconds = _decoded_seconds(stream, first, last, count)
        return replace(_facts(path, container, stream, first), frames=count, seconds=seconds, blank=blank)


def _is_blank(frame: Any) -> bool:
    """Tell whether a frame shows one colour alone; a hundredth of it may differ on either side."""
    small = frame.reformat(width=LOOK_PX, height=LOOK_PX, format="rgb24").planes[0]
    rows = [bytes(small)[at : at + 3 * LOOK_PX] for at in range(0, small.line_size * LOOK_PX, small.line_size)]
    bands = (sorted(b"".join(row[band::3] for row in rows)) for band in range(3))
    return max(band[-len(band) // 100 - 1] - band[len(band) // 100] for band in bands) <= BLANK_SPREAD


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open the picture track; every library error inside becomes BrokenMedia."""
    import av

    try:
        with av.open(str(path), format=container_of(path)) as container:
            streams = [stream for stream in container.streams.video if not int(stream.disposition) & COVER_ART]
            if not streams:
                raise NoPicture
            _check_size(streams[0])
            if _promised_bytes(path, container) > path.stat().st_size:
                raise BrokenMedia("The clip is cut off: its end is missing.")
            yield container, streams[0]
    except (av.FFmpegError, OSError, ValueError, EOFError, IndexError) as error:
        raise BrokenMedia from error


def _check_size(stream: Any) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS or max(width, height) > LONGEST_SIDE_PX:
        raise BrokenMedia(f"The clip has {width} × {height} pixels, more than can be handled.")


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
