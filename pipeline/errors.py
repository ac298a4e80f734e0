"""Everything that can go wrong, in one tree.

    StudioError
    ├── InputError            what was asked cannot be done; nothing was spent
    │   ├── BadPhoto          PhotoUnreadable · PhotoTooSmall · PhotoTooLarge
    │   ├── BadSetting · BadParameter · BadPrompt · BadOutputFolder · BadBill · BackupUnusable
    │   ├── UnknownName       no such model, style, run, case or asset
    │   └── NotNow            the thing exists, but not in a state that allows this
    │       ├── OutOfDate     something was pressed that no screen shows any more
    │       ├── MonthClosed   the month is closed: nothing more is booked in it
    │       └── TakenDown     it was taken down for good and is not kept again
    ├── AccessError           WrongOwner · NotPremium · NotAllowed
    ├── LimitError            AttemptsUsed · BudgetReached · TooManyRequests
    ├── CatalogueError        BadModelFile · CannotPrice · WrongTool
    ├── CallError             InFlight · KeyReused · BeingLookedUp
    ├── ProviderError
    │   ├── NotSent           surely not accepted: RateLimited · ProviderUnreachable
    │   ├── Refused           KeyRefused · AccountRefused · EndpointGone · InputRefused
    │   ├── OutcomeUnknown    accepted or not, nobody can say yet
    │   ├── RequestUnknown    the provider has no such request
    │   ├── GenerationFailed · GenerationTimedOut · Flagged · NothingShown · ClipTooShort
    │   └── ResultLost · DownloadFailed
    ├── MediaError            BrokenMedia · NoPicture · EncoderFailed
    ├── StoreError            KeyTaken · NotStored · StoreRefused · DiskFull · BadKey
    ├── PlaceError            WrongMode · DatabaseBusy · DatabaseDamaged · DatabaseReadOnly · AlreadyRunning · PortTaken · WorkerAbsent
    └── Cancelled             somebody asked for it to stop

Every class answers four questions: whose `fault`, was it `charged` (None: not known yet), is a `retry` sensible, and what staff
should read (`say`) and do (`next`, on screens `next_on_screen`). None of them carries a provider's raw text or a secret.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, ClassVar


class Fault(StrEnum):
    """Who has to act when something went wrong."""

    YOURS = "yours"
    OURS = "ours"
    PROVIDER = "the provider's"
    NOBODY = "nobody's"


class StudioError(Exception):
    """Base of everything the studio raises on purpose; `say` and `next` are safe to show."""

    fault: ClassVar[Fault] = Fault.OURS
    retry: ClassVar[bool] = False
    charged: bool | None = False
    say: str = "Something went wrong inside the studio."
    next: str = "Try again; if it happens twice, tell an engineer."
    screen: str | None = None

    def __init__(self, say: str | None = None, *, next: str | None = None, charged: bool | None = None, screen: str | None = None) -> None:
        """Make an error; `screen` says what to do on screens, where `next` names a command that only the command line has."""
        if say is not None:
            self.say = say
        if next is not None:
            self.next = next
        if screen is not None:
            self.screen = screen
        if charged is not None:
            self.charged = charged
        super().__init__(self.say)

    @property
    def next_on_screen(self) -> str:
        """What to do, in words of a screen: nobody there has a command line."""
        return self.screen or without_commands(self.next) or without_commands(type(self).next) or StudioError.next

    @property
    def on_screen(self) -> str:
        """What a screen says of it: what went wrong, and what to do."""
        return f"{self.say} {self.next_on_screen}"

    def as_json(self) -> dict[str, str | bool | None]:
        """Return the four fields scripts rely on: `error, say, charged, next`."""
        return {"error": type(self).__name__, "say": self.say, "charged": self.charged, "next": self.next}

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> "StudioError":
        """Make an error of the same class again from what `as_json` kept of it.

        >>> again = StudioError.from_json(RateLimited(after_seconds=3).as_json())
        >>> type(again).__name__, again.charged
        ('RateLimited', False)
        """
        kind = next((kind for kind in _family(StudioError) if kind.__name__ == kept["error"]), StudioError)
        again = kind.__new__(kind)
        StudioError.__init__(again, kept["say"], next=kept["next"])
        again.charged = kept["charged"]
        return again


class InputError(StudioError):
    """What was asked for cannot be done as asked; found before any money."""

    fault = Fault.YOURS
    say = "This cannot be done as asked."
    next = "Change the input and try again."


class BadPhoto(InputError):
    """The photo cannot be used."""

    say = "This photo could not be used."
    next = "Try another photo with a clear, front-facing view."


class PhotoUnreadable(BadPhoto):
    """Not a whole JPEG, PNG, WebP, HEIC or AVIF picture."""

    say = "This file is not a readable photo."
    next = "Send a JPEG, PNG, WebP, HEIC or AVIF picture."


class PhotoTooSmall(BadPhoto):
    """A side is under 512 px."""

    say = "This photo is too small."
    next = "Send a photo of at least 512 × 512 pixels."


class PhotoTooLarge(BadPhoto):
    """Over 25 MB, over 52 megapixels or over 16,384 px on the long side."""

    say = "This photo is too large."
    next = "Send a photo of at most 25 MB, 52 megapixels and 16,384 pixels a side."


class BadSetting(InputError):
    """An environment setting has a value that cannot be used."""

    say = "A setting has a value that cannot be used."
    next = "Correct the setting and start again; the README lists them all."


class BadParameter(InputError):
    """A generation parameter is outside what the model takes."""

    say = "A parameter is outside what the model takes."


class BadPrompt(InputError):
    """The prompt is too short, too long or empty."""

    say = "The prompt cannot be used."
    next = "Write between 10 and 1,000 characters."


class BadOutputFolder(InputError):
    """Results cannot be written where they were asked for."""

    say = "Results cannot be written to that folder."
    next = "Choose a folder you can write to."


class BadBill(InputError):
    """A file is no bill of a provider that could be compared line by line."""

    say = "This file cannot be read as a provider's bill."
    next = "Upload the provider's own export, one line a request."


class BackupUnusable(InputError):
    """A file is no backup of this studio, or is damaged, or its ledger does not add up."""

    say = "This file cannot be restored from."
    next = "Nothing was changed. Choose another backup; `backup --list` names them."


class UnknownName(InputError):
    """There is no such model, style, run, case, call or asset."""

    say = "There is nothing by that name."
    next = "Check the spelling."


class NotNow(InputError):
    """The thing exists, but its state does not allow this."""

    say = "This cannot be done in its present state."
    next = "Look at its state first."


class OutOfDate(NotNow):
    """Something was pressed that no screen shows any more."""

    say = "This button is out of date."
    next = "Reload the page."


class MonthClosed(NotNow):
    """A ledger line would count for a month that is closed."""

    say = "This month is closed: nothing more is booked in it."
    next = "Book it for the present day."


class TakenDown(NotNow):
    """A file, or its whole case, was taken down for good: nothing of it is kept again."""

    say = "This was taken down for good, so it is not kept again."
    next = "Use another photo in a new case, with the customer's consent."


class AccessError(StudioError):
    """The person or the case may not do this."""

    fault = Fault.YOURS
    say = "This is not allowed."
    next = "Ask somebody who may."


class WrongOwner(AccessError):
    """Invitation id and owner id do not belong together; nothing was changed."""

    say = "Access denied: this case belongs to somebody else, or does not exist."
    next = "Check the invitation id and the owner id."


class NotPremium(AccessError):
    """Living portraits are for premium cases."""

    say = "Living portraits are part of the premium plan."
    next = "Upgrade the case, then try again."


class NotAllowed(AccessError):
    """The person lacks the role for this action."""

    say = "Your role does not allow this."


class LimitError(StudioError):
    """A limit was reached; checked in the transaction that would have spent."""

    fault = Fault.NOBODY
    say = "A limit was reached."
    next = "Wait, or ask for more."


class AttemptsUsed(LimitError):
    """All successful generations of the case are used or in flight."""

    say = "This case has no attempts left."
    next = "Wait for running work to end, or ask for extra attempts."


class BudgetReached(LimitError):
    """The hold would pass a hard cap."""

    say = "The spending cap is reached."
    next = "Wait for the next period or raise the cap."


class TooManyRequests(LimitError):
    """The person's count limit in the sliding window is used up."""

    retry = True
    say = "Too many requests for now."

    def __init__(self, say: str | None = None, *, after_seconds: float = 0.0) -> None:
        super().__init__(say, next=f"A place frees in {after_seconds:.0f} s.")
        self.after_seconds = after_seconds


