"""The stores kept tidy: compared with the records, moved, set up, and cleared of what nobody approved."""

from typing import Any

import typer

from pipeline.cli.output import JsonFlag, me, note, say, table
from pipeline.cli.publish import DryRun
from pipeline.errors import NotNow
from pipeline.settings import load
from pipeline.studio.orphan_file import OrphanReport, StoreReport
from pipeline.wording import counted

store = typer.Typer(help="The public store: moved, set up, cleared of what nobody approved.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(orphans)
    app.add_typer(store, name="store")


def orphans(
    delete: bool = typer.Option(False, "--delete", help="Delete the orphans that the last look showed."),
    as_json: bool = JsonFlag,
) -> None:
    """Compare both stores with the records: objects without rows, rows without objects. With --delete, delete what the last look showed.

    An object younger than a day is no orphan: its row may be on its way.
    """
    from pipeline.studio import orphans as looking
    from pipeline.studio.place import Place

    place = Place(load())
    if not delete:
        report = looking.scan(place)
        say(report.document(), as_json, lambda: _in_words(report))
        return
    last = looking.last(place)
    if last is None:
        raise NotNow("Nobody has looked at the stores yet.", next="Run `python -m pipeline orphans` first: it shows what would go.")
    done = looking.delete(place, last.mark, me())
    document = {"deleted": done.deleted, "bytes": done.bytes, "kept": done.kept, "shown_at": last.at}
    say(
        document, as_json, lambda: f"Deleted {counted(done.deleted, 'object')}, {_size(done.bytes)}; {done.kept:,} stayed, as they are needed by now."
    )


@store.command()
def migrate(dry_run: bool = DryRun, as_json: bool = JsonFlag) -> int:
    """Move what is published to the store that STUDIO_STORE names now, each file checked there; can be stopped and repeated."""
    from pipeline.studio.moving import migrate as move
    from pipeline.studio.place import Place

    moved = move(Place(load()), me(), dry_run=dry_run, told=lambda one: note(f"{one.error.say if one.error else 'moved'}: {one.publication.key}"))
    verb = "would be moved" if dry_run else "moved"
    files = counted(moved.copied, "file")
    counts = f"{files} {verb} to {moved.store} ({_size(moved.bytes)}), {moved.already:,} were there, {len(moved.failures):,} failed."
    say(moved.document(), as_json, lambda: counts)
    return 1 if moved.failures else 0


@store.command()
def advice(apply: bool = typer.Option(False, "--apply", help="Set the rules as well."), as_json: bool = JsonFlag) -> int:
    """Print CORS, lifecycle and cache rules of the public bucket, ready to paste; with --apply, set them."""
    import json

    from pipeline.studio import store_advice
    from pipeline.studio.place import Place

    place = Place(load())
    told = store_advice.advise(place)
    document: dict[str, Any] = dict(told.document())
    done = store_advice.apply(place, me()) if apply else None
    if done is not None:
        document["applied"] = {"cors": done.cors, "lifecycle": done.lifecycle, "cache_rule": done.cache_rule}
    say(document, as_json, lambda: "\n\n".join(f"{name}\n{json.dumps(rules, indent=2)}" for name, rules in document.items()))
    return 0 if done is None or done.all_done else 1


@store.command()
def expire(
    days: int = typer.Option(None, min=1, max=36_500, help="Never approved for so many days; STUDIO_KEEP_UNAPPROVED_DAYS otherwise."),
    yes: bool = typer.Option(False, "--yes", help="Remove them; without it they are only listed."),
    as_json: bool = JsonFlag,
) -> None:
    """List results that nobody ever approved and that nothing uses; with --yes, remove them."""
    from pipeline.studio import tidy
    from pipeline.studio.place import Place

    place = Place(load())
    shown = tidy.expiring(place, days)
    rows = [
        {"sha256": one.asset.sha256, "case": one.asset.scope, "kind": one.asset.kind.value, "made": one.asset.created_at} for one in shown.results
    ]
    document = {"dry_run": not yes, "days": shown.days, "results": rows, "files": shown.files, "bytes": shown.bytes}
    if not yes:
        counts = f"{counted(len(rows), 'result')}, {counted(shown.files, 'file')}, {_size(shown.bytes)} would be removed; --yes removes them."
        kept = "Results are kept: STUDIO_KEEP_UNAPPROVED_DAYS is 0. `--days 30` shows what would go."
        say(document, as_json, lambda: f"{table(rows, ('kind', 'case', 'made', 'sha256'))}\n{counts}" if shown.days else kept)
        return
    done = tidy.expire(place, shown.mark, me(), days)
    document |= {"removed": done.results, "files": done.files, "bytes": done.bytes, "kept": done.kept}
    say(
        document,
        as_json,
        lambda: f"Removed {counted(done.results, 'result')}, {counted(done.files, 'file')}, {_size(done.bytes)}; {done.kept:,} stayed.",
    )


def _in_words(report: OrphanReport) -> str:
    lines = [line for part in (report.private, report.public) for line in _part(part)]
    if report.elsewhere:
        lines.append(f"{counted(report.elsewhere, 'file')} published in another store than {report.store}; `store migrate` brings them over.")
    if report.private.orphans or report.public.orphans:
        lines.append("`python -m pipeline orphans --delete` deletes exactly these orphans.")
    return "\n".join(lines)


def _part(part: StoreReport) -> list[str]:
    lines = [f"{part.name} store: {counted(part.objects, 'object')}, {_size(part.bytes)}"]
    lines.append(f"  {len(part.orphans):,} orphans, {_size(part.orphan_bytes)}; {part.young:,} too young to tell")
    if part.foreign or part.others:
        lines.append(f"  left alone: {part.foreign:,} of another studio's cases, {part.others:,} that are no media of ours")
    lines += [f"  orphan   {one.key}  {_size(one.bytes)}  since {one.modified_at[:16]}" for one in part.orphans]
    lines += [f"  missing  {one.key}  row since {one.since[:16]}{'' if one.held_bytes is None else ', other size'}" for one in part.missing]
    return lines


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB" if size_bytes >= 100_000 else f"{size_bytes:,} bytes"
