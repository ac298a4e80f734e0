"""Every sweep there is, and a new one: photos, styles and strengths to begin with, everything else on its own page."""

from dataclasses import dataclass

from pages.parts import forms, pieces, sweepprompts, ways
from pages.parts.here import place, shared
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pipeline.records import Role, RunKind, dollars
from pipeline.studio import sweeps, testphotos
from pipeline.studio.place import Place
from pipeline.studio.sweeps import Sweep
from pipeline.studio.testphotos import Source
from pipeline.sweeps.plans import Axis, Plan
from pipeline.wording import counted

SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A sweep with a few of its pictures, how many cells were asked for and made, and what it came to."""

    sweep: Sweep
    asked: int
    made: int
    charged_micro_usd: int


@dataclass(frozen=True, kw_only=True)
class Sweeps:
    """What the list shows: the sweeps and the photos a new one may start from."""

    lines: tuple[Standing, ...]
    photos: tuple[Source, ...]


def look() -> Sweeps:
    """Return the newest sweeps."""
    return shared("sweeps", _look)


def _look(there: Place) -> Sweeps:
    found = sweeps.newest(there, SHOWN)
    with there.database.reading() as db:
        rows = db.execute(
            "SELECT sweep, count(*) AS asked, count(*) FILTER (WHERE state = 'succeeded') AS made FROM runs WHERE sweep IS NOT NULL GROUP BY sweep"
        )
        counted = {row["sweep"]: (row["asked"], row["made"]) for row in rows}
        money = db.execute("SELECT scope, charged_micro_usd AS n FROM balances WHERE scope_kind = 'sweep' AND period = 'ever'")
        spent = {row["scope"]: row["n"] for row in money}
    lines = [
        Standing(sweep=one, asked=counted.get(one.id, (0, 0))[0], made=counted.get(one.id, (0, 0))[1], charged_micro_usd=spent.get(one.id, 0))
        for one in found
    ]
    return Sweeps(lines=tuple(lines), photos=testphotos.listing(there))


def draw(seen: Sweeps) -> Html:
    """Draw the sweeps, newest first."""
    head = tag("header", tag("h1", "Compare"), forms.opener("New sweep", "new-sweep", look="primary", symbol="add", data_key="n"), class_="headbar")
    body = tag("ul", *(_line(one) for one in seen.lines), class_="sweeps") if seen.lines else _empty()
    return tag("div", head, body, _new(seen), class_="stack")


def _line(one: Standing) -> Html:
    plan = one.sweep.plan
    axes = " × ".join(counted(len(values), axis.value) for axis, values in plan.axes.items() if len(values) > 1 or axis is Axis.PHOTO)
    state = f"{one.made} of {one.asked} made · {dollars(one.charged_micro_usd)}" if one.asked else "planned, nothing bought"
    facts = tag("span", f"{axes} · {one.sweep.person} · {pieces.ago(one.sweep.changed_at)}", class_="small")
    name = tag("a", tag("b", one.sweep.name, dir="auto"), href=ways.to("compare", sweep=one.sweep.id), data_go=True)
    return tag("li", tag("div", name, facts, class_="about"), tag("span", state, class_="small"), id=f"sweep-{one.sweep.id}", class_="card")


def _empty() -> Html:
    said = "Which strength and which words keep the face and still look like the style? A sweep makes every combination at a price you see first."
    return tag("div", icon("grid_view"), tag("p", said), forms.opener("Plan the first one", "new-sweep", look="plain"), class_="friendly")


def _new(seen: Sweeps) -> Html:
    name = forms.field(
        "What do you want to find out?",
        "name",
        required=True,
        maxlength=sweeps.LONGEST_NAME,
        placeholder="Spring presets",
        autocomplete="off",
        autofocus=True,
    )
    kind = tag(
        "fieldset",
        tag("legend", "Compare"),
        tag(
            "div",
            forms.tick("Avatars", "kind", RunKind.AVATAR.value, ticked=True, radio=True),
            forms.tick("Clips", "kind", RunKind.CLIP.value, radio=True),
            class_="choices",
        ),
    )
    differs = tag(
        "fieldset",
        tag("legend", "What is to differ"),
        tag(
            "div",
            forms.tick("Styles and strengths", "differs", "settings", ticked=True, radio=True),
            forms.tick("The words of the prompt", "differs", "words", radio=True),
            class_="choices",
        ),
    )
    off = pieces.barred(Role.MAKE, "making")
    note = tag("p", "Nothing is bought yet: the next page shows cells, warnings and the price.", class_="small")
    copy = tag("label", "Or begin with the CSV of an earlier one", tag("textarea", name="csv", rows=2, placeholder="Paste it here"), class_="small")
    form = forms.form(
        "new-sweep",
        f"new-sweep-{len(seen.lines)}",
        name,
        kind,
        differs,
        tag("details", tag("summary", "From a file"), copy),
        note,
        forms.buttons(forms.submit("Plan it", off=off)),
    )
    return forms.dialog("new-sweep", "New sweep", form)


def first_plan(kind: RunKind, *, words: bool = False) -> dict[Axis, tuple[str, ...]]:
    """Return what a new sweep begins with: up to two test photos and the strengths that are recommended.

    Where `words` are to differ it is one photo, one style, three strengths, and the style's own text as the first prompt.
    """
    photos = tuple(source.id for source in testphotos.listing(place())[:2])
    axes = {Axis.PHOTO: photos if kind is RunKind.AVATAR else (), Axis.SEED: ("1",)}
    if kind is RunKind.AVATAR:
        axes |= {Axis.STYLE: ("pixar", "ghibli"), Axis.STRENGTH: ("0.5", "0.55", "0.6", "0.65", "0.7")}
    if words:
        axes[Axis.PHOTO] = axes[Axis.PHOTO][:1]
        if kind is RunKind.AVATAR:
            axes |= {Axis.STYLE: ("pixar",), Axis.STRENGTH: ("0.5", "0.6", "0.7")}
        axes[Axis.PROMPT] = tuple(filter(None, [sweepprompts.base(Plan(kind=kind, axes=axes))[1]]))
    return {axis: axes[axis] for axis in Axis if axes.get(axis)}
