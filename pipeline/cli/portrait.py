"""The commands most people want: a photo becomes an avatar, an approved avatar becomes a clip."""

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from pipeline.cli.output import JsonFlag, Progress, me, note, say
from pipeline.errors import BadOutputFolder, NotNow, PhotoUnreadable, StudioError, WorkerAbsent
from pipeline.records import Asset, AssetKind, Decision, Plan, Run, RunKind, RunState, dollars, new_id
from pipeline.settings import load

OutFolder = typer.Option(None, "--out", help="Folder that receives copies of the files.")
Owner = typer.Option(None, "--owner", help="Owner id; must be the case's. Default: the case's own.")


class Turn(StrEnum):
    """By how many degrees clockwise a photo is turned."""

    NOT = "0"
    RIGHT = "90"
    OVER = "180"
    LEFT = "270"


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(portrait)
    app.command()(animate)
    app.command()(approve)
    app.command()(reject)


def portrait(
    photo: Path = typer.Argument(..., help="JPEG, PNG, WebP, HEIC or AVIF; at least 512 × 512, at most 25 MB.", show_default=False),
    style: str = typer.Option("pixar", help="pixar or ghibli."),
    prompt: str = typer.Option(None, help="Your own words instead of a style, 10 to 1,000 characters."),
    strength: float = typer.Option(None, help="0.01 to 1; 0.5 to 0.7 recommended, 0.6 by default."),
    steps: int = typer.Option(None, help="Inference steps, 10 to 50; 40 by default."),
    guidance: float = typer.Option(None, help="Guidance scale, 1 to 20; 7.5 by default."),
    seed: int = typer.Option(None, help="0 to 2147483647; random by default, and recorded."),
    model: str = typer.Option("flux-dev", help="An avatar model of the catalogue."),
    case: str = typer.Option(None, help="Invitation id; created when new. Default: a case of its own."),
    owner: str = typer.Option(None, help="Owner id of the case. Default: me."),
    plan: Plan = typer.Option(Plan.PREMIUM, help="Plan of a new case."),
    approve: bool = typer.Option(False, "--approve", help="Approve the avatar and make the clip, which then waits for its own approval."),
    clip_model: str = typer.Option("kling-2.6", help="The clip model used with --approve."),
    turn: Turn = typer.Option(Turn.NOT, "--turn", help="Turn the photo so many degrees clockwise; a hint says when that helps."),
    replace: bool = typer.Option(False, "--replace", help="Give an existing case this photo; retires its avatar and clip."),
    out: Path = OutFolder,
    as_json: bool = JsonFlag,
) -> None:
    """Turn a photo into a stylised avatar and, with --approve, into a living portrait."""
    from pipeline.studio import photos, portraits
    from pipeline.studio.place import Place
    from pipeline.workflows.wishes import AvatarWish, ClipWish

    settings = load()
    _check_folder(out)
    name = os.fsencode(photo.stem).decode(errors="replace")
    intake = photos.take_in(_read(photo), photo.name, turn=int(turn))
    for advice in intake.advice:
        note(f"Advice: {advice.say}")
    if intake.turn:
        note(f"Hint: a face is found when the photo is turned; try it with --turn {intake.turn}.")
    place = Place(settings)
    wish = AvatarWish(style=style, prompt=prompt, model=model, strength=strength, steps=steps, guidance=guidance, seed=seed)
    prices = [portraits.price_avatar(place, wish, width_px=intake.crop.width_px, height_px=intake.crop.height_px)]
    if approve:
        prices.append(portraits.price_clip(place, ClipWish(model=clip_model)))
    portraits.check_affordable(place, prices, me())
    case_id, owner_id = case or new_id("case-"), owner or me().name
    opened = photos.open_case(place, case_id, owner_id, me(), name=name, plan=plan)
    if said := photos.warn_of_look_alikes(place, opened):
        note(said)
    case_id, owner_id = opened.id, opened.owner
    photos.put_photo(place, case_id, owner_id, intake, me(), replace=replace)
    asked = portraits.ask_avatar(place, case_id, owner_id, wish, me(), run_id=new_id("r"))
    _announce(place, asked, "Avatar")
    run = finish(place, asked.run, "Avatar")
    with paid_for(place, run):
        document = _document(place, run, out, name)
        if approve:
            document = _go_on(place, run, owner_id, ClipWish(model=clip_model), document, out, name)
    say(document, as_json, lambda: _text(document))


