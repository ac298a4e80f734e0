"""A prepared set for benchmarks: pictures and clips made once, each answer still with bytes of its own."""

import hashlib
import struct
import threading
from pathlib import Path

import cv2
import numpy as np

from pipeline.sandbox import motion, scene
from pipeline.sandbox.subject import Picture

COUNT = 12
PICTURE_PX = 1024
CLIP_PX = 720
WORDS = ("sunset", "forest", "ocean", "snow", "night", "castle")
_making = threading.Lock()


def prepare(folder: Path) -> None:
    """Paint the pictures of the set that are not there yet; twelve take a second or two."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(COUNT):
        path = folder / f"picture-{index}.jpg"
        if not path.exists():
            pixels = cv2.resize(scene.paint(WORDS[index % len(WORDS)], index, PICTURE_PX // 2, PICTURE_PX // 2), (PICTURE_PX, PICTURE_PX))
            _put(path, cv2.imencode(".jpg", pixels)[1].tobytes())


def picture(folder: Path, name: str) -> bytes:
    """Return the JPEG of the set that falls to this name, with the name in a comment, so that no two answers are the same bytes."""
    jpeg, text = (folder / f"picture-{_turn(name)}.jpg").read_bytes(), name.encode()
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + jpeg[2:]


def clip(folder: Path, request_id: str, order: motion.Order) -> bytes:
    """Return the clip of the set that falls to this request; each is filmed when it is first wanted."""
    index = _turn(request_id)
    sound = "sound" if order.sound else "silent"
    path = folder / f"clip-{index}-{order.frames}-{order.frames_per_second}-{sound}.mp4"
    with _making:
        if not path.exists():
            _film(folder, index, order, path)
    return path.read_bytes() + _free_box(request_id)


def _film(folder: Path, index: int, order: motion.Order, path: Path) -> None:
    still = np.asarray(cv2.imread(str(folder / f"picture-{index}.jpg"), cv2.IMREAD_COLOR), np.uint8)
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