class CatalogueError(StudioError):
    """The catalogue cannot answer; nothing is bought without it."""

    say = "The model catalogue cannot answer."
    next = "Correct the model file; `doctor` names it."


class BadModelFile(CatalogueError):
    """A file in the models folder breaks a rule."""

    say = "A model file is wrong."


class CannotPrice(CatalogueError):
    """No valid price: refused, because what cannot be priced is not bought."""

    say = "This has no valid price, so it is not bought."
    next = "Add a dated price to the model file."


class WrongTool(CatalogueError):
    """The model exists but does another job."""

    fault = Fault.YOURS
    say = "This model does another job."
    next = "Choose a model made for this."


class CallError(StudioError):
    """An idempotency key was used again in a way that buys nothing."""

    say = "This request was already made."
    next = "Look at the run it belongs to."


class InFlight(CallError):
    """The same request is on its way; wait for it."""

    fault = Fault.NOBODY
    charged = None
    say = "The same request is already on its way."
    next = "Wait for it to finish."


class KeyReused(CallError):
    """The same key came with another body; refused."""

    fault = Fault.YOURS
    say = "This request id was already used with other settings."
    next = "Start a new request."


class BeingLookedUp(CallError):
    """The request was lost on the way and is being looked up."""

    fault = Fault.PROVIDER
    charged = None
    say = "It is not yet known whether the provider accepted this request; it is being looked up."
    next = "Wait, or decide: adopt, send again or write off."


