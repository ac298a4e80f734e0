"""A plan while it is being typed: read from its form, laid out and priced without being kept, and told back to the browser that shows it."""

import json
from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import unquote

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pages.parts import daylinks, sweepfeed, sweepprice, sweepprompts
from pages.parts.here import place
from pages.parts.markup import join
from pages.parts.told import What
from pipeline.errors import AccessError, StudioError
from pipeline.records import Person
from pipeline.studio import people, sweep_view, sweeps, testphotos
from pipeline.studio.sweeps import Sweep
from pipeline.sweeps.plans import Axis, Draft, Problem, read_plan

MOST_BYTES = 500_000
MOST_CELLS_SHOWN = 1_000
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def read(sweep: Sweep, what: What) -> Draft:
    """Read the plan that stands in a form; what cannot be read is named, the rest is kept."""
    chosen = [unquote(one) for one in what["photo"].split(",") if one]
    found, problems = _cases(sweep, what["cases"])
    given = [(axis.value, what[axis.value]) for axis in Axis if axis not in (Axis.PHOTO, Axis.PROMPT)]
    draft = read_plan(sweep.kind, given, what["skips"])
    plan = draft.plan.with_values(Axis.PROMPT, sweepprompts.read(what)).with_values(Axis.PHOTO, list(dict.fromkeys([*chosen, *found])))
    return Draft(plan=plan, problems=(*problems, *draft.problems))


def fields_of(text: str) -> What:
    """Return the fields of a form that came as JSON: texts by name, empty for what is not there; raises nothing."""
    try:
        given = json.loads(text)
    except ValueError:
        given = {}
    pairs = given.items() if isinstance(given, Mapping) else ()
    return defaultdict(str, {str(name): value for name, value in pairs if isinstance(value, str)})


async def price(request: Request) -> Response:
    """Answer with what the plan in a form comes to and how its cells lie; nothing is kept.

    403 for an address that was not given out today or yesterday, 404 for a sweep or person that is gone, 413 for a form of more than 500 kB.
    """
    try:
        sweep_id, person = daylinks.read("draft", request.path_params["token"])
    except AccessError:
        return Response(status_code=403)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return Response(status_code=413)
    try:
        told = await run_sync(_told, sweep_id, person, body.decode(errors="replace"))
    except StudioError:
        return Response(status_code=404)
    return JSONResponse(told, headers=HEADERS)


def _told(sweep_id: str, person: str, text: str) -> Mapping[str, object]:
    sweep = sweeps.find(place(), sweep_id)
    by = people.find(place(), person) or Person(name=person, roles=frozenset())
    draft = read(sweep, fields_of(text))
    seen = sweep_view.look(place(), sweep_id, draft.plan, draft.problems)
    html = join(*sweepprice.parts(seen, by))
    return {
        "html": html,
        "words": sweepprompts.told(draft.plan),
        "grid": sweepfeed.whole(seen, by.name) if 0 < len(seen.cells) <= MOST_CELLS_SHOWN else None,
    }


def _cases(sweep: Sweep, text: str) -> tuple[list[str], list[Problem]]:
    found, problems = [], []
    for name in filter(None, (one.strip() for one in text.split(","))):
        try:
            found.append(testphotos.of_case(place(), name, sweep.kind).id)
        except StudioError as error:
            problems.append(Problem(axis=Axis.PHOTO, text=name[:80], why=error.say))
    return found, problems
