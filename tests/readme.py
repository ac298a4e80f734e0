"""The parts of the README that are made from the program; `python -m tests.readme` writes them again."""

import re
from collections.abc import Callable

import typer.main

from pipeline.catalog import load_catalogue
from pipeline.cli.app import app
from pipeline.records import dollars
from pipeline.settings import ROOT, SETTINGS, SHIPPED
from pipeline.studio.prices import price_lines

README = ROOT / "README.md"
PURPOSES = {
    "streamlit": "the screens",
    "starlette": "the studio's own routes and the sandbox's server",
    "uvicorn": "serves both",
    "uvloop": "answers in under a millisecond instead of 44",
    "fal-client": "speaks to fal, unpatched, in live mode and to the sandbox",
    "httpx": "single-POST submits, downloads, the way to the sandbox",
    "dbos": "workflows that continue after a crash",
    "SQLAlchemy": "the engine's database access",
    "psycopg": "the engine's database on Postgres, for more machines",
    "sqlite-utils": "the schema's migrations",
    "pillow": "draws, cuts and encodes our own pictures, decodes none; 11.3 because moviepy forbids 12",
    "pillow-heif": "decodes HEIC photos, by its libheif",
    "pyvips": "decodes every other picture, in a helper process",
    "pyvips-binary": "brings libvips",
    "moviepy": "the sandbox's clips, made frame by frame",
    "imageio-ffmpeg": "brings ffmpeg",
    "av": "probes and fully decodes clips, in a helper process",
    "opencv-python-headless": "the sandbox's painter",
    "dlib-bin": "finds and describes faces",
    "face-recognition-models": "the weights for it, without the part that is not free",
    "numpy": "pixels and descriptors",
    "pandas": "tables for analysts, warmed when the app starts",
    "pyarrow": "carries tables to the browser",
    "plotly": "charts",
    "boto3": "Cloudflare R2",
    "typer": "the command line",
    "rich": "comes with typer; pinned",
    "tenacity": "patient uploads",
    "itsdangerous": "signed links that expire",
    "PyNaCl": "webhook signatures",
    "filelock": "one worker, one sandbox, one studio a folder",
}


def settings_table() -> str:
    """Every setting with its default."""
    rows = [f"| `{s.name}` | {f'`{s.default}`' if s.default else '–'} | {s.meaning} |" for s in SETTINGS]
    return "\n".join(["| setting | default | meaning |", "| --- | --- | --- |", *rows])


def prices_table() -> str:
    """Every model with what it costs."""
    row = "| `{model}` | {makes} | {price}{condition} | {quantity} {unit} | {valid_from} | `{endpoint}` |"
    rows = [row.format(**line, price=dollars(int(line["micro_usd"]))) for line in price_lines(load_catalogue(SHIPPED / "models"))]
    return "\n".join(["| model | makes | price | for | valid from | endpoint |", "| --- | --- | --- | --- | --- | --- |", *rows])


def commands_table() -> str:
    """Every command with its first sentence."""
    tree = typer.main.get_command(app)
    rows = [f"| `{' '.join(path)}` | {help_text} |" for path, help_text in _commands(tree, ())]
    return "\n".join(["| command | what it does |", "| --- | --- |", *rows])


def requirements_table() -> str:
    """Every requirement with its pinned version and purpose."""
    lines = re.findall(r"^([A-Za-z0-9-]+)(?:\[\w+\])?==([\w.]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    return "\n".join(["| package | for |", "| --- | --- |", *(f"| {name} {version} | {PURPOSES[name]} |" for name, version in lines)])


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands_table,
    "prices": prices_table,
    "settings": settings_table,
    "requirements": requirements_table,
}


def written(text: str) -> str:
    """Return a README text with its made parts made anew."""
    for name, make in PARTS.items():
        text = re.sub(rf"<!-- {name} -->\n.*?<!-- end -->", lambda _, n=name, m=make: f"<!-- {n} -->\n{m()}\n<!-- end -->", text, flags=re.DOTALL)
    return text


def _commands(command: object, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    children = getattr(command, "commands", {})
    found = [] if path == () else [(path, (getattr(command, "help", "") or "").split("\n")[0].split(". ")[0].rstrip("."))]
    return [*found, *(row for name, child in children.items() if not child.hidden for row in _commands(child, (*path, name)))]


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
