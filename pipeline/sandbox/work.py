"""What one request becomes: files and an answer, or the details of why not. Runs in a rendering thread."""

import base64
import binascii
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from pipeline.media.decoding.headers import LONGEST_SIDE_PX, read_header
from pipeline.media.decoding.kinds import Kind as Format
from pipeline.media.decoding.kinds import TooManyPixels, Unreadable
from pipeline.media.pictures import opened
from pipeline.sandbox import motion, painter, ready, scene
from pipeline.sandbox.faults import Kind
from pipeline.sandbox.inputs import Detail, completed, detail, problems
from pipeline.sandbox.models import SIZES, Job, Model
from pipeline.sandbox.subject import Picture

LARGEST_SIDE_PX = 2048
MOST_PIXELS = 50_331_648
TAKEN = (Format.JPEG, Format.PNG, Format.WEBP)
EDIT_STRENGTH = 0.8
SHORT_SIDES_PX = {"512P": 512, "768P": 768, "480p": 480, "720p": 720}


class Stopped(Exception):
    """The emulator is going down; the request is done again after its restart."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Everything a thread needs to make a request's files, without touching the database."""

    request_id: str
    model: Model
    body: Mapping[str, Any]
    photo: bytes | Path | None
    orders: frozenset[Kind]
    files: Path
    temporary: Path
    ready: Path | None
    stop: threading.Event = field(default_factory=threading.Event)


class NewFile(NamedTuple):
    """A file that was made, lying under `id` among the emulator's files; sizes in pixels."""

    id: str
    name: str
    media_type: str
    width_px: int
    height_px: int


@dataclass(frozen=True, kw_only=True)
class Made:
    """What was made: its files, the seed that was used, whether it was flagged, and the length in seconds of a clip."""

    files: tuple[NewFile, ...]
    asked: dict[str, Any]
    seed: int
    flagged: bool = False
    seconds: float = 0.0


class Declined(NamedTuple):
    """The model declined the input."""

    details: list[Detail]


def make(task: Task) -> Made | Declined:
    """Check the input as the model would, then make its files; raises Stopped when the emulator goes down meanwhile."""
    wrong = problems(task.model, task.body)
    if wrong:
        return Declined(wrong)
    asked = completed(task.model, task.body)
    if not task.model.photo:
        return _pictures(task, asked, None)
    photo = _photo(task, asked)
    if isinstance(photo, Declined):
        return photo
    return _clip(task, asked, photo) if task.model.job is Job.CLIP else _pictures(task, asked, photo)


def from_data_uri(address: str) -> bytes | None:
    """Read the bytes out of a data URI, or return None when it holds none."""
    try:
        return base64.b64decode(address.split(",", 1)[1], validate=True) if address.startswith("data:") else None
    except (IndexError, binascii.Error):
        return None


def _photo(task: Task, asked: Mapping[str, Any]) -> Picture | Declined:
    name, address = task.model.photo, asked[task.model.photo]
    if task.photo is None:
        return Declined([detail(name, "file_download_error", "Failed to download the file.", address)])
    data = task.photo.read_bytes() if isinstance(task.photo, Path) else task.photo
    try:
        header = read_header(data)
        width_px, height_px = header.width_px, header.height_px
        if header.kind not in TAKEN:
            raise Unreadable("is not taken")
    except TooManyPixels as bomb:
        width_px, height_px = bomb.width_px, bomb.height_px
    except Unreadable:
        return Declined([detail(name, "image_load_error", "Failed to load the image.", address)])
    if min(width_px, height_px) < task.model.smallest_px:
        limits = {"min_width": task.model.smallest_px, "min_height": task.model.smallest_px}
        return Declined([detail(name, "image_too_small", "Image dimensions are too small.", address, **limits)])
    if width_px * height_px > MOST_PIXELS or max(width_px, height_px) > LONGEST_SIDE_PX:
        return Declined([detail(name, "image_too_large", "Image dimensions are too large.", address, max_width=8192, max_height=6144)])
    try:
        return Picture(np.ascontiguousarray(np.asarray(opened(data)[1])[:, :, ::-1]))
    except Unreadable:
        return Declined([detail(name, "image_load_error", "Failed to load the image.", address)])


def _pictures(task: Task, asked: dict[str, Any], photo: Picture | None) -> Made:
    seed = _seed(task, asked)
    flagged = Kind.FLAGGED in task.orders
    black = flagged or Kind.BLACK_PICTURE in task.orders
    if task.ready is not None and not black:
        return _ready_pictures(task, task.ready, asked, seed)
    files = []
    for index in range(int(asked["num_images"])):
        if task.stop.is_set():
            raise Stopped
        pixels = _pixels(task, asked, photo, seed + index)
        files.append(_keep_picture(task, asked, np.zeros_like(pixels) if black else pixels, index))
    return Made(files=tuple(files), asked=asked, seed=seed, flagged=flagged)


