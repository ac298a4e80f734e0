"""Clips: a still that breathes, sways and glitters, in a loop; every frame is made here and labelled."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sandbox import mark, scene
from pipeline.sandbox.subject import Box, Picture, mask_of

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

FRAMES_PER_SECOND = 24
LONGEST_SIDE_PX = 1280
SOUND_HZ = 44_100
MOTES = 26
# As fractions of the picture's short side: enough to be seen, too little to tear a face.
DRIFT, BREATH, SWAY, FLUTTER = 0.009, 0.0045, 0.004, 0.0030
GLOW = np.array([255, 236, 190], np.float32)
COLOURS = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"


class Interrupted(Exception):
    """Somebody asked for the filming to stop; stays inside the emulator."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What clip to make: length in frames, size in pixels, with sound or without; `picture` False leaves sound only."""

    prompt: str
    seed: int
    frames: int
    frames_per_second: int
    short_side_px: int
    sound: bool
    picture: bool = True

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return self.frames / self.frames_per_second


def film(photo: Picture, order: Order, target: Path, *, stop: threading.Event | None = None) -> tuple[int, int]:
    """Film a photo into an H.264 file at `target` and return its size in pixels; raises Interrupted once `stop` is set."""
    width, height = _size(photo, order.short_side_px)
    if not order.picture:
        _sound(order).write_audiofile(str(target), fps=SOUND_HZ, codec="aac", logger=None)
        return width, height
    frame_at = _Stage(photo.resized(width, height), order).frame_at
    _write(frame_at, order, target, stop or threading.Event())
    return width, height


def _size(photo: Picture, short_side_px: int) -> tuple[int, int]:
    scale = min(short_side_px / min(photo.width_px, photo.height_px), LONGEST_SIDE_PX / max(photo.width_px, photo.height_px))
    return round(photo.width_px * scale / 2) * 2, round(photo.height_px * scale / 2) * 2


def _write(frame_at: Callable[[float], Pixels], order: Order, target: Path, stop: threading.Event) -> None:
    from moviepy import VideoClip

    def frame(t: float) -> Pixels:
        if stop.is_set():
            raise Interrupted
        return frame_at(t)

    # moviepy rounds duration times rate down, so a quarter of a frame keeps it from losing one.
    clip = VideoClip(frame, duration=(order.frames + 0.25) / order.frames_per_second)
    if order.sound:
        clip = clip.with_audio(_sound(order))
    clip.write_videofile(
        str(target),
        fps=order.frames_per_second,
        codec="libx264",
        preset="veryfast",
        audio=order.sound,
        audio_codec="aac",
        audio_fps=SOUND_HZ,
        temp_audiofile=str(target.with_suffix(".m4a")),
        threads=1,
        ffmpeg_params=["-vf", COLOURS, "-crf", "19", "-movflags", "+faststart"],
        logger=None,
    )


def _sound(order: Order) -> Any:
    """Make a soft chord that swells and fades with the loop."""
    from moviepy import AudioClip

    root = (220.0, 246.94, 196.0)[order.seed % 3]

    def wave(t: Any) -> Any:
        tone = sum(np.sin(2 * np.pi * root * ratio * t) / (index + 2) for index, ratio in enumerate((1.0, 1.25, 1.5, 2.0)))
        return 0.12 * tone * np.sin(np.pi * np.clip(t / order.seconds, 0, 1)) ** 2

    return AudioClip(wave, duration=order.seconds, fps=SOUND_HZ)


