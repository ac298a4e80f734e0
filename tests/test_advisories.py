"""A pin that is known to be dangerous fails the check, unless the reason why it does no harm here is written down."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("advisories", ROOT / ".ci" / "advisories.py")
assert spec is not None
assert spec.loader is not None
advisories = importlib.util.module_from_spec(spec)
spec.loader.exec_module(advisories)

BAD = {"id": "CVE-1", "package": "Py_NaCl", "affected": ">=1.0,<1.6", "about": "It leaks."}


def test_this_projects_own_pins_pass() -> None:
    done = subprocess.run([sys.executable, str(ROOT / ".ci" / "advisories.py")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_requirement_is_compared() -> None:
    pinned = advisories.pins()
    assert pinned["pillow"] == "11.3.0"
    assert pinned["psycopg"] == "3.3.9"  # with its extra
    assert {"pytest", "datasette", "pynacl", "uvloop"} <= set(pinned)


def test_what_is_affected_fails_whatever_way_its_name_is_written() -> None:
    assert advisories.problems([BAD], {"py-nacl": "1.5"}) == ["Py_NaCl 1.5 is affected by CVE-1 (>=1.0,<1.6): It leaks."]
    assert advisories.problems([BAD], {"py-nacl": "1.6"}) == []
    assert advisories.problems([BAD], {}) == []


@pytest.mark.parametrize(("reason", "wrong"), [("Never called.", 0), ("", 1), ("  ", 1)])
def test_it_may_be_accepted_but_only_with_a_reason(reason: str, wrong: int) -> None:
    assert len(advisories.problems([{**BAD, "accepted": reason}], {"py-nacl": "1.5"})) == wrong


def test_a_reason_that_is_no_longer_needed_is_named() -> None:
    assert "take `accepted` out" in advisories.problems([{**BAD, "accepted": "Never called."}], {"py-nacl": "1.7"})[0]


def test_without_its_reasons_the_pin_of_pillow_would_fail() -> None:
    import tomllib

    kept = tomllib.loads((ROOT / ".ci" / "advisories.toml").read_text(encoding="utf-8"))["advisories"]
    bare = [{name: value for name, value in one.items() if name != "accepted"} for one in kept]
    failing = " ".join(advisories.problems(bare, advisories.pins()))
    assert all(name in failing for name in ("CVE-2026-96643", "CVE-2026-112403", "CVE-2026-96639"))
