"""Publishing what was approved, and taking it back."""

from typing import Any

import typer

from pipeline.cli.output import JsonFlag, me, say
from pipeline.cli.portrait import Owner
from pipeline.errors import StudioError
from pipeline.settings import load

DryRun = typer.Option(False, "--dry-run", help="Say what would happen; change nothing.")
Case = typer.Option(None, help="The case, where several hold the same bytes.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(publish)
    app.command()(unpublish)


def publish(
    assets: list[str] = typer.Argument(..., help="sha256 of approved avatars or clips; a unique beginning is enough.", show_default=False),
    case: str = Case,
    owner: str = Owner,
    dry_run: bool = DryRun,
    as_json: bool = JsonFlag,
) -> int:
    """Publish approved avatars and clips: each is put under its hash, read back and compared before it counts.

    The JSON of one asset has `key, url, sha256, verified`; `published` lists every file of every asset, `failed` what was refused.
    """
    from pipeline.studio import publishing, reviews
    from pipeline.studio.place import Place

    place = Place(load())
    found = [reviews.only_asset(place, prefix, case_id=case, of=publishing.is_approved) for prefix in assets]
    of = [owner or reviews.owner_of(place, asset.scope) for asset in found]
    if dry_run:
        planned = [one for asset, whose in zip(found, of, strict=True) for one in publishing.plan(place, asset.scope, asset.sha256, whose, me())]
        say({"dry_run": True, "published": [one.document() for one in planned]}, as_json, lambda: "\n".join(one.words for one in planned))
        return 0
    shown: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    main: list[dict[str, Any]] = []
    for asset, whose in zip(found, of, strict=True):
        try:
            files = [_line(one) for one in publishing.publish(place, asset.scope, asset.sha256, whose, me())]
            shown += files
            main += [line for line in files if line["kind"] == ("clip" if len(files) > 1 else "avatar")]
        except StudioError as error:
            if len(found) == 1:
                raise
            failed.append({"asset": asset.sha256, **error.as_json()})
    document = {**(main[0] if len(main) == len(found) == 1 else {}), "published": shown, "failed": failed}
    say(document, as_json, lambda: "\n".join([*(f"{one['kind']:7} {one['url']}" for one in shown), *(f"FAIL    {one['say']}" for one in failed)]))
    return 1 if failed else 0


def unpublish(
    asset: str = typer.Argument(..., help="sha256 of a published avatar or clip; a unique beginning is enough.", show_default=False),
    case: str = Case,
    owner: str = Owner,
    reason: str = typer.Option("", help="Why; it stands on the receipt."),
    dry_run: bool = DryRun,
    as_json: bool = JsonFlag,
) -> None:
    """Take a publication back and print the receipt: with an avatar goes the clip that shows it, with a clip its poster."""
    from pipeline.studio import reviews, withdrawing
    from pipeline.studio.place import Place

    place = Place(load())
    found = reviews.only_asset(place, asset, case_id=case, of=withdrawing.is_shown)
    whose = owner or reviews.owner_of(place, found.scope)
    if dry_run:
        going = [_line(one) for one in withdrawing.plan(place, found.scope, found.sha256, whose, me())]
        say({"dry_run": True, "withdrawn": going}, as_json, lambda: "\n".join(f"{one['kind']:7} {one['url']}" for one in going))
        return
    receipts = [dict(one.document()) for one in withdrawing.withdraw_asset(place, found.scope, found.sha256, whose, me(), reason)]
    say({"withdrawn": receipts}, as_json, lambda: "\n".join(f"{one['kind']:7} {one['outcome']}: {one['url']}" for one in receipts))


def _line(one: Any) -> dict[str, Any]:
    named = {"case": one.case_id, "kind": one.kind.value, "asset": one.asset, "key": one.key, "url": one.url, "sha256": one.sha256}
    return {**named, "bytes": one.bytes, "media_type": one.media_type, "verified": one.verified_at is not None, "published_at": one.verified_at}
