"""A hundred avatars, ten in flight, beside the same work by plain `fal_client.subscribe` in ten threads; and how soon an end is noticed."""

import collections
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from fal_client import client as fal_client
from PIL import Image

from pipeline.catalog import arguments_for, load_catalogue
from pipeline.processes.worker import sandbox_address
from pipeline.prompts import avatar_prompt, load_styles
from pipeline.providers.transport import ToSandbox
from pipeline.settings import SHIPPED
from tests.benchmarks.figure import Figure
from tests.benchmarks.studio import Measured, running
from tests.crash.harness import sample

COUNT, FLIGHT, DELAY = 100, 10, 2.0
LONG = 16.0
LIMITS = {"never met before": 6.0, "learnt": 3.0}


def measure() -> list[Figure]:
    """Time both ways against the same sandbox, then long jobs before and after their length is learnt."""
    ideal = COUNT / FLIGHT * DELAY
    with running(speed=f"{DELAY:g}") as studio:
        studio.avatars(10)
        ours = studio.avatars(COUNT)
        plain_seconds, plain_looks = _plainly(studio)
    late = ours.late_seconds(DELAY)
    looks = statistics.mean(ours.looks)
    return [
        Figure(
            name="100 avatars, 2 s each, ten in flight ÷ ideal 20 s",
            value=ours.wall_seconds / ideal,
            unit="×",
            limit=1.15,
            beside=f"plain fal_client.subscribe in ten threads: {plain_seconds / ideal:.3f} ×",
        ),
        Figure(
            name="… status requests a job", value=looks, unit="requests", limit=40, beside=f"plain: {plain_looks:.1f}; ours at most {max(ours.looks)}"
        ),
        Figure(name="end of a 2 s job noticed after, median", value=statistics.median(late), unit="s", limit=0.1, beside=f"worst {late[-1]:.3f} s"),
        *_long_jobs(),
    ]


def _long_jobs() -> list[Figure]:
    with running(speed=f"{LONG:g}") as studio:
        rounds = {"never met before": studio.avatars(10), "learnt": studio.avatars(10)}
    figures = []
    for what, timed in rounds.items():
        late = statistics.median(timed.late_seconds(LONG)) / LONG * 100
        figures.append(Figure(name=f"end of a {LONG:g} s job noticed after, {what}, median", value=late, unit="% of it", limit=LIMITS[what]))
        figures.append(Figure(name=f"… status requests a job, {what}, most", value=max(timed.looks), unit="requests", limit=40))
    return figures


def _plainly(studio: Measured) -> tuple[float, float]:
    """Do the same hundred the way the client's own documentation shows; return seconds and status requests a job."""
    crop = sample().crop.data
    model = load_catalogue(SHIPPED / "models").find("flux-dev")
    words = avatar_prompt(load_styles(SHIPPED / "prompts"), "pixar").text
    counted: collections.Counter[str] = collections.Counter()
    client = _client(lambda: sandbox_address(studio.settings), counted)
    with tempfile.TemporaryDirectory() as folder:

        def one(number: int) -> None:
            url = client.upload(crop, "image/jpeg")
            asked = {**arguments_for(model, words, {}, seed=number).arguments, "image_url": url}
            result = client.subscribe(model.endpoint, asked)
            data = client._client.get(result["images"][0]["url"]).raise_for_status().content
            (Path(folder) / f"{number}.jpg").write_bytes(data)
            Image.open(io.BytesIO(data)).convert("RGB").resize((512, 512)).save(Path(folder) / f"{number}.webp", quality=82)

        began = time.monotonic()
        with ThreadPoolExecutor(FLIGHT) as pool:
            list(pool.map(one, range(COUNT)))
        return time.monotonic() - began, counted["status"] / COUNT


def _client(address: Callable[[], str], counted: "collections.Counter[str]") -> fal_client.SyncClient:
    """Return fal's own client with its connections led to the sandbox and its status requests counted."""

    def count(request: httpx.Request) -> None:
        counted["status"] += request.url.path.endswith("/status")

    def connect(authorization: str) -> httpx.Client:
        headers = {"Authorization": authorization, "User-Agent": fal_client.USER_AGENT}
        return httpx.Client(transport=ToSandbox(address), headers=headers, timeout=60, event_hooks={"request": [count]})

    class Led(fal_client.SyncClient):
        def _get_cdn_client(self) -> httpx.Client:
            token = self._client.post("https://rest.fal.ai/storage/auth/token?storage_type=fal-cdn-v3", json={}).raise_for_status().json()
            return connect(f"{token['token_type']} {token['token']}")

    client = Led(key="sandbox:key")
    client.__dict__["_client"] = connect("Key sandbox:key")
    return client
