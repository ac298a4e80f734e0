"""A public key says what it is, whose it is and which bytes it holds; nothing else can be one."""

import pytest

from pipeline.errors import BadKey
from pipeline.publishing.addresses import case_part, is_public, public_key
from pipeline.records import AssetKind

HASH = "ab" * 32


@pytest.mark.parametrize(
    ("kind", "media_type", "key"),
    [
        (AssetKind.AVATAR, "image/webp", f"avatars/A-1042/{HASH}.webp"),
        (AssetKind.CLIP, "video/mp4", f"animations/A-1042/{HASH}.mp4"),
        (AssetKind.POSTER, "image/webp", f"posters/A-1042/{HASH}.webp"),
    ],
)
def test_the_key_is_the_kind_the_invitation_and_the_hash(kind: AssetKind, media_type: str, key: str) -> None:
    assert public_key(kind, "A-1042", HASH, media_type) == key
    assert (is_public(key), case_part(key)) == (True, "A-1042")


@pytest.mark.parametrize("kind", sorted(set(AssetKind) - {AssetKind.AVATAR, AssetKind.CLIP, AssetKind.POSTER}))
def test_photos_and_what_is_in_between_have_no_public_key(kind: AssetKind) -> None:
    with pytest.raises(BadKey):
        public_key(kind, "A-1042", HASH, "image/webp")


@pytest.mark.parametrize(
    ("sha256", "media_type"),
    [("AB" * 32, "image/webp"), ("ab", "image/webp"), ("../" + HASH, "image/webp"), (HASH, "text/html")],
)
def test_what_is_no_hash_or_no_picture_has_no_public_key(sha256: str, media_type: str) -> None:
    with pytest.raises(BadKey):
        public_key(AssetKind.AVATAR, "A-1042", sha256, media_type)


def test_no_two_invitations_share_a_folder_and_none_leaves_its_own() -> None:
    names = ["a", "A", "a b", "a_20b", "_", "Zoë", "Zoe", "../a", "a/b", ".", "..", "a.b", "x" * 100, "x" * 101, "é" * 90, "a\\b", "a\n"]
    folders = [case_part(public_key(AssetKind.AVATAR, name, HASH, "image/webp")) for name in names]
    assert len(set(folders)) == len(names)
    assert all(is_public(public_key(AssetKind.AVATAR, name, HASH, "image/webp")) for name in names)


@pytest.mark.parametrize(
    "key",
    [
        "",
        f"avatars/a/{HASH}.png",
        f"photo/a/{HASH}.webp",
        f"avatars/../{HASH}.webp",
        f"avatars/a/b/{HASH}.webp",
        f"avatars/a/.{HASH}.webp.json",
        f"/avatars/a/{HASH}.webp",
        f"avatars/a/{HASH}.webp\n",
    ],
)
def test_nothing_else_is_public(key: str) -> None:
    assert not is_public(key)
