"""Comments from the command line: added with a mark, answered, listed, settled and withdrawn, in words and as JSON."""

import pytest

from tests.cli.conftest import CommandLine
from tests.little_studio import CASE, LittleStudio


@pytest.fixture
def picture(pipeline: CommandLine) -> str:
    """The hash of an avatar that waits for a decision."""
    return LittleStudio(pipeline.folder, customer=True).avatar().sha256


def test_a_comment_is_added_answered_listed_settled_and_withdrawn(pipeline: CommandLine, picture: str) -> None:
    first = pipeline("comment", "add", picture[:12], "Eyes too dark", "--mark", "0.4,0.3,0.2,0.1", "--json")
    assert first.code == 0, first.err
    assert (first.document["case"], first.document["mark"]) == (CASE, [0.4, 0.3, 0.2, 0.1])
    answer = pipeline("comment", "add", picture, "Which one?", "--answers", first.document["id"], "--json")
    assert answer.document["answers_to"] == first.document["id"]
    listed = pipeline("comment", "list", picture, "--json").document
    assert (listed["open"], [one["number"] for one in listed["comments"]]) == (1, [1])
    assert [one["text"] for one in listed["comments"][0]["answers"]] == ["Which one?"]
    assert "is settled" in pipeline("comment", "settle", first.document["id"]).out
    assert "is withdrawn" in pipeline("comment", "withdraw", answer.document["id"]).out
    told = pipeline("comment", "list", picture).out
    assert told.startswith(f"0 open on avatar {picture[:12]} of case {CASE}\n1. {first.document['id']}  me, ")
    assert "(settled by me): Eyes too dark  [0.4,0.3,0.2,0.1]" in told
    assert "Which one?" not in told


@pytest.mark.parametrize("mark", ["here", "0.4", "0.4,2", "nan,0"])
def test_a_mark_that_is_none_is_refused_and_nothing_is_kept(pipeline: CommandLine, picture: str, mark: str) -> None:
    said = pipeline("comment", "add", picture, "Eyes", "--mark", mark, "--json")
    assert (said.code, said.document["error"]) == (3, "BadParameter")
    assert pipeline("comment", "list", picture, "--json").document["comments"] == []


def test_a_comment_that_does_not_exist_is_said_so(pipeline: CommandLine, picture: str) -> None:
    said = pipeline("comment", "settle", "c-none", "--json")
    assert (said.code, said.document["error"]) == (3, "UnknownName")
