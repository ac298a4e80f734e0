"""Comments on pictures: listed, added, answered, settled, withdrawn."""

from typing import TYPE_CHECKING

import typer

from pipeline.cli.output import JsonFlag, me, say
from pipeline.errors import BadParameter
from pipeline.settings import load

if TYPE_CHECKING:
    from pipeline.studio.comments.values import Comment, Mark, Talk, Thread

Asset = typer.Argument(..., metavar="ASSET", help="sha256 of a photo, avatar or clip; a unique beginning is enough.", show_default=False)
Case = typer.Option(None, "--case", help="The case it is in, where several hold the same file.")
Comment_ = typer.Argument(..., metavar="COMMENT", help="Its id, as `comment list` shows it.", show_default=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    comment = typer.Typer(help="Comments on a picture: what colleagues say about it, with marks on it.", no_args_is_help=True)
    comment.command("list")(list_comments)
    comment.command("add")(add_comment)
    comment.command("settle")(settle_comment)
    comment.command("withdraw")(withdraw_comment)
    app.add_typer(comment, name="comment")


def list_comments(asset: str = Asset, case: str = Case, as_json: bool = JsonFlag) -> None:
    """List the comments on a picture with their answers, oldest first."""
    from pipeline.studio import reviews
    from pipeline.studio.comments.reading import talk_about
    from pipeline.studio.place import Place

    place = Place(load())
    found = reviews.only_asset(place, asset, case_id=case)
    talk = talk_about(place, found.scope, found.sha256)
    say(talk.document(), as_json, lambda: _told(talk))


def add_comment(
    asset: str = Asset,
    text: str = typer.Argument(..., metavar="TEXT", help="What to say, 1,000 characters at most.", show_default=False),
    mark: str = typer.Option("", "--mark", help="Where: X,Y or X,Y,WIDTH,HEIGHT from the upper left corner, in parts of the picture, 0 to 1."),
    answers: str = typer.Option("", "--answers", help="Id of the comment this answers."),
    case: str = Case,
    as_json: bool = JsonFlag,
) -> None:
    """Comment on a picture, or answer a comment."""
    from pipeline.studio import reviews
    from pipeline.studio.comments.saying import comment_on
    from pipeline.studio.place import Place

    place = Place(load())
    found = reviews.only_asset(place, asset, case_id=case)
    said = comment_on(place, found.scope, found.sha256, text, me(), mark=_mark(mark), answers_to=answers or None)
    say(said.document(), as_json, lambda: f"Comment {said.id} is on {found.kind.value} {found.sha256[:12]} of case {found.scope}.")


def settle_comment(comment: str = Comment_, as_json: bool = JsonFlag) -> None:
    """Say that a comment is dealt with."""
    from pipeline.studio.comments.saying import settle
    from pipeline.studio.place import Place

    said = settle(Place(load()), comment, me())
    say(said.document(), as_json, lambda: f"Comment {said.id} is settled.")


def withdraw_comment(comment: str = Comment_, as_json: bool = JsonFlag) -> None:
    """Withdraw a comment or an answer; its answers stay."""
    from pipeline.studio.comments.saying import withdraw_comment as withdraw
    from pipeline.studio.place import Place

    said = withdraw(Place(load()), comment, me())
    say(said.document(), as_json, lambda: f"Comment {said.id} is withdrawn.")


def _mark(words: str) -> "Mark | None":
    from pipeline.studio.comments.values import mark_of

    if not words:
        return None
    try:
        return mark_of(tuple(float(word) for word in words.split(",")))
    except ValueError as error:
        raise BadParameter("A mark is written as numbers between commas.", next="For example --mark 0.4,0.3 or --mark 0.4,0.3,0.2,0.1.") from error


def _told(talk: "Talk") -> str:
    head = f"{talk.open} open on {talk.asset.kind.value} {talk.asset.sha256[:12]} of case {talk.asset.scope}"
    return "\n".join([head, *(line for thread in talk.threads for line in _lines(thread))])


def _lines(thread: "Thread") -> list[str]:
    first = f"{thread.number}. {_line(thread.comment)}{_where(thread.comment.mark)}"
    return [first, *(f"   {_line(one)}" for one in thread.answers)]


def _line(one: "Comment") -> str:
    state = f" ({one.change.value} by {one.changed_by})" if one.change else ""
    words = "" if one.is_withdrawn else one.text.replace("\n", " / ")
    return f"{one.id}  {one.person}, {one.said_at[:16].replace('T', ' ')} UTC{state}: {words}"


def _where(mark: "Mark | None") -> str:
    return f"  [{mark.x:g},{mark.y:g}{'' if mark.is_point else f',{mark.width:g},{mark.height:g}'}]" if mark else ""