class _Stage:
    """One still, the ways it bends and the motes above it; all motion has the clip's length as its period."""

    def __init__(self, photo: Picture, order: Order) -> None:
        self.seconds = order.seconds
        self.still = np.ascontiguousarray(photo.pixels[:, :, ::-1])
        random = scene.generator("motion", order.prompt, order.seed)
        mask = cv2.GaussianBlur(mask_of(photo.pixels, photo.faces), (0, 0), photo.width_px / 60)
        height, width = mask.shape
        self.down, self.across = np.mgrid[0:height, 0:width].astype(np.float32)
        self.bends = _bends(mask, photo.faces, random)
        self.motes = [_mote(width, height, random) for _ in range(MOTES)]
        # Light falls mostly behind the people, so that nothing glitters in their faces.
        self.veil = np.repeat(np.uint8(255) - (mask * 215).astype(np.uint8)[:, :, None], 3, axis=2)
        label = mark.label_for(width, height, photo.faces, share=mark.SHARE * 1.12, cover=0.95)
        self.label = label._replace(ink=np.ascontiguousarray(label.ink[:, :, ::-1]))

    def frame_at(self, t: float) -> Pixels:
        """Make the frame at `t` seconds, in RGB."""
        turn = 2 * math.pi * t / self.seconds
        across, down = self.across, self.down
        for sideways, plane, times, phase in self.bends:
            weight = math.sin(turn * times + phase) - math.sin(phase)
            if sideways:
                across = cv2.scaleAdd(plane, weight, across)
            else:
                down = cv2.scaleAdd(plane, weight, down)
        frame = cv2.remap(self.still, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        for mote in self.motes:
            mote.onto(frame, self.veil, turn)
        self.label.onto(frame)
        return np.asarray(frame)


def _bends(mask: Plane, faces: tuple[Box, ...], random: np.random.Generator) -> list[tuple[bool, Plane, int, float]]:
    """List displacement planes with their axis, how often they swing in one loop, and their phase."""
    height, width = mask.shape
    short = min(width, height)
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    chin = min(0.8, max((face.top + face.height for face in faces), default=0.45))
    chest = np.exp(-(((down - chin - 0.2) / 0.22) ** 2)).astype(np.float32)
    behind = 1 - mask
    room = [(True, DRIFT, 1, 0.0), (False, DRIFT * 0.6, 1, math.pi / 2)]
    bends = [(sideways, np.ascontiguousarray(behind * short * reach), times, phase) for sideways, reach, times, phase in room]
    bends.append((False, np.ascontiguousarray(mask * chest * short * BREATH), 2, random.uniform(0, 6)))
    bends.append((True, np.ascontiguousarray(mask * (1 - down) * short * SWAY), 1, random.uniform(0, 6)))
    edge = np.clip(1 - np.abs(mask - 0.5) * 2, 0, 1)
    wind = (scene.cloudiness(width, height, random, coarse=6, layers=2) - 0.5) * edge * short * FLUTTER * 2
    bends.append((True, np.ascontiguousarray(wind.astype(np.float32)), 3, random.uniform(0, 6)))
    return bends


@dataclass(frozen=True)
class _Mote:
    """A speck of light that rises through the picture a whole number of times in one loop."""

    glow: Pixels
    x: float
    y: float
    rises: int
    phase: float
    room: tuple[int, int]

    def onto(self, frame: Pixels, veil: Pixels, turn: float) -> None:
        """Add the speck to a frame, in place, as far as the veil lets it through; its part outside the frame is left out."""
        size = self.glow.shape[0]
        width, height = self.room
        down = (self.y - self.rises * turn / (2 * math.pi)) % 1.0
        top = round(down * (height + size)) - size
        left = round(self.x * width + math.sin(turn + self.phase) * width * 0.015 - size / 2)
        first, last = max(0, top), min(height, top + size)
        start, end = max(0, left), min(width, left + size)
        if first >= last or start >= end:
            return
        strength = 0.55 + 0.45 * math.sin(turn * 2 + self.phase)
        patch = frame[first:last, start:end]
        part = self.glow[first - top : last - top, start - left : end - left]
        patch[:] = cv2.add(patch, cv2.multiply(part, veil[first:last, start:end], scale=strength / 255))


def _mote(width: int, height: int, random: np.random.Generator) -> _Mote:
    radius = min(width, height) * random.uniform(0.006, 0.018)
    side = max(3, round(radius * 4))
    down, across = np.mgrid[0:side, 0:side].astype(np.float32) - (side - 1) / 2
    soft = np.exp(-(across**2 + down**2) / (2 * (radius * 0.6) ** 2))[:, :, None]
    glow = (soft * GLOW * random.uniform(0.4, 0.8)).astype(np.uint8)
    place = (float(random.random()), float(random.random()), int(random.integers(1, 3)), float(random.uniform(0, 6)))
    return _Mote(glow, *place, (width, height))
