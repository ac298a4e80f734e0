"""The studio in the browser: Streamlit's server with our own routes, and the worker and sandbox it looks after.

streamlit run app.py            or `make run`; http://localhost:8501
"""

import asyncio
import contextlib
import functools
import gc
import importlib
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route
from streamlit import config

from pages.parts import guestpage, searchbox, sweepdraft, sweepfeed, sweepfiles, takefiles
from pages.parts.bundle import bundle
from pipeline.database import OTHERS
from pipeline.errors import StudioError
from pipeline.media.decoding import pool
from pipeline.processes.claims import claim
from pipeline.processes.supervisor import Supervisor
from pipeline.routes import all_routes
from pipeline.routes.guard import Guard, own_names
from pipeline.settings import load

SHELL = Path(__file__).resolve().parent / "pages" / "shell.py"
EXIT_REFUSED = 9
WARMED = ("pandas", "plotly.express", "pages.parts.frame", "pages.parts.casefile", "pages.parts.caselist", "pages.parts.board", "pages.parts.steps")


@contextlib.asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Serve one data folder, alone, for as long as the server runs."""
    with contextlib.ExitStack() as ends:
        supervisor = await asyncio.to_thread(_begin, ends)
        await asyncio.to_thread(_warm)
        try:
            yield
        finally:
            await asyncio.to_thread(supervisor.stop)


def _begin(ends: contextlib.ExitStack) -> Supervisor:
    os.umask(OTHERS)  # photos, prompts and money are for this account alone
    try:
        settings = load()
        ends.enter_context(claim(settings.folder, "studio"))
        config.set_option("server.allowedHosts", own_names(settings.port, settings.public_url).hostnames)
        supervisor = Supervisor(settings)
        supervisor.start()
        return supervisor
    except StudioError as error:
        # Raised here it would reach the terminal as a traceback; nothing has been started yet that could be left behind.
        sys.stderr.write(f"{error.say} {error.next}\n")
        sys.stderr.flush()
        os._exit(EXIT_REFUSED)


def _warm() -> None:
    threading.Thread(target=pool.warm_up, daemon=True).start()
    # Streamlit collects garbage after every run of a script; what was loaded before the freeze is never walked again.
    for name in WARMED:
        importlib.import_module(name)

    gc.collect()
    gc.freeze()


SCREENS = [
    Route("/ui/{name}", bundle, methods=["GET"]),
    Route("/guest/{token}", guestpage.guest, methods=["GET"]),
    Route("/find/{token}", searchbox.find, methods=["GET"]),
    Route("/grid/{token}", sweepfeed.feed, methods=["GET"]),
    Route("/draft/{token}", sweepdraft.price, methods=["POST"]),
    Route("/sweep/{token}/{name}", sweepfiles.take, methods=["GET"]),
    Route("/take/{token}/{name}", takefiles.take, methods=["GET"]),
]


@functools.cache
def _public_url() -> str:
    """Return STUDIO_PUBLIC_URL; nothing where settings are wrong, which the lifespan says."""
    try:
        return load().public_url
    except StudioError:
        return ""


GUARD = Middleware(Guard, public_url=_public_url)
app = st.App(SHELL, lifespan=lifespan, routes=[*all_routes(), *SCREENS], middleware=[GUARD])
