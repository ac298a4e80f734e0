"""Views of the list of cases that somebody saved under a name: words, status and whose, as the address says them."""

from dataclasses import dataclass

from pipeline.database import insert
from pipeline.errors import BadParameter, UnknownName
from pipeline.records import Person, Role, new_id, now
from pipeline.studio.people import check
from pipeline.studio.place import Place

LONGEST_NAME = 60
LONGEST_QUERY = 500
MOST_OF_ONE = 30


@dataclass(frozen=True, kw_only=True)
class SavedView:
    """A view by its name; `query` is the part of the address behind the question mark."""

    id: str
    name: str
    query: str


def saved_views(place: Place, person: str) -> tuple[SavedView, ...]:
    """Return what somebody saved, by name."""
    with place.database.reading() as db:
        rows = db.execute("SELECT id, name, query FROM saved_views WHERE person = ? AND removed_at IS NULL ORDER BY name", (person,))
        return tuple(SavedView(id=row["id"], name=row["name"], query=row["query"]) for row in rows)


def save_view(place: Place, name: str, query: str, by: Person) -> SavedView:
    """Save a view, in place of one's own view of this name.

    Raises NotAllowed, and BadParameter for a name that is none, a query that is too long, and a thirty-first view.
    """
    check(by, Role.VIEW)
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadParameter(f"A view needs a name of 1 to {LONGEST_NAME} printable characters.", next="Name it and press again.")
    if len(query) > LONGEST_QUERY:
        raise BadParameter("This view looks for too many words to be saved.", next="Search for fewer words.")
    kept = SavedView(id=new_id("v"), name=name, query=query)
    with place.database.writing() as tx:
        tx.execute("UPDATE saved_views SET removed_at = ? WHERE person = ? AND name = ? AND removed_at IS NULL", (now(), by.name, name))
        many = tx.execute("SELECT count(*) AS n FROM saved_views WHERE person = ? AND removed_at IS NULL", (by.name,)).fetchone()["n"]
        if many >= MOST_OF_ONE:
            raise BadParameter(f"You have {MOST_OF_ONE} views already.", next="Remove one of them first.")
        insert(tx, "saved_views", {"id": kept.id, "person": by.name, "name": name, "query": query, "at": now()})
    return kept


def remove_view(place: Place, view_id: str, by: Person) -> None:
    """Remove one's own view; raises NotAllowed, UnknownName for one that is gone or somebody else's."""
    check(by, Role.VIEW)
    with place.database.writing() as tx:
        done = tx.execute("UPDATE saved_views SET removed_at = ? WHERE id = ? AND person = ? AND removed_at IS NULL", (now(), view_id, by.name))
        if done.rowcount == 0:
            raise UnknownName("This view is gone already.", next="Reload the page.")
