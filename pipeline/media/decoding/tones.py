"""Pictures made for bright screens (PQ and HLG) brought to ordinary ones.

ITU-R BT.2100-2 for both curves, BT.2408-7 for the white of graphics at 203 cd/m², BT.2087 for the primaries. The roll-off above 60 % is our own:
straight below it, so that faces keep their tones, and smooth to the brightest value that a picture of 1,000 cd/m² holds.
"""

from typing import Any, Final

import numpy
import pyvips
from numpy.typing import NDArray

from pipeline.media.decoding.profiles import HYBRID_LOG_GAMMA, Code

WHITE_NITS: Final = 203.0
PEAK_NITS: Final = 1000.0
KNEE: Final = 0.6
ROWS_AT_ONCE: Final = 64
CODES: Final = 65536
BT2020: Final = 9
P3: Final = (11, 12)
Plane = NDArray[numpy.float32]
TO_BT709: Final = {
    BT2020: ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    P3[0]: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
    P3[1]: ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}


def to_ordinary(image: Any, code: Code) -> Any:
    """Return a picture of three or more bands, 8 or 16 bits each, as 8-bit sRGB; `code` names its primaries and its curve (H.273)."""
    kind = numpy.uint16 if image.format == "ushort" else numpy.uint8
    deep = numpy.frombuffer(image.write_to_memory(), kind).reshape(image.height, image.width, image.bands)
    deep = deep[:, :, :3] if image.bands >= 3 else deep[:, :, :1].repeat(3, 2)
    light = _light_of_codes(code[1], CODES if deep.dtype == numpy.uint16 else 256)
    out = numpy.empty(deep.shape, numpy.uint8)
    for top in range(0, image.height, ROWS_AT_ONCE):
        rows = light[deep[top : top + ROWS_AT_ONCE]]
        out[top : top + ROWS_AT_ONCE] = _shown(_system(rows, code[1]), code[0])
    return pyvips.Image.new_from_memory(out.tobytes(), image.width, image.height, 3, "uchar").copy(interpretation="srgb")


def _light_of_codes(transfer: int, codes: int) -> Plane:
    """Return the light of every code value: in units of graphics white for PQ, of the scene (0 to 1) for HLG."""
    values = numpy.linspace(0, 1, codes)
    if transfer == HYBRID_LOG_GAMMA:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        return numpy.where(values <= 0.5, values**2 / 3, (numpy.exp((values - c) / a) + b) / 12).astype(numpy.float32)
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    root = values ** (1 / m2)
    nits = 10000 * (numpy.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return (nits / WHITE_NITS).astype(numpy.float32)


def _system(light: Plane, transfer: int) -> Plane:
    """Bring the scene's light of HLG to that of a screen of 1,000 cd/m² (its system gamma is 1.2 there)."""
    if transfer != HYBRID_LOG_GAMMA:
        return light
    brightness = light @ numpy.array([0.2627, 0.6780, 0.0593], numpy.float32)
    lit = (numpy.maximum(brightness, 1e-6) ** 0.2)[:, :, None] * (PEAK_NITS / WHITE_NITS)
    return numpy.asarray(light * lit, numpy.float32)


def _shown(light: Plane, primaries: int) -> NDArray[numpy.uint8]:
    if primaries in TO_BT709:
        light = light @ numpy.array(TO_BT709[primaries], numpy.float32).T
    light = numpy.maximum(light, 0)
    brightest = light.max(axis=2, keepdims=True)
    light = light * (_rolled_off(brightest) / numpy.maximum(brightest, 1e-6))
    curve = numpy.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return numpy.asarray((curve.clip(0, 1) * 255 + 0.5), numpy.uint8)


def _rolled_off(light: Plane) -> Plane:
    """Straight to the knee, then a hyperbola that reaches 1 at the peak and meets the line without a bend."""
    most, room = PEAK_NITS / WHITE_NITS - KNEE, 1 - KNEE
    above = numpy.minimum(light - KNEE, most)
    bent = KNEE + above * room * most / (room * most + above * (most - room))
    return numpy.asarray(numpy.where(light <= KNEE, light, bent), numpy.float32)
