"""Compare every pinned version with the advisories kept beside this file; fails for one that is affected and not accepted."""

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PIN_FILES = ("requirements.txt", "tests/requirements.txt", "data/datasette.txt")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[\w,]+\])?==([\w.!+]+)", re.MULTILINE)
Pins = Mapping[str, str]


def pins(root: Path = ROOT) -> Pins:
    """Return every package that a requirements file pins, by its canonical name, with its version."""
    texts = ((root / name).read_text(encoding="utf-8") for name in PIN_FILES if (root / name).exists())
    return {canonicalize_name(name): version for text in texts for name, version in PIN.findall(text)}


def problems(advisories: Iterable[Mapping[str, str]], pinned: Pins) -> list[str]:
    """Say what is wrong: a pin that is affected and not accepted, a reason that is empty, and one that is no longer needed."""
    found = []
    for one in advisories:
        version = pinned.get(canonicalize_name(one["package"]), "")
        affected = bool(version) and SpecifierSet(one["affected"]).contains(version, prereleases=True)
        reason = one.get("accepted")
        if affected and not (reason or "").strip():
            found.append(f"{one['package']} {version} is affected by {one['id']} ({one['affected']}): {one['about']}")
        elif reason is not None and not affected:
            found.append(f"{one['id']} is accepted, but no pin is affected any more: take `accepted` out.")
    return found


def main() -> int:
    """Print what is wrong and return how many things are."""
    advisories = tomllib.loads((ROOT / ".ci" / "advisories.toml").read_text(encoding="utf-8"))["advisories"]
    found = problems(advisories, pins())
    for line in found:
        print(line)
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main())