class ProviderError(StudioError):
    """The provider, or the way to it, failed."""

    fault = Fault.PROVIDER
    say = "The provider could not do this."
    next = "Try again later."


class NotSent(ProviderError):
    """Surely not accepted, so sending again cannot pay twice."""

    retry = True
    say = "The provider could not be asked."

    def __init__(self, say: str | None = None, *, after_seconds: float | None = None) -> None:
        super().__init__(say)
        self.after_seconds = after_seconds


class RateLimited(NotSent):
    """The provider answered 429; `after_seconds` holds its Retry-After."""

    say = "The provider is busy and asked us to slow down."


class ProviderUnreachable(NotSent):
    """No connection was made, so nothing was sent."""

    say = "The provider could not be reached."
    next = "Check the connection, then try again."


class Refused(ProviderError):
    """A definite no at the door: not accepted, not charged."""

    say = "The provider refused this request."


class KeyRefused(Refused):
    """401: the key is wrong or missing."""

    fault = Fault.OURS
    say = "The provider does not accept our key."
    next = "An engineer should check FAL_KEY; `doctor` tests it."


class AccountRefused(Refused):
    """403: the account is locked or may not use this model."""

    fault = Fault.OURS
    say = "The provider refuses our account; its balance may be used up."
    next = "Check balance and rights of the account at the provider."


class EndpointGone(Refused):
    """404 at the door: no such endpoint, the model may be retired."""

    say = "The provider no longer offers this model."
    next = "Choose another model."


class InputRefused(Refused):
    """422: the provider looked at the input and declined it."""

    fault = Fault.YOURS
    say = "This photo could not be processed by the provider."
    next = "Try a different photo with a clear, front-facing view, or other words."


class OutcomeUnknown(ProviderError):
    """The request may or may not have been accepted."""

    charged = None
    say = "The connection broke while the request was on its way; whether it arrived is being looked up."
    next = "Nothing to do: it is looked up before anything is sent again."


class RequestUnknown(ProviderError):
    """The provider has no request by that id."""

    say = "The provider does not know this request any more."


class GenerationFailed(ProviderError):
    """The provider accepted the work and failed at it; never charged by fal for 5xx."""

    retry = True
    say = "The provider failed while making this."
    next = "Try again; failures are free."


class GenerationTimedOut(ProviderError):
    """The provider gave up, or our deadline passed."""

    retry = True
    say = "Making this took too long."
    next = "Try again, or try a smaller or simpler photo."


class Flagged(ProviderError):
    """The provider's safety check flagged the result: charged, but not an attempt."""

    charged = True
    say = "The provider's safety check flagged the result, so it is not shown."
    next = "Try another seed, other words or another photo. It does not count as an attempt."


class NothingShown(ProviderError):
    """The result is black, or of one colour throughout: charged, but not an attempt."""

    charged = True
    say = "The provider delivered a picture of one colour with nothing on it, so it is not kept."
    next = "Try another seed, other words or another photo. It does not count as an attempt; an analyst can claim the charge back."


class ClipTooShort(ProviderError):
    """The clip is of one frame, or far shorter than what was paid for: charged, but not an attempt."""

    charged = True
    say = "The provider delivered a clip far shorter than was paid for, so it is not kept."
    next = "Try again. It does not count as an attempt; an analyst can claim the charge back."


