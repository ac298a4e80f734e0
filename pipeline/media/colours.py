"""Any colour model, bit depth, transparency or profile to plain 8-bit sRGB on white."""

from io import BytesIO

from PIL import Image, ImageCms

MODE_OF_SPACE = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}


def flat_mode(image: Image.Image) -> Image.Image:
    """Return the picture in L, LA, RGB, RGBA or CMYK with 8 bits a channel, its profile still to be applied."""
    if image.mode.startswith(("I", "F")):
        return _eight_bits(image)
    if image.mode == "1":
        return image.convert("L")
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("LA" if image.mode == "La" else "RGBA")
    return image if image.mode in ("L", "LA", "RGB", "RGBA", "CMYK") else image.convert("RGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, str | None]:
    """Return the picture as sRGB on white, and the profile's name when its colours were converted; `image` as from flat_mode."""
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    colour = image if alpha is None else (image.getchannel("L") if image.mode == "LA" else image.convert("RGB"))
    converted, name = _apply_profile(colour, profile)
    if alpha is None:
        return converted, name
    white = Image.new("RGB", image.size, "white")
    white.paste(converted, mask=alpha)
    return white, name


def _apply_profile(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, str | None]:
    """Convert by relative colorimetric intent; a damaged or unfitting profile is ignored, as every viewer does."""
    if profile:
        try:
            source = ImageCms.getOpenProfile(BytesIO(profile))
            name = ImageCms.getProfileDescription(source).strip()
            fits = MODE_OF_SPACE.get(source.profile.xcolor_space.strip()) == image.mode
            if fits and not name.startswith("sRGB"):
                srgb = ImageCms.createProfile("sRGB")
                out = ImageCms.profileToProfile(image, source, srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB")
                if out is not None:
                    return out, name
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return image.convert("RGB"), None


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit greyscale down; Pillow's own convert would clip everything above 255 to white."""
    return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
