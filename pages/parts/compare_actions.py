"""What the buttons and forms of Compare do. Each names what it is about, so pressing it twice is the same wish."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

import streamlit as st

from pages.parts import judge_actions, sweepdraft, sweeplist, testphoto, toasts, ways
from pages.parts.comments import acts
from pages.parts.here import me, place
from pages.parts.numbers import read_whole
from pages.parts.sweepjudge import evidence_of
from pages.parts.told import What
from pipeline.errors import BadParameter, OutOfDate
from pipeline.records import RunKind, new_id
from pipeline.settings import SHIPPED
from pipeline.studio import judging, photos, replays, sweep_files, sweep_prices, sweep_runs, sweeps, testphotos
from pipeline.studio.sweeps import Sweep
from pipeline.sweeps.plans import Axis, Plan, Problem, plan_hash

SAMPLE = SHIPPED / "samples" / "astronaut.jpg"
LONGEST_MONEY = 12


def _sweep() -> Sweep:
    return sweeps.find(place(), st.query_params.get("sweep", ""))


def _new(what: What) -> None:
    kind = RunKind(what["kind"]) if what["kind"] in set(RunKind) else RunKind.AVATAR
    plan = Plan(kind=kind, axes=sweeplist.first_plan(kind, words=what["differs"] == "words"))
    if what["csv"].strip():
        draft = sweep_files.plan_from_csv(what["csv"], kind)
        plan = draft.plan
        _tell(draft.problems)
    kept = sweeps.save(place(), new_id("s"), what["name"], plan, me(), version=0)
    ways.go(ways.to("compare", sweep=kept.id))


def _plan(what: What) -> None:
    sweep = _sweep()
    draft = sweepdraft.read(sweep, what)
    plan, problems = _without_impossible(draft.plan)
    version = read_whole(what["version"], 0)
    sweeps.save(place(), sweep.id, sweep.name, plan, me(), version=version)
    _tell((*draft.problems, *problems))


def _without_impossible(plan: Plan) -> tuple[Plan, tuple[Problem, ...]]:
    """Leave out the values that no cell could be made with, and say which they are; a plan of which nothing is left stays as it is."""
    layout = sweep_prices.price(place(), plan, me()).layout
    named = [one for one in layout.problems if one.axis is not None and not any(cell.values.get(one.axis) == one.text for cell in layout.cells)]
    if not layout.cells:
        return plan, ()
    for one in named:
        if one.axis is not None:
            plan = plan.with_values(one.axis, [value for value in plan.axes[one.axis] if value[:80] != one.text])
    return plan, tuple(named)


def _tell(problems: tuple[Problem, ...]) -> None:
    """Name what could not be read; the rest of the plan is kept."""
    if problems:
        first, others = problems[0], len(problems) - 1
        more = f" And {others} more like it." if others else ""
        raise BadParameter(f"“{first.text}” was left out: {first.why}{more}", next="Everything else was kept.")


def _rename(what: What) -> None:
    sweep = _sweep()
    sweeps.save(place(), sweep.id, what["name"], sweep.plan, me(), version=read_whole(what["version"], 0))


def _duplicate(what: What) -> None:
    sweep = _sweep()
    if not what["copy"].startswith(f"{sweep.id}-copy-") or len(what["copy"]) > len(sweep.id) + 20:
        raise OutOfDate
    ways.go(ways.to("compare", sweep=sweeps.duplicate(place(), sweep.id, what["copy"], me()).id))


def _merge(what: What) -> None:
    sweep = _sweep()
    plan = sweepdraft.read(sweep, sweepdraft.fields_of(what["draft"])).plan if what["draft"] else sweep.plan
    found = sweep_prices.price(place(), plan, me(), sweep_id=sweep.id).remarks
    number = read_whole(what["number"], len(found))
    if number >= len(found) or found[number].words[:200] != what["said"] or found[number].merged is None:
        raise OutOfDate
    sweeps.save(place(), sweep.id, sweep.name, found[number].merged, me(), version=sweep.version)


def _buy(what: What) -> None:
    sweep, told = _sweep(), _price(what)
    ceiling = _dollars(what["ceiling"])
    seen = read_whole(what["version"], 0)
    if what["draft"]:
        sweep, seen = _keep_typed(sweep, what, seen)
    elif what["plan"] != plan_hash(sweep.plan):
        raise OutOfDate
    sweep_runs.start(place(), sweep.id, me(), ceiling_micro_usd=ceiling, told_micro_usd=told, version=seen, large=bool(what["large"]))


def _keep_typed(sweep: Sweep, what: What, version: int) -> tuple[Sweep, int]:
    """Keep the plan as it was typed when its price was shown, which the press names by its hash; any other plan buys nothing."""
    plan = sweepdraft.read(sweep, sweepdraft.fields_of(what["draft"])).plan
    if plan_hash(plan) != what["plan"]:
        raise OutOfDate
    possible, _ = _without_impossible(plan)
    kept = sweeps.save(place(), sweep.id, sweep.name, possible, me(), version=version)
    return kept, kept.version


def _dollars(text: str) -> int:
    try:
        amount = Decimal(text.strip().lstrip("$").replace(",", ".")[:LONGEST_MONEY])
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise BadParameter("The ceiling must be an amount in dollars, such as 3.00.", next="Correct it and press again.")
    return int(amount * 1_000_000)


def _retry_failures(what: What) -> None:
    sweep_runs.retry_failures(place(), _sweep().id, me(), told_micro_usd=_price(what))


def _price(what: What) -> int:
    """Return the price in micro-dollars that was shown beside the button that was pressed."""
    told = read_whole(what["price"])
    if told is None:
        raise OutOfDate
    return told


def _sample(_: What) -> None:
    source = testphotos.add(place(), "Astronaut (sample)", photos.take_in(SAMPLE.read_bytes(), SAMPLE.name), me())
    sweep = _sweep()
    chosen = (*sweep.plan.axes.get(Axis.PHOTO, ()), source.id)
    sweeps.save(place(), sweep.id, sweep.name, sweep.plan.with_values(Axis.PHOTO, list(dict.fromkeys(chosen))), me(), version=sweep.version)


def _cell(what: What) -> str:
    """Return the run of a cell: places that ask for the very same share it."""
    run_id, _, place_of = what["cell"].partition("@")
    if not run_id.startswith(f"{_sweep().id}-") or (place_of and not place_of.isdecimal()):
        raise OutOfDate
    return run_id


def _replay(what: What) -> None:
    replays.replay(place(), _cell(what), me(), told_micro_usd=_price(what))


def _preset(what: What) -> None:
    run_id = _cell(what)
    settings, evidence = evidence_of(_sweep(), run_id)
    toasts.make_preset(_sweep().kind, settings, sweep=_sweep().id, run_id=run_id, evidence=evidence)


def _use_source(what: What) -> None:
    sweep, run_id = _sweep(), _cell(what)
    source = testphotos.made_by(place(), run_id)
    plan = Plan(kind=RunKind.CLIP, axes={Axis.PHOTO: (source.id,), Axis.TAKE: ("1",)})
    kept = sweeps.save(place(), f"{run_id}-clips", f"Clips of {sweep.name}"[: sweeps.LONGEST_NAME], plan, me(), version=0)
    ways.go(ways.to("compare", sweep=kept.id))


def _go_judge(_: What) -> None:
    ways.go(ways.to("compare", sweep=_sweep().id, judge="1"))


def _number(what: What) -> int:
    if what["stars"] not in {"0", "1", "2", "3", "4", "5"}:
        raise OutOfDate
    return int(what["stars"])


ACTIONS: Mapping[str, Callable[[What], object]] = {
    **acts.ACTIONS,
    "new-sweep": _new,
    "plan": _plan,
    "rename": _rename,
    "duplicate": _duplicate,
    "merge": _merge,
    "buy": _buy,
    "cancel-sweep": lambda _: sweep_runs.cancel(place(), _sweep().id, me()),
    "retry-failures": _retry_failures,
    "retry-cell": lambda what: sweep_runs.retry(place(), _cell(what), me()),
    "test-photo": lambda _: testphoto.ask(),
    "sample-photo": _sample,
    "replay": _replay,
    "preset": _preset,
    "use-source": _use_source,
    "judge": _go_judge,
    "rate": lambda what: judge_actions.rate(_cell(what), _number(what)),
    "reject": lambda what: toasts.reject_cell(_cell(what), what["reason"][:200], what["note"].strip()[: judging.LONGEST_NOTE]),
    "vote": lambda what: judge_actions.vote(_sweep().id, what),
    "undo-vote": lambda _: judge_actions.undo(_sweep().id),
    "next-pair": lambda _: judge_actions.go_on(),
}