def _ready_pictures(task: Task, folder: Path, asked: dict[str, Any], seed: int) -> Made:
    files = []
    for index in range(int(asked["num_images"])):
        file_id = _file_id(task, index)
        _write(task, file_id, ready.picture(folder, f"{task.request_id}.{index}"))
        files.append(NewFile(file_id, f"picture-{index + 1}.jpg", "image/jpeg", ready.PICTURE_PX, ready.PICTURE_PX))
    return Made(files=tuple(files), asked=asked, seed=seed)


def _pixels(task: Task, asked: Mapping[str, Any], photo: Picture | None, seed: int) -> Any:
    if photo is None:
        return scene.paint(asked["prompt"], seed, *_size(asked))
    if task.model.job is Job.EDIT:
        return painter.redraw(photo.fitted(*_edit_size(photo, asked)), asked["prompt"], EDIT_STRENGTH, seed)
    return painter.redraw(photo.at_most(LARGEST_SIDE_PX), asked["prompt"], float(asked["strength"]), seed)


def _keep_picture(task: Task, asked: Mapping[str, Any], pixels: Any, index: int) -> NewFile:
    suffix = "png" if asked["output_format"] == "png" else "jpg"
    options = [cv2.IMWRITE_PNG_COMPRESSION, 3] if suffix == "png" else [cv2.IMWRITE_JPEG_QUALITY, 92]
    data = cv2.imencode(f".{suffix}", pixels, options)[1].tobytes()
    file_id = _file_id(task, index)
    _write(task, file_id, data)
    height_px, width_px = pixels.shape[:2]
    return NewFile(file_id, f"picture-{index + 1}.{suffix}", f"image/{'png' if suffix == 'png' else 'jpeg'}", width_px, height_px)


def _clip(task: Task, asked: dict[str, Any], photo: Picture) -> Made:
    seed = _seed(task, asked)
    frames, frames_per_second = _length(asked)
    order = motion.Order(
        prompt=asked["prompt"],
        seed=seed,
        frames=1 if Kind.ONE_FRAME in task.orders else frames,
        frames_per_second=frames_per_second,
        short_side_px=SHORT_SIDES_PX.get(str(asked.get("resolution")), 720),
        sound=bool(asked.get("generate_audio", False)),
        picture=Kind.NO_PICTURE_TRACK not in task.orders,
    )
    file_id = _file_id(task, 0)
    partial = task.temporary / f"{file_id}.mp4"
    if task.ready is not None and order.picture:
        partial.write_bytes(ready.clip(task.ready, task.request_id, order))
        width_px, height_px = ready.CLIP_PX, ready.CLIP_PX
    else:
        try:
            width_px, height_px = motion.film(photo, order, partial, stop=task.stop)
        except motion.Interrupted as interrupted:
            raise Stopped from interrupted
    partial.replace(task.files / file_id)
    made = NewFile(file_id, "clip.mp4", "video/mp4", width_px, height_px)
    return Made(files=(made,), asked=asked, seed=seed, seconds=frames / frames_per_second)


def _length(asked: Mapping[str, Any]) -> tuple[int, int]:
    if "num_frames" in asked:
        return int(asked["num_frames"]), int(asked["frames_per_second"])
    return int(asked.get("duration", "6")) * motion.FRAMES_PER_SECOND, motion.FRAMES_PER_SECOND


def _size(asked: Mapping[str, Any]) -> tuple[int, int]:
    size = asked["image_size"]
    return SIZES[size] if isinstance(size, str) else (int(size.get("width", 512)), int(size.get("height", 512)))


def _edit_size(photo: Picture, asked: Mapping[str, Any]) -> tuple[int, int]:
    """About one megapixel in the ratio asked for, else the photo's own; sides are multiples of 16."""
    ratio = photo.width_px / photo.height_px
    if asked["aspect_ratio"]:
        across, down = asked["aspect_ratio"].split(":")
        ratio = int(across) / int(down)
    ratio = min(max(ratio, 9 / 21), 21 / 9)
    height = (1024 * 1024 / ratio) ** 0.5
    return int(height * ratio) // 16 * 16, int(height) // 16 * 16


def _seed(task: Task, asked: Mapping[str, Any]) -> int:
    """The seed asked for, else one drawn from the request, so that a restart draws the same."""
    given = asked.get("seed")
    return int(given) if given is not None else int.from_bytes(hashlib.sha256(task.request_id.encode()).digest()[:4])


def _file_id(task: Task, index: int) -> str:
    return hashlib.sha256(f"{task.request_id}|{index}".encode()).hexdigest()[:24]


def _write(task: Task, file_id: str, data: bytes) -> None:
    partial = task.temporary / f"{file_id}.part"
    partial.write_bytes(data)
    partial.replace(task.files / file_id)
