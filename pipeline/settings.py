"""Every setting: its name, default and meaning. The only place that reads the environment."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import BadParameter, BadSetting, WrongMode
from pipeline.identifiers import canonical_id

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "data"


class Setting(NamedTuple):
    """One row of the settings table: environment name, default as text, what it means."""

    name: str
    default: str
    meaning: str
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("STUDIO_MODE", "sandbox", "`sandbox` needs no key and spends nothing; `live` buys from the providers."),
    Setting("STUDIO_DATA", "data/studio", "Folder of the running state; each mode has its own folder inside."),
    Setting("STUDIO_PORT", "8501", "Port of the studio in the browser."),
    Setting("STUDIO_PUBLIC_URL", "", "Public https address of the studio; when set, fal calls `/hooks/fal` there as work ends."),
    Setting("STUDIO_PERSON", "me", "Who asks when nobody is named: the local person's name."),
    Setting("STUDIO_STORE", "folder", "Where published media goes: `folder` (the studio serves it under `/p/`) or `r2`."),
    Setting("STUDIO_PROVIDER_SLOTS", "10", "Paid requests at the provider at one time."),
    Setting("STUDIO_CPU_SLOTS", "0", "Encodings and measurements at one time; 0 means one per core."),
    Setting("STUDIO_DAILY_CAP_USD", "50", "Hard cap on a day's spending (UTC), holds included."),
    Setting("STUDIO_RESEND_BELOW_USD", "1", "A lost request below this price is sent again by itself once it is proven not to exist."),
    Setting("STUDIO_ATTEMPTS", "8", "Successful generations a case may have, avatar and clip together."),
    Setting("STUDIO_STAFF_PER_HOUR", "0", "Paid requests a member of staff may make in an hour; 0 means no limit."),
    Setting("STUDIO_OUTSIDE_PER_HOUR", "10", "Paid requests a caller from outside the studio may make in an hour."),
    Setting("STUDIO_JOBS_DB_URL", "", "Database of the job engine; empty means SQLite in the data folder."),
    Setting("STUDIO_BUSY_SECONDS", "30", "How long a write waits for the database before it is said to be busy."),
    Setting("STUDIO_FFMPEG", "", "Path of another ffmpeg; empty means the one that pip installed."),
    Setting("STUDIO_IDLE_SECONDS", "30", "A worker or sandbox brought up by the command line ends after this much idleness."),
    Setting("STUDIO_SANDBOX_SPEED", "fast", "Delays of the sandbox: `fast`, `real` (as long as the real models) or seconds for every model."),
    Setting("STUDIO_SANDBOX_SLOTS", "10", "Requests the sandbox works on at one time; the rest wait in its queue."),
    Setting("STUDIO_SANDBOX_PICTURES", "rendered", "`rendered` paints every picture; `ready` serves a prepared set, for benchmarks."),
    Setting("FAL_KEY", "", "Key of fal.ai, for live mode only; with the scope ADMIN a take-down also removes what fal keeps.", secret=True),
    Setting("WAVESPEED_API_KEY", "", "Key of WaveSpeed, used in live mode only.", secret=True),
    Setting("R2_ENDPOINT", "", "S3 address of the Cloudflare R2 account."),
    Setting("R2_ACCESS_KEY_ID", "", "Access key of the R2 bucket.", secret=True),
    Setting("R2_SECRET_ACCESS_KEY", "", "Secret key of the R2 bucket.", secret=True),
    Setting("R2_BUCKET_NAME", "", "Bucket of the published media, and of nothing else."),
    Setting("R2_PUBLIC_DOMAIN", "", "Your own domain that leads to that bucket, such as `media.example.com`; an address on r2.dev is refused."),
    Setting("R2_PRIVATE_BUCKET_NAME", "", "Another bucket, without public address, for what is not published; empty keeps it in the data folder."),
    Setting("CLOUDFLARE_ZONE_ID", "", "Zone of that domain; with a token, a file that was withdrawn is cleared from the CDN at once."),
    Setting("CLOUDFLARE_API_TOKEN", "", "Token with the right `Cache Purge` on that zone.", secret=True),
    Setting("STUDIO_KEEP_UNAPPROVED_DAYS", "0", "Results that were never approved are removed after so many days; 0 keeps them."),
)

_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(:[0-9]{1,5})?")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one process, parsed and checked; money in micro-dollars, times in seconds."""

    mode: str
    data: Path
    port: int
    public_url: str
    person: str
    store: str
    provider_slots: int
    cpu_slots: int
    daily_cap_micro_usd: int
    resend_below_micro_usd: int
    attempts: int
    staff_per_hour: int
    outside_per_hour: int
    jobs_db_url: str
    busy_seconds: float
    ffmpeg: str
    idle_seconds: float
    sandbox_speed: str
    sandbox_slots: int
    sandbox_pictures: str
    fal_key: str
    wavespeed_api_key: str
    r2_endpoint: str
    r2_access_key_id: str
    r2_secret_access_key: str
    r2_bucket_name: str
    r2_public_domain: str
    r2_private_bucket_name: str
    cloudflare_zone_id: str
    cloudflare_api_token: str
    keep_unapproved_days: int

    @property
    def folder(self) -> Path:
        """The mode's own folder: studio.db, jobs.db, objects, locks and logs live here."""
        return self.data / self.mode

    @property
    def is_sandbox(self) -> bool:
        """True when nothing can cost money."""
        return self.mode == "sandbox"


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check every setting; raises BadSetting naming the one at fault, WrongMode for live mode under a test runner."""
    given = os.environ if environment is None else environment
    text = {s.name: given.get(s.name, s.default).strip() or s.default for s in SETTINGS}
    mode = _one_of(text, "STUDIO_MODE", ("sandbox", "live"))
    if mode == "live" and ("pytest" in sys.modules or "PYTEST_CURRENT_TEST" in given):
        raise WrongMode("Live mode does not start under a test runner.", next="Use STUDIO_MODE=sandbox.")
    return Settings(
        mode=mode,
        data=_folder(text["STUDIO_DATA"]),
        port=_whole(text, "STUDIO_PORT", 1, 65535),
        public_url=text["STUDIO_PUBLIC_URL"].rstrip("/"),
        person=_person(text),
        store=_one_of(text, "STUDIO_STORE", ("folder", "r2")),
        provider_slots=_whole(text, "STUDIO_PROVIDER_SLOTS", 1, 1000),
        cpu_slots=_whole(text, "STUDIO_CPU_SLOTS", 0, 256) or (os.cpu_count() or 1),
        daily_cap_micro_usd=_micro_usd(text, "STUDIO_DAILY_CAP_USD"),
        resend_below_micro_usd=_micro_usd(text, "STUDIO_RESEND_BELOW_USD"),
        attempts=_whole(text, "STUDIO_ATTEMPTS", 1, 1000),
        staff_per_hour=_whole(text, "STUDIO_STAFF_PER_HOUR", 0, 1_000_000),
        outside_per_hour=_whole(text, "STUDIO_OUTSIDE_PER_HOUR", 0, 1_000_000),
        jobs_db_url=text["STUDIO_JOBS_DB_URL"],
        busy_seconds=_seconds(text, "STUDIO_BUSY_SECONDS"),
        ffmpeg=text["STUDIO_FFMPEG"],
        idle_seconds=_seconds(text, "STUDIO_IDLE_SECONDS"),
        sandbox_speed=_speed(text),
        sandbox_slots=_whole(text, "STUDIO_SANDBOX_SLOTS", 1, 1000),
        sandbox_pictures=_one_of(text, "STUDIO_SANDBOX_PICTURES", ("rendered", "ready")),
        fal_key=text["FAL_KEY"],
        wavespeed_api_key=text["WAVESPEED_API_KEY"],
        r2_endpoint=_endpoint(text),
        r2_access_key_id=text["R2_ACCESS_KEY_ID"],
        r2_secret_access_key=text["R2_SECRET_ACCESS_KEY"],
        r2_bucket_name=text["R2_BUCKET_NAME"],
        r2_public_domain=_domain(text),
        r2_private_bucket_name=_another(text, "R2_PRIVATE_BUCKET_NAME", "R2_BUCKET_NAME"),
        cloudflare_zone_id=text["CLOUDFLARE_ZONE_ID"],
        cloudflare_api_token=text["CLOUDFLARE_API_TOKEN"],
        keep_unapproved_days=_whole(text, "STUDIO_KEEP_UNAPPROVED_DAYS", 0, 36_500),
    )


def _folder(text: str) -> Path:
    path = Path(text).expanduser()
    return path if path.is_absolute() else ROOT / path


def _one_of(text: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    if text[name] not in allowed:
        raise BadSetting(f"{name} is {text[name]!r}; it must be {' or '.join(allowed)}.")
    return text[name]


def _person(text: Mapping[str, str]) -> str:
    try:
        return canonical_id(text["STUDIO_PERSON"], "name in STUDIO_PERSON")
    except BadParameter as error:
        raise BadSetting(error.say) from error


def _whole(text: Mapping[str, str], name: str, low: int, high: int) -> int:
    try:
        value = int(text[name])
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise BadSetting(f"{name} is {text[name]!r}; it must be a whole number from {low} to {high}.")
    return value


def _seconds(text: Mapping[str, str], name: str) -> float:
    return _amount(text, name, "a number of seconds")


def _amount(text: Mapping[str, str], name: str, needed: str) -> float:
    try:
        value = float(text[name])
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise BadSetting(f"{name} is {text[name]!r}; it must be {needed}.")
    return value


def _micro_usd(text: Mapping[str, str], name: str) -> int:
    return round(_amount(text, name, "an amount in dollars, such as 2.50, up to a billion") * 1_000_000)


def _domain(text: Mapping[str, str]) -> str:
    """Return the public domain without scheme and slash; r2.dev is throttled, uncached and meant for trying things out."""
    domain = text["R2_PUBLIC_DOMAIN"].removeprefix("https://").rstrip("/")
    if domain and not _DOMAIN.fullmatch(domain):
        raise BadSetting(f"R2_PUBLIC_DOMAIN is {domain!r}; it must be a domain such as media.example.com.")
    return domain


def _endpoint(text: Mapping[str, str]) -> str:
    """Return the store's address; with the bucket's name in it every request would go to a bucket within the bucket."""
    address = text["R2_ENDPOINT"].rstrip("/")
    path = address.partition("://")[2].partition("/")[2]
    for name in ("R2_BUCKET_NAME", "R2_PRIVATE_BUCKET_NAME"):
        if text[name] and path == text[name]:
            raise BadSetting(f"R2_ENDPOINT ends in the bucket's name {text[name]!r}.", next=f"Leave it out there; it stands in {name} already.")
    return address


def _another(text: Mapping[str, str], name: str, than: str) -> str:
    if text[name] and text[name] == text[than]:
        raise BadSetting(f"{name} and {than} are the same; what is in {than} can be read by everybody.", next=f"Give {name} a bucket of its own.")
    return text[name]


def _speed(text: Mapping[str, str]) -> str:
    if text["STUDIO_SANDBOX_SPEED"] not in ("fast", "real"):
        _amount(text, "STUDIO_SANDBOX_SPEED", "fast, real, or a number of seconds")
    return text["STUDIO_SANDBOX_SPEED"]
