"""The people who work here, and what each may do; whoever may change people does it here."""

from collections.abc import Callable, Mapping
from hashlib import sha256

from pages.parts import forms
from pages.parts.here import everyone, me, place
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, tag
from pages.parts.pieces import badge
from pipeline.errors import UnknownName
from pipeline.records import Person, Role
from pipeline.studio import people
from pipeline.studio.people import LONGEST_NAME, ROLE_WORDS


def draw() -> Html:
    """Draw everyone with team and roles."""
    changes = Role.ADMIN in me().roles
    rows = [_row(person, changes) for person in everyone()]
    head = ("Name", "Team", "May", *(("Change",) if changes else ()))
    how = "Add a colleague under your name at the top of the page." if changes else "Whoever may change people can add colleagues and change this."
    lead = tag("p", f"Everything people do is kept under their name. {how}", class_="lead")
    return tag("section", tag("h2", "People"), lead, listing("People", head, rows), *(_dialog(person) for person in everyone() if changes))


def _row(person: Person, changes: bool) -> tuple[Child, ...]:
    own = badge("person", "you") if person.name == me().name else None
    may = ", ".join(ROLE_WORDS[role] for role in Role if role in person.roles)
    everything = person.roles == frozenset(Role)
    edit = forms.opener("Change", _id(person), symbol="edit", aria_label=f"Change {person.name}")
    return (
        tag("span", tag("b", person.name, dir="auto"), own, class_="named"),
        person.team,
        "everything" if everything else may,
        *((edit,) if changes else ()),
    )


def _dialog(person: Person) -> Html:
    boxes = [_box(person, role) for role in Role if role is not Role.VIEW]
    team = forms.field("Team", "team", value=person.team, required=True, maxlength=LONGEST_NAME, autocomplete="off")
    may = tag("fieldset", tag("legend", "May, besides looking at everything"), *boxes)
    # Nothing typed is kept in the tab: what somebody else has changed since must be what is ticked.
    form = tag("form", team, may, forms.buttons(forms.submit("Save")), data_do="change-person", data_name=person.name)
    return forms.dialog(_id(person), f"Change {person.name}", form)


def _box(person: Person, role: Role) -> Html:
    ticked = role in person.roles
    if ticked and role is Role.ADMIN and _is_last_admin(person, everyone()):
        kept = tag("input", type="hidden", name="roles", value=role.value)
        return tag("p", kept, f"{ROLE_WORDS[role].capitalize()}: nobody else may, so this stays.", class_="small")
    return forms.tick(ROLE_WORDS[role].capitalize(), "roles", role.value, ticked=ticked)


def _is_last_admin(person: Person, among: list[Person]) -> bool:
    return not any(Role.ADMIN in other.roles for other in among if other.name != person.name)


def _id(person: Person) -> str:
    return f"person-{sha256(person.name.encode()).hexdigest()[:12]}"


def _change(what: Mapping[str, str]) -> None:
    person = people.find(place(), what["name"])
    if person is None:
        raise UnknownName("This person is gone from the list.", next="Reload the page.")
    roles = frozenset(Role(role) for role in what["roles"].split(",") if role in set(Role))
    people.add(place(), person.name, what["team"], roles, me())


ACTIONS: Mapping[str, Callable[[Mapping[str, str]], object]] = {"change-person": _change}
