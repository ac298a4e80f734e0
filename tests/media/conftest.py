"""Pictures and clips made on the spot; the only file used is the sample photo that ships with the studio."""

import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from pipeline.media import ffmpeg

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "samples" / "astronaut.jpg"
MakeClip = Callable[..., Path]


def encoded(image: Image.Image, format_name: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format_name, **options)
    return out.getvalue()


@pytest.fixture(scope="session")
def portrait() -> Image.Image:
    """A real face, 512 × 512."""
    return Image.open(SAMPLE).convert("RGB")


@pytest.fixture(scope="session")
def couple(portrait: Image.Image) -> Image.Image:
    """Two faces far apart in a wide photo: the second is mirrored and warmer."""
    close = portrait.crop((80, 0, 380, 300)).resize((600, 600), Image.Resampling.LANCZOS)
    wide = Image.new("RGB", (1800, 640), (120, 130, 140))
    wide.paste(close, (20, 20))
    red, green, blue = ImageOps.mirror(close).split()
    wide.paste(Image.merge("RGB", (red, green, blue.point(lambda value: int(value * 0.8)))), (1180, 30))
    return wide


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """Make a small moving clip once for each set of arguments."""
    folder = tmp_path_factory.mktemp("clips")
    made: dict[tuple[str, ...], Path] = {}

    def make(*more: str, size: str = "640x480", rate: int = 24, seconds: float = 2.0, ending: str = "mp4", sound: bool = False) -> Path:
        key = (*more, size, str(rate), str(seconds), ending, str(sound))
        if key not in made:
            made[key] = folder / f"{len(made)}.{ending}"
            source = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]
            if sound:
                source += ["-f", "lavfi", "-i", f"sine=d={seconds + 1}"]
            codec = (
                ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"]
                if ending == "webm"
                else ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
            )
            command = [ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", *source, *codec, *more, str(made[key])]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return made[key]

    return make
