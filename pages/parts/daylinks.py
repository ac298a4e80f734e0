"""Signed addresses that hold for the day they were given out and the next: routes beside the pages have no login of their own."""

import hashlib
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from pages.parts.here import place
from pipeline.errors import NotAllowed
from pipeline.records import now
from pipeline.storage.links import secret_for


def sign(purpose: str, *words: str) -> str:
    """Return a token for these words, the same for the whole day (UTC)."""
    return str(_signer(purpose).dumps([now()[:10], *words]))


def read(purpose: str, token: str) -> list[str]:
    """Return the words of a token; raises NotAllowed when it was signed elsewhere, for something else, or before yesterday."""
    try:
        day, *words = (str(word) for word in _signer(purpose).loads(token))
    except (BadData, ValueError, TypeError) as error:
        raise NotAllowed("This link is not valid.") from error
    if day < (datetime.now(UTC) - timedelta(days=1)).isoformat()[:10]:
        raise NotAllowed("This link has expired.", next="Reload the page it came from.")
    return words


def _signer(purpose: str) -> URLSafeSerializer:
    digest = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(secret_for(place().settings.folder), salt=f"studio.{purpose}", signer_kwargs=digest)
