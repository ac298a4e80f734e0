"""Say something about a picture, settle it, open it again, withdraw it: rows are added, none is changed."""

from pipeline import cases
from pipeline.database import Connection, insert
from pipeline.errors import NotAllowed, NotNow, OutOfDate
from pipeline.records import Person, Role, new_id, now
from pipeline.studio.comments.reading import comment_of, pictured
from pipeline.studio.comments.values import Change, Comment, Mark
from pipeline.studio.comments.words import clean_text
from pipeline.studio.people import check
from pipeline.studio.place import Place

ACTION = "comment"


def comment_on(
    place: Place, scope: str, sha256: str, text: str, by: Person, *, mark: Mark | None = None, answers_to: str | None = None, comment_id: str = ""
) -> Comment:
    """Say something about a photo, avatar or clip, or answer a comment on it; the same id once more is the same comment.

    Whoever may look at pictures may comment. An answer to an answer belongs to the comment that both are about.
    Raises NotAllowed, UnknownName, BadParameter for a text that cannot be kept, NotNow for what was removed or withdrawn.
    """
    check(by, Role.VIEW)
    kept = clean_text(text)
    with place.database.writing() as tx:
        asset, case = pictured(tx, scope, sha256)
        if asset.removed_at is not None:
            raise NotNow("This picture was removed, so nothing more is said of it.", next="Comment on another one.")
        begun = _begun(tx, (asset.scope, asset.sha256), answers_to) if answers_to else None
        row = {"id": comment_id or new_id("c"), "scope": asset.scope, "asset": asset.sha256, "person": by.name, "said_at": now(), "text": kept}
        if tx.execute("SELECT 1 FROM comments WHERE id = ?", (row["id"],)).fetchone() is None:
            insert(tx, "comments", {**row, **_columns(mark), "answers_to": begun})
            cases.note(tx, case, ACTION, by, comment=row["id"], asset=asset.sha256, answers_to=begun)
        return comment_of(tx, row["id"])


def settle(place: Place, comment_id: str, by: Person) -> Comment:
    """Say that a comment is dealt with, as often as one likes; raises NotAllowed, UnknownName, NotNow for what was withdrawn or is an answer."""
    return _change(place, comment_id, Change.SETTLED, by)


def reopen(place: Place, comment_id: str, by: Person) -> Comment:
    """Say that a settled comment is not dealt with after all; raises NotAllowed, UnknownName, NotNow for what was withdrawn or is an answer."""
    return _change(place, comment_id, Change.REOPENED, by)


def withdraw_comment(place: Place, comment_id: str, by: Person) -> Comment:
    """Withdraw one's own comment or answer; who may change people may withdraw anybody's. Its answers stay. Raises NotAllowed, UnknownName."""
    return _change(place, comment_id, Change.WITHDRAWN, by)


def _change(place: Place, comment_id: str, change: Change, by: Person) -> Comment:
    check(by, Role.VIEW)
    with place.database.writing() as tx:
        comment = comment_of(tx, comment_id)
        if change is Change.WITHDRAWN:
            _check_own(comment, by)
        if comment.change is change or (comment.change is None and change is Change.REOPENED):
            return comment
        _check_standing(comment, change)
        insert(tx, "comment_changes", {"comment": comment.id, "change": change.value, "person": by.name, "at": now()})
        case = cases.look_up(tx, comment.scope)
        if case is None:
            raise OutOfDate
        cases.note(tx, case, f"{ACTION} {change.value}", by, comment=comment.id, asset=comment.asset)
        return comment_of(tx, comment.id)


def _check_own(comment: Comment, by: Person) -> None:
    if comment.person != by.name and Role.ADMIN not in by.roles:
        raise NotAllowed("Only who wrote a comment may withdraw it.", next=f"Ask {comment.person}, or answer it.")


def _check_standing(comment: Comment, change: Change) -> None:
    if comment.is_withdrawn:
        raise NotNow("This comment was withdrawn meanwhile.", next="Write a new one.")
    if comment.answers_to is not None and change is not Change.WITHDRAWN:
        raise NotNow("An answer is neither open nor settled.", next="Settle the comment it answers.")


def _begun(tx: Connection, picture: tuple[str, str], answers_to: str) -> str:
    """Return the comment that an answer belongs to."""
    said = comment_of(tx, answers_to)
    if (said.scope, said.asset) != picture:
        raise OutOfDate
    begun = comment_of(tx, said.answers_to) if said.answers_to else said
    if begun.is_withdrawn:
        raise NotNow("This comment was withdrawn meanwhile.", next="Write a new one.")
    return begun.id


def _columns(mark: Mark | None) -> dict[str, float | None]:
    return {name: getattr(mark, name) if mark else None for name in ("x", "y", "width", "height")}
