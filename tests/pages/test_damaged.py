"""A database that cannot be used is said to be so on every screen, with the way back; nothing is written over it."""

from pathlib import Path

import pytest
import streamlit as st

from pages.parts import ways
from pipeline.studio import backups
from tests.little_studio import ME, LittleStudio
from tests.pages.screens import visit

SCREENS = [name for name, *_ in ways.SCREENS]


@pytest.fixture
def damaged(own_data_folder: Path) -> tuple[LittleStudio, str]:
    """A studio with a backup whose file was written over from its second page on, as a bad disk would; the name of the backup."""
    studio = LittleStudio(own_data_folder, customer=True)
    studio.approved_avatar()
    made, _ = backups.back_up(studio.place, ME)
    visit("queue")  # the app has it open when it breaks; damaged before, it would not have begun
    st.cache_resource.clear()
    studio.place.database.close()
    path = studio.place.database.path
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * (path.stat().st_size - 4_096))
    return studio, made.name


@pytest.mark.parametrize("screen", SCREENS)
def test_every_screen_says_that_the_database_is_damaged_and_names_the_backup(damaged: tuple[LittleStudio, str], screen: str) -> None:
    studio, name = damaged
    before = studio.place.database.path.read_bytes()
    app = visit(screen)
    said = " ".join(error.value for error in app.error)
    assert not app.exception
    assert "damaged" in said
    assert f"restore the newest backup, {name}." in said
    assert str(studio.place.settings.data) not in said
    assert studio.place.database.path.read_bytes() == before