class ResultLost(ProviderError):
    """Made and charged, but the provider no longer has the result."""

    charged = True
    say = "The result was made, but the provider no longer has it."
    next = "Make it again; an analyst can claim the charge back."


class DownloadFailed(ProviderError):
    """Made and charged, but the file did not arrive whole."""

    charged = True
    retry = True
    say = "The result was made and paid, but its file did not arrive whole."
    next = "Retry: the file is fetched again, nothing is bought again."


class MediaError(StudioError):
    """A picture or clip could not be made or read."""

    say = "The media file could not be processed."


class BrokenMedia(MediaError):
    """Bytes that do not decode to the end as what they claim to be."""

    say = "The media file is damaged or of the wrong type."


class NoPicture(BrokenMedia):
    """A video file without a picture track."""

    say = "The clip has no picture track."


class EncoderFailed(MediaError):
    """ffmpeg failed, was killed or ran out of memory, also at the lower preset."""

    retry = True
    say = "The clip could not be encoded."
    next = "Retry: the paid clip is kept, only the encoding is repeated."


class StoreError(StudioError):
    """The store did not keep or give what it should."""

    say = "The media store failed."
    next = "Check disk space and the store's settings; `doctor` tests them."


class KeyTaken(StoreError):
    """Create-only: the key already holds other bytes."""

    say = "The store already holds something else under this name."


class NotStored(StoreError):
    """Nothing is stored under this key."""

    say = "The store has no such file."


class StoreRefused(StoreError):
    """The store said no or could not be reached."""

    retry = True
    say = "The media store refused or could not be reached."


class DiskFull(StoreError):
    """No room left for the file."""

    say = "The disk is full."
    next = "Free some space, then retry: nothing is bought again."


class BadKey(StoreError):
    """A key that would leave its prefix, or holds forbidden characters."""

    say = "This name cannot be used as a storage key."


class PlaceError(StudioError):
    """The studio cannot run here as it is."""

    say = "The studio cannot run here as it is."
    next = "Run `doctor` for the remedy."


class WrongMode(PlaceError):
    """The data folder belongs to the other mode, or live mode is not allowed here."""

    say = "This data folder belongs to another mode."
    next = "Use another STUDIO_DATA, or the right STUDIO_MODE."


class DatabaseBusy(PlaceError):
    """The database stayed locked past its time-out; nothing was written."""

    retry = True
    say = "The studio's database is busy."
    next = "Try again in a moment."


class DatabaseDamaged(PlaceError):
    """studio.db is damaged or no database of the studio; nothing is written over it."""

    say = "The studio's database is damaged. Nothing was written over it."
    next = "Restore a backup; `python -m pipeline backup --list` names them."


class DatabaseReadOnly(PlaceError):
    """studio.db or its folder cannot be written to."""

    say = "The studio's database cannot be written to. Nothing was changed."
    next = "Give the studio the right to write to its data folder and to every file in it, then start again."


class AlreadyRunning(PlaceError):
    """Another process holds the lock."""

    say = "It is already running."
    next = "Use the running one, or stop it first."


class PortTaken(PlaceError):
    """Something else listens on the port."""

    say = "The port is taken by another program."
    next = "Set STUDIO_PORT to a free port."


class WorkerAbsent(PlaceError):
    """No worker runs and none could be started."""

    say = "No worker is running and none could be started."
    next = "Start it with `python -m pipeline worker`; nothing is lost meanwhile."


class Cancelled(StudioError):
    """Somebody asked for it to stop, and it did."""

    fault = Fault.NOBODY
    say = "It was cancelled."
    next = "Ask again when it is wanted."


def without_commands(text: str) -> str:
    """Return a text without the sentences that name a command, empty when nothing is left.

    >>> without_commands("Correct the model file; `doctor` names it.")
    'Correct the model file.'
    >>> without_commands("Start it with `python -m pipeline worker`; nothing is lost meanwhile."), without_commands("`runs` lists them.")
    ('Nothing is lost meanwhile.', '')
    """
    kept = [part for part in re.split(r"(?<=[.!?;])\s+", text) if not _COMMAND.search(part)]
    plain = " ".join(kept).rstrip(";")
    return f"{plain[0].upper()}{plain[1:]}{'' if plain[-1] in '.!?' else '.'}" if plain else ""


_COMMAND = re.compile(r"`|(?<!\S)--[a-z]|python -m|(?<!\S)make [a-z]+(?=[.;]|$)")


def _family(kind: type[StudioError]) -> Iterator[type[StudioError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)