def animate(
    run: str = typer.Argument(..., help="The avatar's run; its avatar must be approved.", show_default=False),
    motion: str = typer.Option("gentle", help="How it moves."),
    prompt: str = typer.Option(None, help="Your own words instead of a motion."),
    model: str = typer.Option("kling-2.6", help="A clip model of the catalogue."),
    resolution: str = typer.Option(None, help="For models that offer several."),
    seed: int = typer.Option(None, help="For models that have one."),
    again: bool = typer.Option(False, "--again", help="Another take with the same settings instead of the one already made."),
    no_loop: bool = typer.Option(False, "--no-loop", help="Keep the end as it is instead of blending it into the beginning."),
    tall: bool = typer.Option(False, "--tall", help="720 × 960 instead of 720 × 720."),
    owner: str = Owner,
    out: Path = OutFolder,
    as_json: bool = JsonFlag,
) -> None:
    """Turn an approved avatar into a short looping clip."""
    from pipeline.studio import portraits, requests, reviews
    from pipeline.studio.place import Place
    from pipeline.workflows.wishes import ClipWish

    place = Place(load())
    _check_folder(out)
    parent = requests.find_run(place, run)
    owner_id = owner or reviews.owner_of(place, parent.case_id)
    avatar = _avatar_of(place, parent)
    if avatar is None:
        raise NotNow("This run has made no avatar that could be animated.", next="Name the run of a finished avatar.")
    portraits.check_current(place, parent.case_id, owner_id, avatar.sha256)
    take = portraits.next_take(place, parent.case_id, avatar.sha256) if again else 1
    wish = ClipWish(motion=motion, prompt=prompt, model=model, resolution=resolution, seed=seed, take=take, loop=not no_loop, portrait=tall)
    asked = portraits.ask_clip(place, parent.case_id, owner_id, wish, me(), run_id=new_id("r"), parent_run=parent.id)
    _announce(place, asked, "Clip")
    made = finish(place, asked.run, "Clip")
    with paid_for(place, made):
        document = _document(place, made, out, "portrait")
    say(document, as_json, lambda: _text(document))


def approve(
    asset: str = typer.Argument(..., help="sha256 of an avatar or clip; a unique beginning is enough.", show_default=False),
    case: str = typer.Option(None, help="The case, where several hold the same bytes."),
    owner: str = Owner,
    note: str = typer.Option("", help="Why."),
    as_json: bool = JsonFlag,
) -> None:
    """Approve an avatar or a clip: it becomes the case's current one."""
    _decide(asset, case, owner, Decision.APPROVED, note, as_json)


def reject(
    asset: str = typer.Argument(..., help="sha256 of an avatar or clip; a unique beginning is enough.", show_default=False),
    case: str = typer.Option(None, help="The case, where several hold the same bytes."),
    owner: str = Owner,
    note: str = typer.Option("", help="Why."),
    as_json: bool = JsonFlag,
) -> None:
    """Reject an avatar or a clip; it stays as history."""
    _decide(asset, case, owner, Decision.REJECTED, note, as_json)


def _decide(prefix: str, case_id: str | None, owner: str | None, decision: Decision, why: str, as_json: bool) -> None:
    from pipeline.studio import reviews
    from pipeline.studio.place import Place

    place = Place(load())
    asset = reviews.find_asset(place, prefix, case_id=case_id)
    case = reviews.decide_on(place, asset, owner or reviews.owner_of(place, asset.scope), decision, me(), why)
    document = {"asset": asset.sha256, "case": case.id, "decision": decision.value, "avatar": case.avatar, "clip": case.clip}
    say(document, as_json, lambda: f"{decision.value.capitalize()}: {asset.kind.value} {asset.sha256[:12]} of case {case.id}.")


def _go_on(place: Any, run: Run, owner: str, wish: Any, document: dict[str, Any], out: Path | None, stem: str) -> dict[str, Any]:
    from pipeline.studio import portraits, reviews

    avatar = _avatar_of(place, run)
    if avatar is None:
        return document
    reviews.decide_on(place, avatar, owner, Decision.APPROVED, me(), "approved on the command line")
    asked = portraits.ask_clip(place, run.case_id, owner, wish, me(), run_id=new_id("r"), parent_run=run.id)
    _announce(place, asked, "Clip")
    made = finish(place, asked.run, "Clip")
    clip = _document(place, made, out, stem)
    both = {"clip_run": made.id, "clip": clip["clip"], "poster": clip["poster"]}
    return {**document, **both, "cost_micro_usd": document["cost_micro_usd"] + clip["cost_micro_usd"]}


