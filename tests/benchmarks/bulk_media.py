"""Real pictures and clips for benchmark data: a few rendered once, each copy made its own by a remark that viewers skip."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy
from imageio_ffmpeg import write_frames
from PIL import Image, ImageEnhance, ImageOps

from pipeline.media.stills import display_copy
from pipeline.settings import SHIPPED
from pipeline.storage import sidecar
from pipeline.storage.port import sha256_of
from pipeline.storage.sidecar import Sidecar

SIDE_PX, CLIP_PX, CLIP_FRAMES, FRAMES_PER_SECOND = 512, 384, 48, 24


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """One motif in every form the studio keeps: JPEG, the WebP of screens, and an MP4."""

    jpeg: bytes
    webp: bytes
    mp4: bytes


class QuickStore:
    """Writes what the folder store would write, without forcing each file to the disk: a benchmark can be filled anew."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, data: bytes, *, media_type: str, cache_control: str, metadata: object = None) -> None:
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        about = Sidecar(bytes=len(data), sha256=sha256_of(data), media_type=media_type, cache_control=cache_control)
        sidecar.path_beside(path).write_bytes(sidecar.encoded(about))
        path.write_bytes(data)

    def read(self, key: str) -> bytes:
        return (self.root / key).read_bytes()


def render(motifs: int, clips: int, folder: Path) -> Sequence[Rendered]:
    """Make so many motifs of the sample photo, told apart by cut, colour and side; the first `clips` are filmed, the rest share those films."""
    with Image.open(SHIPPED / "samples" / "astronaut.jpg") as sample:
        pictures = [_motif(sample.convert("RGB"), number) for number in range(motifs)]
    films = [_film(picture, folder / f"film-{number}.mp4") for number, picture in enumerate(pictures[:clips])]
    stills = [_jpeg(picture) for picture in pictures]
    return [Rendered(jpeg=still, webp=display_copy(still), mp4=films[number % clips]) for number, still in enumerate(stills)]


def marked_jpeg(data: bytes, remark: str) -> bytes:
    """Return the picture with a comment in its head."""
    text = remark.encode()
    return data[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + data[2:]


def marked_webp(data: bytes, remark: str) -> bytes:
    """Return the picture with a chunk at its end whose name no viewer knows."""
    text = remark.encode()
    body = data[8:] + b"note" + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def marked_mp4(data: bytes, remark: str) -> bytes:
    """Return the clip with a box at its end that players skip."""
    text = remark.encode()
    return data + struct.pack(">I", len(text) + 8) + b"free" + text


def _motif(sample: Image.Image, number: int) -> Image.Image:
    left, top, side = 12 * (number % 7), 8 * (number % 5), 512 - 14 * (number % 11)
    left, top = min(left, 512 - side), min(top, 512 - side)
    cut = sample.crop((left, top, left + side, top + side)).resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR)
    hue, saturation, value = (ImageOps.mirror(cut) if number % 2 else cut).convert("HSV").split()
    turned = hue.point([(level + 37 * number) % 256 for level in range(256)])
    return ImageEnhance.Brightness(Image.merge("HSV", (turned, saturation, value)).convert("RGB")).enhance(0.85 + number % 4 / 10)


def _jpeg(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=45)
    return out.getvalue()


def _film(picture: Image.Image, path: Path) -> bytes:
    writer = write_frames(
        str(path), (CLIP_PX, CLIP_PX), fps=FRAMES_PER_SECOND, quality=None, bitrate="250k", output_params=["-movflags", "+faststart"]
    )
    writer.send(None)
    for frame in range(CLIP_FRAMES):
        nearer = frame * (CLIP_FRAMES - 1 - frame) // 24
        part = picture.crop((nearer, nearer, SIDE_PX - nearer, SIDE_PX - nearer)).resize((CLIP_PX, CLIP_PX), Image.Resampling.BILINEAR)
        writer.send(numpy.asarray(part).tobytes())
    writer.close()
    return path.read_bytes()
