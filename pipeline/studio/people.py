"""The people who work here: named, with a team and roles. They stand in for a sign-in on a studio that only this machine can reach."""

import json

from pipeline.database import Connection, insert, update
from pipeline.errors import BadParameter, NotAllowed, NotNow
from pipeline.identifiers import canonical_id, tidy_id
from pipeline.records import Person, Role, now
from pipeline.studio.place import Place

LONGEST_NAME = 80
ROLE_WORDS = {
    Role.VIEW: "look at everything",
    Role.MAKE: "make avatars and clips, which costs money",
    Role.APPROVE: "approve, reject and remove",
    Role.PUBLISH: "publish and withdraw",
    Role.MONEY: "change budgets and settle lost requests",
    Role.ADMIN: "grant attempts, pause purchases, set presets, change people",
}


def check(by: Person, role: Role) -> None:
    """Raise NotAllowed unless the person has this role."""
    if role not in by.roles:
        raise NotAllowed(
            f"{by.name} may not {ROLE_WORDS[role]}.",
            next=f"Ask somebody with the role `{role.value}`.",
            screen=f"Ask somebody with the role “{role.value}”.",
        )


def everyone(place: Place) -> list[Person]:
    """Return the people known by name, in the order of their names; whoever STUDIO_PERSON names comes first and may do everything."""
    with place.database.reading() as db:
        return _everyone(place, db)


def find(place: Place, name: str) -> Person | None:
    """Return the person of this name; None when nobody is called so."""
    wanted = (name, tidy_id(name))
    return next((person for person in everyone(place) if person.name in wanted), None)


def add(place: Place, name: str, team: str, roles: frozenset[Role], by: Person) -> Person:
    """Add a person, or change the team and roles of the one of this name; raises BadParameter for a name that is none.

    Raises NotAllowed, and NotNow when nobody would be left who may change people.
    """
    check(by, Role.ADMIN)
    name, team = canonical_id(name, "name"), tidy_id(team) if team.split() else "studio"
    if not name or len(name) > LONGEST_NAME or len(team) > LONGEST_NAME or not name.isprintable() or not team.isprintable():
        raise BadParameter(f"A name needs 1 to {LONGEST_NAME} printable characters.", next="Write the name as colleagues would recognise it.")
    with place.database.writing() as tx:
        if Role.ADMIN not in roles and not any(Role.ADMIN in other.roles for other in _everyone(place, tx) if other.name != name):
            raise NotNow("Somebody must be able to change people.", next="Give that role to somebody else first.")
        _put(tx, name, team, roles | {Role.VIEW}, by)
    return Person(name=name, team=team, roles=roles | {Role.VIEW})


def _everyone(place: Place, db: Connection) -> list[Person]:
    own = Person(name=place.settings.person)
    rows = db.execute("SELECT * FROM people ORDER BY name COLLATE NOCASE").fetchall()
    known = [Person(name=row["name"], team=row["team"], roles=frozenset(Role(role) for role in json.loads(row["roles"]))) for row in rows]
    return [next((person for person in known if person.name == own.name), own), *(person for person in known if person.name != own.name)]


def _put(tx: Connection, name: str, team: str, roles: frozenset[Role], by: Person) -> None:
    kept = {"team": team, "roles": json.dumps(sorted(roles))}
    if not update(tx, "people", {"name": name}, kept):
        insert(tx, "people", {"name": name, **kept, "created_by": by.name, "created_at": now()})
    insert(tx, "audit_log", {"at": now(), "person": by.name, "action": "person", "subject": name, "detail": json.dumps(kept)})
