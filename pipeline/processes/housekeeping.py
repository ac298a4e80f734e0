"""What the worker does beside its work, in threads of its own: begins what was ordered, ends what publishing left unfinished, clears away."""

import itertools
import logging
import threading
from collections.abc import Callable

from pipeline.errors import StudioError
from pipeline.processes.logs import shorten_outputs
from pipeline.studio import publish_cleanup, tidy
from pipeline.studio.place import Place
from pipeline.studio.undo import orders

log = logging.getLogger("pipeline.housekeeping")
EVERY_SECONDS = 600.0
ROUNDS_A_DAY = 144
LOOK_SECONDS = 0.5


def keep_house(place: Place, stop: threading.Event, *, every_seconds: float = EVERY_SECONDS) -> None:
    """Do all of it at once and then every ten minutes, clearing away once a day, until told to stop; what fails is logged and tried again."""
    chores: tuple[tuple[str, Callable[[Place], object], int], ...] = (
        ("publications", publish_cleanup.finish, 1),
        ("temporary files", tidy.clear_temporary, ROUNDS_A_DAY),
        ("calls that were heard", tidy.clear_inbox, ROUNDS_A_DAY),
        ("printed output", lambda there: shorten_outputs(there.settings.folder), 1),
        ("weekly look", _weekly, 1),
    )
    for number in itertools.count():
        for name, chore, every in chores:
            if number % every == 0:
                _try(name, chore, place)
        if stop.wait(every_seconds):
            return


def begin_orders(place: Place, stop: threading.Event, *, every_seconds: float = LOOK_SECONDS) -> None:
    """Begin what people ordered to be published or withdrawn once its moment has come, until told to stop."""
    while not stop.wait(every_seconds):
        _try("orders", orders.begin_due, place)


def _weekly(place: Place) -> None:
    if tidy.is_due(place):
        gone = tidy.weekly(place)
        log.info("the stores were looked at; %d results expired", gone.results)


def _try(name: str, chore: Callable[[Place], object], place: Place) -> None:
    try:
        chore(place)
    except StudioError as error:
        log.warning("a chore was refused: %s", name, extra={"error": type(error).__name__})
    except Exception:  # buying goes on, whatever breaks here
        log.exception("a chore broke: %s", name)
