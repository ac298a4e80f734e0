"""The mark "made by AI" that travels inside a file: IPTC's Digital Source Type, in XMP, where Google, Meta and the photo agencies look for it.

IPTC Photo Metadata Standard 2024.1 and Video Metadata Hub 1.6 name the property; XMP Specification Part 3 names its place in WebP and MP4.
"""

import struct
from typing import Final

from pipeline.errors import BrokenMedia

SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
PACKET: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    f' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
).encode()
XMP_BOX: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_HAS_XMP: Final = 0x04
_PICTURE: Final = frozenset({b"VP8 ", b"VP8L"})


def marked_webp(data: bytes, width_px: int, height_px: int) -> bytes:
    """Return a WebP with the mark, its picture untouched and every other remark left out; raises BrokenMedia."""
    pictures = [chunk for name, chunk in _chunks(data) if name in _PICTURE]
    if len(pictures) != 1:
        raise BrokenMedia("The picture file is no single WebP picture.")
    head = struct.pack("<B3x", _HAS_XMP) + (width_px - 1).to_bytes(3, "little") + (height_px - 1).to_bytes(3, "little")
    body = b"WEBP" + _chunk(b"VP8X", head) + pictures[0] + _chunk(b"XMP ", PACKET)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def marked_mp4(data: bytes) -> bytes:
    """Return an MP4 with the mark behind everything else, so that playing may begin before it came."""
    return data + struct.pack(">I4s", 24 + len(PACKET), b"uuid") + XMP_BOX + PACKET


def is_marked(data: bytes) -> bool:
    """Tell whether a file says that it was made by AI."""
    return SOURCE_TYPE.encode() in data


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return name and whole bytes, padding included, of every chunk of a WebP."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise BrokenMedia("The picture file is no WebP.")
    found, at = [], 12
    while at + 8 <= len(data):
        size = 8 + (length := int.from_bytes(data[at + 4 : at + 8], "little")) + length % 2
        found.append((data[at : at + 4], data[at : at + size]))
        at += size
    return found


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
