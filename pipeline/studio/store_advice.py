"""How the public bucket and the CDN before it should be set up: told ready to paste, applied on request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.errors import NotNow, StoreError
from pipeline.publishing.cache_rule import APPLIED, apply_rule, cache_rule
from pipeline.publishing.purge import API
from pipeline.records import Person, Role
from pipeline.storage.r2 import R2Store
from pipeline.studio.orphans import TEMPORARY
from pipeline.studio.people import check
from pipeline.studio.place import Place

EXAMPLE_DOMAIN = "media.example.com"
RULE_ID = "living portraits: temporary uploads"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What to set: the bucket's CORS and lifecycle rules, and the CDN's cache rule, each as their services take it."""

    cors: Sequence[Mapping[str, Any]]
    lifecycle: Mapping[str, Any]
    cache_rule: Mapping[str, Any]

    def document(self) -> Mapping[str, Any]:
        """Return it as JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What became of each part, in words; a part that could not be set is still told by the advice."""

    cors: str
    lifecycle: str
    cache_rule: str

    @property
    def all_done(self) -> bool:
        """True when nothing is left to paste."""
        return {self.cors, self.lifecycle, self.cache_rule} == {APPLIED}


def advise(place: Place) -> Advice:
    """Return the rules for the public store that is set; for the folder, as they would be for a bucket."""
    prefix = place.storefront.prefix
    # Guests' pages lie on any domain, and players ask for parts of a file.
    cors = {
        "AllowedOrigins": ["*"],
        "AllowedMethods": ["GET", "HEAD"],
        "AllowedHeaders": ["Range", "If-None-Match"],
        "ExposeHeaders": ["Accept-Ranges", "Content-Length", "Content-Range", "ETag"],
        "MaxAgeSeconds": 86_400,
    }
    temporary = {"ID": RULE_ID, "Status": "Enabled", "Filter": {"Prefix": f"{prefix}{TEMPORARY}"}, "Expiration": {"Days": 1}}
    return Advice(cors=(cors,), lifecycle={"Rules": [temporary]}, cache_rule=cache_rule(place.settings.r2_public_domain or EXAMPLE_DOMAIN))


def apply(place: Place, by: Person, *, api: str = API) -> Applied:
    """Set what `advise` tells, beside the rules that are there already; doing it again changes nothing.

    Raises NotAllowed, NotNow for the folder store, BadSetting; what a service refuses is told in the answer.
    """
    check(by, Role.ADMIN)
    store = place.storefront.store
    if not isinstance(store, R2Store):
        raise NotNow("What is published goes to the folder, which needs no such rules.", next="Set STUDIO_STORE=r2 first.")
    advice = advise(place)
    return Applied(
        cors=_tried(lambda: store.allow_origins(advice.cors)),
        lifecycle=_tried(lambda: store.let_expire(advice.lifecycle["Rules"])),
        cache_rule=apply_rule(place.settings, place.settings.r2_public_domain, api=api),
    )


def _tried(action: Callable[[], None]) -> str:
    try:
        action()
    except StoreError as error:
        return f"not applied: {error.say} This needs a token with the permission “Admin Read & Write”; or paste it in the dashboard."
    return APPLIED