def finish(place: Any, run: Run, what: str) -> Run:
    """Wait for a run with progress on stderr, bringing up worker and sandbox when they are missing; raises why it did not succeed."""
    from pipeline.processes.bring_up import Watch
    from pipeline.studio import looks, requests

    progress = Progress(what)
    watch = Watch(place.settings)

    def meanwhile() -> None:
        progress.tick()
        watch.look()

    try:
        ended = requests.wait_for(place, run.id, on_change=progress.see, meanwhile=meanwhile)
    except WorkerAbsent as absent:
        if looks.run_line(place, requests.find_run(place, run.id))["state"] != RunState.ASKED:
            absent.charged = None
        raise
    finally:
        progress.done()
    if error := requests.failure_of(ended):
        raise error
    return ended


@contextlib.contextmanager
def paid_for(place: Any, run: Run) -> Iterator[None]:
    """Whatever breaks after this run was paid for says that money was charged and where to find what it bought."""
    from pipeline.studio import looks

    try:
        yield
    except StudioError as error:
        if error.charged is False and looks.run_line(place, run)["cost_micro_usd"]:
            error.charged = True
            error.next = f"{error.next} What was paid is kept: `show {run.id}`."
        raise


def _announce(place: Any, asked: Any, what: str) -> None:
    from pipeline.processes.bring_up import ensure_running

    ensure_running(place.settings, "sandbox", "worker")  # before anything is said: whoever leaves now leaves it at work
    for warning in asked.warnings:
        note(f"Advice: {warning}")
    note(f"{what}: run {asked.run.id}, up to {dollars(asked.price.micro_usd)}")


def _avatar_of(place: Any, run: Run) -> Asset | None:
    from pipeline.studio import looks

    if run.kind is not RunKind.AVATAR:
        return None
    with place.database.reading() as db:
        return next((asset for asset in looks.files_of(db, run) if asset.kind is AssetKind.AVATAR), None)


def _document(place: Any, run: Run, out: Path | None, stem: str) -> dict[str, Any]:
    from pipeline.studio import looks

    return looks.portrait(place, run, _where(place, run, out, stem))


def _where(place: Any, run: Run, out: Path | None, stem: str) -> Callable[[Asset], str | None]:
    from pipeline.studio import looks

    names = {AssetKind.AVATAR_DISPLAY: "avatar", AssetKind.AVATAR: "original", AssetKind.CLIP: "clip", AssetKind.POSTER: "poster"}
    endings = {"image/webp": "webp", "image/jpeg": "jpg", "image/png": "png", "video/mp4": "mp4"}
    plain = re.sub(r"[^\w-]+", "_", stem, flags=re.ASCII).strip("_")[:40] or "portrait"

    def where(asset: Asset) -> str | None:
        if out is None:
            return looks.path_of(place, asset)
        name = f"{plain}-{run.id[-6:]}-{names[asset.kind]}.{endings.get(asset.media_type, 'bin')}"
        return str(looks.copy_out(place, asset, out, name).resolve())

    return where


def _read(photo: Path) -> bytes:
    try:
        if photo.stat().st_size > 200_000_000:
            raise PhotoUnreadable("This file is far too large for a photo.", next="Send a photo of at most 25 MB.")
        return photo.read_bytes()
    except (OSError, ValueError) as error:
        raise PhotoUnreadable("There is no readable file by that name.", next="Check the path.") from error


def _check_folder(out: Path | None) -> None:
    if out is None:
        return
    try:
        nearest = next(part for part in (out, *out.absolute().parents) if part.exists())
        with tempfile.TemporaryFile(dir=nearest):
            return
    except OSError as error:
        raise BadOutputFolder from error


def _text(document: dict[str, Any]) -> str:
    lines = [f"Run {document['run']} · case {document['case']} · {document['mode']} · {dollars(document['cost_micro_usd'])}"]
    for name in ("avatar", "clip", "poster"):
        file = document[name]
        if file:
            length = f", {file['seconds']:.1f} s" if file.get("seconds") else ""
            lines.append(
                f"  {name:7} {file['width_px']} × {file['height_px']}{length}, {file['bytes'] / 1000:.0f} kB  {file['path'] or file['sha256']}"
            )
    if document["avatar"]:
        alike = document["avatar"]["likeness"]
        lines.append(f"  likeness {alike['score'] if alike['score'] is not None else '–'} ({alike['band']})")
        waits = "The clip waits" if document["clip"] else f"`approve {document['original']['sha256'][:12]}` lets it be animated: it waits"
        lines.append(f"{waits} for approval.")
    return "\n".join(lines)
