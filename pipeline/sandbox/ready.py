"""A prepared set for benchmarks: pictures and clips made once, each answer still with bytes of its own."""

import hashlib
import struct
import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sandbox import motion, scene
from pipeline.sandbox.subject import Picture

Pixels = NDArray[np.uint8]

COUNT = 12
PICTURE_PX = 1024
CLIP_PX = 720
WORDS = ("sunset", "forest", "ocean", "snow", "night", "castle")
_making = threading.Lock()


def prepare(folder: Path) -> None:
    """Paint the pictures of the set that are not there yet; twelve take about a second."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(COUNT):
        path = folder / f"picture-{index}.png"
        if not path.exists():
            pixels = scene.paint(WORDS[index % len(WORDS)], index, PICTURE_PX, PICTURE_PX)
            _put(path, cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())


def picture(folder: Path, request_id: str) -> Pixels:
    """Return the picture of the set that falls to this request (BGR)."""
    return np.asarray(cv2.imread(str(folder / f"picture-{_turn(request_id)}.png"), cv2.IMREAD_COLOR), np.uint8)


def clip(folder: Path, request_id: str, order: motion.Order) -> bytes:
    """Return the clip of the set that falls to this request; each is filmed when it is first wanted."""
    index = _turn(request_id)
    sound = "sound" if order.sound else "silent"
    path = folder / f"clip-{index}-{order.frames}-{order.frames_per_second}-{sound}.mp4"
    with _making:
        if not path.exists():
            _film(folder, index, order, path)
    return path.read_bytes() + _free_box(request_id)


def signed(jpeg: bytes, request_id: str) -> bytes:
    """Write a request's id into a JPEG as a comment, so that no two answers have the same bytes."""
    text = request_id.encode()
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + jpeg[2:]


def _film(folder: Path, index: int, order: motion.Order, path: Path) -> None:
    still = np.asarray(cv2.imread(str(folder / f"picture-{index}.png"), cv2.IMREAD_COLOR), np.uint8)
    partial = path.with_name(f"{path.stem}.part.mp4")
    motion.film(Picture(still, ()).fitted(CLIP_PX, CLIP_PX), order, partial)
    partial.replace(path)


def _free_box(request_id: str) -> bytes:
    """Make an mp4 box that players skip."""
    text = request_id.encode()
    return struct.pack(">I", len(text) + 8) + b"free" + text


def _turn(request_id: str) -> int:
    return hashlib.sha256(request_id.encode()).digest()[0] % COUNT


def _put(path: Path, data: bytes) -> None:
    partial = path.with_name(f"{path.name}.part")
    partial.write_bytes(data)
    partial.replace(path)
