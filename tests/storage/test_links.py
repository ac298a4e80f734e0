"""A link opens exactly one object, for its time, with this studio's secret."""

import multiprocessing
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import errors
from pipeline.storage.links import attachment, open_link, secret_for, sign

SECRET = b"s" * 32
KEY = "case-7/avatar/ab.png"
NOW = datetime(2026, 5, 1, 12, 0, 7, tzinfo=UTC)


def opens(token: str, after_seconds: float) -> bool:
    try:
        return open_link(token, secret=SECRET, now=NOW + timedelta(seconds=after_seconds)).key == KEY
    except errors.NotAllowed:
        return False


@pytest.mark.parametrize("seconds", [1, 2, 59, 60, 3600, 86_400])
def test_a_link_lasts_nearly_its_time_and_never_longer(seconds: int) -> None:
    token = sign(KEY, secret=SECRET, seconds=seconds, now=NOW)
    assert opens(token, 0.74 * seconds)
    assert not opens(token, seconds)


def test_a_page_drawn_again_names_the_same_address() -> None:
    assert sign(KEY, secret=SECRET, now=NOW) == sign(KEY, secret=SECRET, now=NOW + timedelta(minutes=10))


def test_a_link_may_name_the_file_it_is_saved_as_and_nobody_can_change_the_name() -> None:
    named, plain = sign(KEY, secret=SECRET, now=NOW, save_as="Zoë.png"), sign(KEY, secret=SECRET, now=NOW)
    assert open_link(named, secret=SECRET, now=NOW).save_as == "Zoë.png"
    assert open_link(plain, secret=SECRET, now=NOW).save_as == ""
    payload, signature = named.rsplit(".", 1)
    assert payload != plain.rsplit(".", 1)[0]
    assert not opens(f"{plain.rsplit('.', 1)[0]}.{signature}", 0)
    assert opens(named, 0.74 * 3600)
    assert not opens(named, 3600)


@given(st.text())
def test_a_name_to_save_as_is_one_header_whatever_is_in_it(name: str) -> None:
    header = attachment(name)
    header.encode("ascii")
    assert not set(header) & set("\r\n\0\\")
    plain, whole = re.fullmatch(r"attachment; filename=\"([^\"%]*)\"; filename\*=UTF-8''([\w.~%-]*)", header, re.ASCII).groups()
    assert len(plain) == len(name)
    assert unquote(whole) == name


@given(st.integers(min_value=0), st.characters(codec="ascii"))
def test_a_link_changed_anywhere_opens_nothing(place: int, letter: str) -> None:
    token = sign(KEY, secret=SECRET, now=NOW)
    place %= len(token) - 1  # the last letter of base64 has bits that mean nothing
    changed = token[:place] + letter + token[place + 1 :]
    assert opens(changed, 0) == (changed == token)


@pytest.mark.parametrize("token", ["", ".", "a.b", "é", "\x00", "W10.x" * 1000])
def test_rubbish_is_no_link(token: str) -> None:
    assert not opens(token, 0)


def test_another_studios_link_opens_nothing() -> None:
    assert not opens(sign(KEY, secret=b"x" * 32, now=NOW), 0)


def test_no_link_is_signed_for_a_key_that_could_leave() -> None:
    with pytest.raises(errors.BadKey):
        sign("../secret", secret=SECRET, now=NOW)


def test_the_secret_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda number: secret_for(tmp_path / "sandbox"), range(40)))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 32
    [made] = (tmp_path / "sandbox").iterdir()
    assert made.stat().st_mode & 0o777 == 0o600
    assert secret_for(tmp_path / "live") != secret_for(tmp_path / "sandbox")


def test_processes_agree_on_the_secret(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert len(set(pool.map(secret_for, [tmp_path / "sandbox"] * 6))) == 1


def test_a_damaged_secret_is_not_used(tmp_path: Path) -> None:
    secret_for(tmp_path)
    (tmp_path / "link.secret").write_bytes(b"short")
    with pytest.raises(errors.StoreError):
        secret_for(tmp_path)
    (tmp_path / "link.secret").unlink()
    assert len(secret_for(tmp_path)) == 32


def test_a_folder_that_cannot_hold_a_secret_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(errors.StoreError):
        secret_for(tmp_path / "file")
