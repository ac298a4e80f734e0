"""The folder's docstring names every file in it."""

import pkgutil
import re

from pipeline import media
from pipeline.media import decoding


def test_every_file_is_on_the_map() -> None:
    on_map = set(re.findall(r"^    (\w+)\.py ", media.__doc__ or "", re.M))
    assert on_map == {module.name for module in pkgutil.iter_modules(media.__path__) if not module.ispkg}


def test_every_file_that_decodes_is_on_its_own_map() -> None:
    on_map = set(re.findall(r"^    (\w+)\.py ", decoding.__doc__ or "", re.M))
    assert on_map == {module.name for module in pkgutil.iter_modules(decoding.__path__)}
