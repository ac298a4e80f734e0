"""Pictures of one made-up hero that can be told apart: an avatar, a photo of another shape, and a clip with its poster by our own encoder."""

import subprocess
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

from pipeline.guest.hero import Hero
from pipeline.media import ffmpeg
from pipeline.media.clips import ClipRecipe, encode_clip
from pipeline.settings import SHIPPED

SECONDS, SIZE_PX = 3.0, 480
HERO = Hero(
    alt="Ana and Ben, drawn",
    clip="/media/clip.mp4",
    poster="/media/poster.webp",
    avatar="/media/avatar.webp",
    photo="/media/photo.jpg",
)


def draw(folder: Path) -> None:
    """Write clip.mp4, poster.webp, avatar.webp, photo.jpg, a sound.mp4 without pictures and a heavy.mp4 that is not loaded at once into a folder."""
    with Image.open(SHIPPED / "samples" / "astronaut.jpg") as opened:
        photo = opened.convert("RGB")
    avatar = ImageEnhance.Color(ImageOps.posterize(ImageOps.fit(photo, (SIZE_PX, SIZE_PX)), 4)).enhance(1.6)
    avatar.save(folder / "avatar.webp", quality=85)
    ImageOps.fit(photo, (500, 400)).save(folder / "photo.jpg", quality=85)
    avatar.save(folder / "source.png")
    moves = f"zoompan=z='1+0.08*sin(on/24*2)':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d={int(24 * (SECONDS + 0.5))}:s={SIZE_PX}x{SIZE_PX}:fps=24"
    _ffmpeg("-i", folder / "source.png", "-vf", moves, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", folder / "source.mp4")
    encode_clip(folder / "source.mp4", folder, ClipRecipe(preset="veryfast"))
    _ffmpeg("-f", "lavfi", "-i", "sine=d=2", folder / "sound.mp4")
    noise = f"testsrc2=s=720x720:r=24:d={SECONDS},noise=alls=80:allf=t"
    heavy = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "10", "-g", "12", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    _ffmpeg("-f", "lavfi", "-i", noise, *heavy, folder / "heavy.mp4")


def _ffmpeg(*arguments: str | Path) -> None:
    subprocess.run([ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL)
