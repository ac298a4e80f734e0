"""The data folder this process serves."""

from functools import cache

from pipeline.settings import Settings, load
from pipeline.studio.place import Place


def here() -> Place:
    """Return the place that the settings name, opened once; raises BadSetting, WrongMode, PlaceError."""
    return _opened(load())


@cache
def _opened(settings: Settings) -> Place:
    return Place(settings)
