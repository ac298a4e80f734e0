"""Files and upload tokens on disk: what was uploaded and what was made."""

import re
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from pipeline.sandbox.database import writing

HOST = "https://v3.fal.media"
LARGEST_BYTES = 512 * 1024 * 1024
TOKEN_SECONDS = 3600.0
ROOMS = ("koala", "otter", "heron", "lynx", "panda", "tiger", "zebra", "gecko")
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "video/mp4": ".mp4"}


class TooLarge(Exception):
    """An upload passed the limit; stays inside the emulator, which answers 413."""


class Kept(NamedTuple):
    """A file of the emulator; `expires_at` is None when it is kept for good."""

    id: str
    name: str
    media_type: str
    bytes: int
    made_at: float
    expires_at: float | None

    @property
    def url(self) -> str:
        """The address the provider would give this file."""
        return f"{HOST}/files/{ROOMS[int(self.id[:2], 16) % len(ROOMS)]}/{self.id}_{self.name}"


class Shelf:
    """Files under `folder/files`, facts about them in the database; names on disk are ours, never a caller's."""

    def __init__(self, folder: Path, db: sqlite3.Connection) -> None:
        self.files, self.parts, self.db = folder / "files", folder / "parts", db
        self.files.mkdir(parents=True, exist_ok=True)
        self.parts.mkdir(parents=True, exist_ok=True)

    def path(self, file_id: str) -> Path:
        """Say where the bytes of a file lie."""
        return self.files / file_id

    def keep(self, file_id: str, name: str, media_type: str, *, keep_seconds: float | None = None) -> Kept:
        """Record a file whose bytes already lie in their place; recording it again changes nothing but its facts."""
        now = time.time()
        expires_at = None if keep_seconds is None else now + keep_seconds
        kept = Kept(file_id, clean(name, media_type), media_type, self.path(file_id).stat().st_size, now, expires_at)
        with writing(self.db):
            self.db.execute("insert or replace into files values (?, ?, ?, ?, ?, ?)", kept)
        return kept

    def find(self, address: str) -> Kept | None:
        """Find a file by its address or the last part of it; one past its time is removed and not found."""
        row = self.db.execute("select * from files where id = ?", (address.rsplit("/", 1)[-1].split("_", 1)[0],)).fetchone()
        kept = None if row is None else Kept(**row)
        if kept is not None and kept.expires_at is not None and kept.expires_at <= time.time():
            self.path(kept.id).unlink(missing_ok=True)
            return None
        return kept if kept is not None and self.path(kept.id).exists() else None

    def expire(self, file_id: str) -> None:
        """End a file's time now."""
        self.db.execute("update files set expires_at = 0 where id = ?", (file_id,))

    def remove(self, kept: Kept) -> None:
        """Remove a file for good, its bytes first; removing it again changes nothing."""
        self.path(kept.id).unlink(missing_ok=True)
        self.db.execute("delete from files where id = ?", (kept.id,))

    async def receive(self, chunks: AsyncIterator[bytes], target: Path) -> None:
        """Write an upload to `target`, whole or not at all; raises TooLarge past the limit."""
        partial, written = target.with_name(f"{target.name}.{secrets.token_hex(4)}.tmp"), 0
        try:
            with partial.open("wb") as out:
                async for chunk in chunks:
                    written += len(chunk)
                    if written > LARGEST_BYTES:
                        raise TooLarge
                    out.write(chunk)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def new_token(self) -> tuple[str, float]:
        """Make an upload token and say until when it is good."""
        token, expires_at = secrets.token_urlsafe(24), time.time() + TOKEN_SECONDS
        self.db.execute("insert into tokens values (?, ?)", (token, expires_at))
        return token, expires_at

    def token_is_good(self, token: str) -> bool:
        """True while a token we gave has not expired."""
        query = "select 1 from tokens where token = ? and expires_at > ?"
        return self.db.execute(query, (token, time.time())).fetchone() is not None


def new_id() -> str:
    """Make an id nobody can guess."""
    return secrets.token_hex(12)


def clean(name: str, media_type: str) -> str:
    """Reduce a name to what can stand in an address.

    >>> clean("../we ird.jpg", "image/jpeg")
    'weird.jpg'
    >>> clean("", "image/png")
    'file.png'
    """
    kept = re.sub(r"[^A-Za-z0-9._-]", "", name.rsplit("/", 1)[-1]).lstrip("._")[:80]
    return kept or "file" + SUFFIXES.get(media_type, "")
