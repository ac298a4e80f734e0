"""The hand that writes benchmark stories down, with the functions that verbs and worker use."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pipeline import assets, cases, runs
from pipeline.buying import calls, plan
from pipeline.database import Connection, insert, update
from pipeline.errors import BeingLookedUp, Cancelled, Flagged, GenerationFailed, StudioError
from pipeline.ledger import charge, release
from pipeline.media.likeness import band_of
from pipeline.records import Asset, AssetKind, Basis, Call, CallState, Case, Decision, Role, Run, RunKind, RunState, now
from pipeline.studio import removal
from pipeline.studio.place import Place
from pipeline.studio.portraits import FEATURE
from pipeline.workflows.wishes import SLOTS, AvatarWish, ClipWish, Resolved, resolve_avatar, resolve_clip, wanted
from tests.benchmarks.bulk_media import QuickStore, Rendered, marked_jpeg, marked_mp4, marked_webp
from tests.benchmarks.bulk_stories import PEOPLE, Outcome, Step, What

PLACES = (
    "a lavender field at dusk",
    "an old library",
    "a harbour in the rain",
    "a garden full of lanterns",
    "a snowy mountain cabin",
    "a rooftop café",
)
LOOKS = ("watercolour storybook", "stop-motion clay", "vintage travel poster", "soft pencil sketch", "art nouveau print", "paper-cut diorama")
MOODS = ("golden light", "quiet and tender", "festive", "misty morning", "warm film grain")
MOVES = ("petals drift past", "a slow blink and a smile", "candle light flickers", "the wind plays with the veil")
REASONS = ("does not look like her", "eyes are off", "wrong hair colour", "customer asked for less cartoon", "extra finger", "")
ERRORS = {Outcome.FAILED: GenerationFailed, Outcome.FLAGGED: Flagged, Outcome.CANCELLED: Cancelled, Outcome.LOST: BeingLookedUp}
ENDS = {Outcome.CANCELLED: RunState.CANCELLED}


class Hand:
    """Carries steps out; remembers of each case the newest file that was made and the newest avatar's wish."""

    def __init__(self, place: Place, store: QuickStore, motifs: Sequence[Rendered], clock: Any, random_: random.Random) -> None:
        self.place, self.store, self.motifs, self.clock, self.random = place, store, motifs, clock, random_
        self.newest: dict[str, Asset] = {}
        self.wishes: dict[str, Mapping[str, Any]] = {}
        self.takes: dict[str, int] = {}
        self.count = 0
        self.doing: Mapping[What, Callable[[Connection, Step], None]] = {
            What.OPEN: self._open,
            What.PHOTO: self._photo,
            What.AVATAR: self._make,
            What.CLIP: self._make,
            What.AGAIN: self._make,
            What.APPROVE: self._judge,
            What.REJECT: self._judge,
            What.WITHDRAW: self._judge,
            What.STAR: self._star,
        }

    def do(self, tx: Connection, step: Step) -> None:
        """Carry out one step."""
        self.doing[step.what](tx, step)

    def remove(self, step: Step) -> None:
        """Remove the newest file of a case as people do, in a transaction of its own."""
        gone = self.newest[step.customer.case]
        mark = removal.dependents(self.place, gone.scope, gone.sha256).mark
        by = step.by if Role.APPROVE in step.by.roles else PEOPLE[0]
        removal.remove(self.place, gone.scope, gone.sha256, step.customer.owner, by, "The customer asked for it.", expected=mark)

    def _open(self, tx: Connection, step: Step) -> None:
        who = step.customer
        cases.create(tx, case_id=who.case, owner=who.owner, name=who.name, plan=who.plan, by=step.by)

    def _photo(self, tx: Connection, step: Step) -> None:
        case = self._case(tx, step)
        photo = self._keep(tx, Asset(scope=case.id, kind=AssetKind.PHOTO, media_type="image/jpeg"))
        crop = self._keep(tx, Asset(scope=case.id, kind=AssetKind.CROP, media_type="image/jpeg", parents=(photo.sha256,)))
        cases.put_photo(tx, case, photo=photo.sha256, crop=crop.sha256, replace=True, by=step.by)

    def _make(self, tx: Connection, step: Step) -> None:
        case = self._case(tx, step)
        kind = RunKind.CLIP if step.what is What.CLIP else RunKind.AVATAR
        source = assets.get(tx, case.id, (case.avatar if kind is RunKind.CLIP else case.crop) or "")
        settings = self.wishes[case.id] if step.what is What.AGAIN else self._wish(case, kind).settings
        self.count += 1
        about = {"kind": kind, "case_id": case.id, "person": step.by, "feature": FEATURE, "settings": settings, "source": source.sha256}
        run, _ = runs.ask(tx, run_id=f"r{self.count:07d}", photo_version=case.photo_version, **about)
        want = wanted(self.place.catalogue, kind, settings, source)
        call = plan(tx, run, want, (), before_holding=lambda: cases.take_place(tx, case.id, self.place.settings.attempts))
        runs.mark_queued(tx, run.id, 1)
        self.clock.forward(0.3)
        runs.begin(tx, run.id, 1)
        if call.state is CallState.SUCCEEDED:
            runs.finish(tx, run.id, RunState.SUCCEEDED)
        elif step.outcome is Outcome.MADE:
            self._succeed(tx, run, call)
            self.wishes |= {case.id: settings} if kind is RunKind.AVATAR else {}
        else:
            self._fail(tx, run, call, step.outcome)

    def _wish(self, case: Case, kind: RunKind) -> Resolved:
        free, pick = self.random.random() < 0.3, self.random.choice
        if kind is RunKind.AVATAR:
            words = f"{pick(LOOKS).capitalize()} portrait in {pick(PLACES)}, {pick(MOODS)}, every face unmistakably itself" if free else None
            model, strength = pick(("flux-dev", "flux-dev", "flux-kontext")), pick((0.5, 0.55, 0.6, 0.6, 0.65, 0.7))
            look = {"style": pick(("pixar", "ghibli")), "strength": strength if model == "flux-dev" else None}
            wish = AvatarWish(prompt=words, model=model, seed=self.random.randrange(2**31), **look)
            return resolve_avatar(self.place.catalogue, self.place.styles, wish)
        words = f"{pick(MOVES).capitalize()} in {pick(PLACES)}, the camera stays still" if free else None
        model = pick(("kling-2.6", "kling-2.6", "kling-2.5-turbo", "hailuo-02", "wan-2.1", "minimax-video-01"))
        self.takes[case.id] = self.takes.get(case.id, 0) + 1
        seed = self.random.randrange(2**31) if model == "wan-2.1" else None
        return resolve_clip(self.place.catalogue, self.place.styles, ClipWish(prompt=words, model=model, seed=seed, take=self.takes[case.id]))

    def _submit(self, tx: Connection, call: Call) -> Call:
        url = f"https://v3.fal.media/files/benchmark/{call.id}.jpg"
        insert(tx, "uploads", {"call_id": call.id, "provider": call.provider, "asset": call.input["photo"], "url": url, "at": now()})
        arguments = {**call.input["arguments"], call.input["photo_field"]: url}
        return calls.move(tx, call, CallState.SUBMITTING, sent_input=arguments, sent_at=now(), sends=1)

    def _accepted(self, tx: Connection, call: Call) -> Call:
        request_id = str(self.random.getrandbits(128))
        ticket = {"provider": call.provider, "endpoint": call.endpoint, "request_id": request_id}
        ticket |= dict.fromkeys(("status_url", "response_url", "cancel_url"), f"https://queue.fal.run/{call.endpoint}/requests/{request_id}")
        self.clock.forward(0.6)
        return calls.move(tx, call, CallState.SUBMITTED, ticket=ticket, request_id=request_id, accepted_at=now())

    def _settled(self, tx: Connection, run: Run, call: Call, error: StudioError | None = None) -> Call:
        call = self._accepted(tx, self._submit(tx, call))
        self.clock.forward(self.random.uniform(6, 14) if run.kind is RunKind.AVATAR else self.random.uniform(60, 150))
        release(tx, call.id)
        charge(tx, call.id, call.hold_micro_usd, quantity=str(Decimal(call.quantity)), basis=Basis.BILLED_UNITS)
        body = {"images" if run.kind is RunKind.AVATAR else "video": "kept", "seed": run.settings["seed"]}
        told = {"counts": 0, "error": error.as_json()} if error else {}
        return calls.move(
            tx,
            call,
            CallState.SUCCEEDED,
            result=body,
            finished_at=now(),
            served_endpoint=call.endpoint,
            status_requests=self.random.randint(3, 30),
            **told,
        )

    def _succeed(self, tx: Connection, run: Run, call: Call) -> None:
        call = self._settled(tx, run, call)
        made = self._made_avatar(tx, run, call) if run.kind is RunKind.AVATAR else self._made_clip(tx, run, call)
        update(tx, "outputs", {"run_id": run.id, "slot": SLOTS[run.kind]}, {"asset": made.sha256})
        self.clock.forward(1.5)
        runs.finish(tx, run.id, RunState.SUCCEEDED)
        self.newest[run.case_id] = made

    def _made_avatar(self, tx: Connection, run: Run, call: Call) -> Asset:
        about = Asset(scope=run.case_id, kind=AssetKind.AVATAR, media_type="image/jpeg", run_id=run.id, call_id=call.id, parents=(run.source,))
        facts = {"model": run.settings["model"], "endpoint": call.endpoint, "seed": run.settings["seed"]}
        avatar = self._keep(tx, replace(about, facts=facts))
        self._keep(tx, replace(about, kind=AssetKind.AVATAR_DISPLAY, media_type="image/webp", parents=(avatar.sha256,)))
        assets.measured(tx, avatar, run.source, [self._face() for _ in range(1 + (self.random.random() < 0.3))])
        return avatar

    def _made_clip(self, tx: Connection, run: Run, call: Call) -> Asset:
        about = Asset(scope=run.case_id, kind=AssetKind.RAW_CLIP, media_type="video/mp4", run_id=run.id, call_id=call.id, parents=(run.source,))
        raw = self._keep(tx, replace(about, seconds=5.0, facts={"model": run.settings["model"], "endpoint": call.endpoint, "seed": None}))
        clip = self._keep(tx, replace(about, kind=AssetKind.CLIP, seconds=2.0, parents=(raw.sha256,)))
        self._keep(tx, replace(about, kind=AssetKind.POSTER, media_type="image/webp", parents=(raw.sha256,)))
        return clip

    def _face(self) -> dict[str, Any]:
        if self.random.random() < 0.03:
            return {"distance": None, "detector_score": None, "band": "not_measurable", "reason": "No face was found.", "model_hash": "benchmark"}
        distance = min(max(self.random.gauss(0.5, 0.1), 0.2), 0.95)
        score = self.random.uniform(0.6, 2.5)
        return {"distance": distance, "detector_score": score, "band": band_of(distance).value, "reason": None, "model_hash": "benchmark"}

    def _fail(self, tx: Connection, run: Run, call: Call, outcome: Outcome) -> None:
        error = ERRORS[outcome]()
        if outcome is Outcome.FLAGGED:
            self._settled(tx, run, call, error)
        elif outcome is Outcome.LOST:
            calls.move(tx, self._submit(tx, call), CallState.UNKNOWN, needs_decision=1, error=error.as_json())
        elif outcome is Outcome.CANCELLED:
            runs.ask_cancel(tx, run.id)
            release(tx, call.id)
            calls.move(tx, call, CallState.CANCELLED)
        else:
            sent = self._accepted(tx, self._submit(tx, call))
            self.clock.forward(4)
            release(tx, call.id)
            calls.move(tx, sent, CallState.FAILED, error=error.as_json(), finished_at=now(), counts=0)
        runs.finish(tx, run.id, ENDS.get(outcome, RunState.FAILED), error)

    def _judge(self, tx: Connection, step: Step) -> None:
        decision = {What.APPROVE: Decision.APPROVED, What.REJECT: Decision.REJECTED, What.WITHDRAW: Decision.WITHDRAWN}[step.what]
        note = self.random.choice(REASONS) if step.what is What.REJECT else ""
        cases.decide(tx, self._case(tx, step), self.newest[step.customer.case], decision, step.by, note)

    def _star(self, tx: Connection, step: Step) -> None:
        starred = self.newest[step.customer.case]
        insert(tx, "stars", {"scope": starred.scope, "asset": starred.sha256, "person": step.by.name, "at": now()})

    def _case(self, tx: Connection, step: Step) -> Case:
        return cases.get(tx, step.customer.case, step.customer.owner)

    def _keep(self, tx: Connection, asset: Asset) -> Asset:
        self.count += 1
        motif, remark = self.motifs[self.random.randrange(len(self.motifs))], f"{asset.scope} {self.count}"
        marked = {"image/jpeg": marked_jpeg, "image/webp": marked_webp, "video/mp4": marked_mp4}[asset.media_type]
        whole = {"image/jpeg": motif.jpeg, "image/webp": motif.webp, "video/mp4": motif.mp4}[asset.media_type]
        sized = replace(asset, width_px=512, height_px=512) if asset.seconds is None else replace(asset, width_px=384, height_px=384)
        return assets.record(tx, assets.put(self.store, marked(whole, remark), sized))
