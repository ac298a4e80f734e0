"""Costs and budgets on the command line: sums equal the ledger, and what is wrong is said."""

import csv
import inspect
import io
import re

from pipeline.cli.money import show_costs
from pipeline.studio.costs import DIMENSIONS
from tests.cli.conftest import CommandLine
from tests.little_studio import LittleStudio


def test_costs_are_a_list_of_groups_that_add_up_to_the_ledger(pipeline: CommandLine) -> None:
    LittleStudio(pipeline.folder, customer=True).approved_clip()
    groups = pipeline("costs", "--by", "model,person", "--json").document
    charged = pipeline("ledger", "--totals", "--json").document["charged_micro_usd"]
    assert sum(group["micro_usd"] for group in groups) == charged == 380_000
    assert [(group["model"], group["person"], group["calls"]) for group in groups] == [("kling-2.6", "me", 1), ("flux-dev", "me", 1)]
    lines = list(csv.DictReader(io.StringIO(pipeline("costs", "--by", "case", "--csv").out)))
    assert [(line["case"], line["micro_usd"], line["calls"]) for line in lines] == [("case-1", "380000", "2")]
    assert pipeline("costs", "--until", "2020-01-01", "--json").document == []


def test_a_budget_is_set_shown_and_refused_in_words(pipeline: CommandLine) -> None:
    done = pipeline("budget", "set", "person", "*", "--usd", "5", "--period", "day", "--json").document
    assert (done["cap_micro_usd"], done["used_micro_usd"], done["scope"]) == (5_000_000, 0, "*")
    assert [one["scope_kind"] for one in pipeline("budget", "show", "--json").document] == ["studio", "person"]
    assert done["hard"] is True
    for wrong in (("planet", "mars", "--usd", "1"), ("studio", "--usd", "-1"), ("studio", "--usd", "nan"), ("person", "--usd", "1")):
        said = pipeline("budget", "set", *wrong, "--json")
        assert (said.code, said.document["error"]) == (3, "BadParameter"), wrong


def test_the_bias_of_prices_is_told_model_by_model(pipeline: CommandLine) -> None:
    studio = LittleStudio(pipeline.folder, customer=True)
    assert pipeline("prices", "bias").out == "No request has succeeded yet.\n"
    studio.approved_clip()
    told = pipeline("prices", "bias", "--json").document
    assert [(one["model"], one["requests"], one["percent"], one["flagged"]) for one in told] == [
        ("flux-dev", 1, 0.0, False),
        ("kling-2.6", 1, 0.0, False),
    ]
    assert "Too few requests to tell (1 of 20)." in pipeline("prices", "bias").out
    assert pipeline("prices", "bias", "--since", "May", "--json").document["error"] == "BadParameter"


def test_a_budget_in_requests_is_extended_ended_and_has_a_history(pipeline: CommandLine) -> None:
    LittleStudio(pipeline.folder, customer=True).approved_avatar()
    done = pipeline("budget", "set", "person", "me", "--requests", "1", "--period", "day", "--reason", "learning", "--json").document
    assert (done["cap_requests"], done["used_requests"], done["left_requests"], done["reached_percent"]) == (1, 1, 0, 100)
    more = pipeline("budget", "extend", "person", "me", "--requests", "2", "--reason", "a fair", "--json").document
    assert (more["extended_requests"], more["left_requests"], more["cap_requests"]) == (2, 2, 1)
    assert pipeline("budget", "end", more["id"], "--reason", "over", "--json").document == {"ended": more["id"]}
    history = pipeline("budget", "history", "--json").document
    said = [(one["did"], one["requests"], one["person"], one["reason"]) for one in history]
    assert said == [("ended", 1, "me", "over"), ("extended", 2, "me", "a fair"), ("set", 1, "me", "learning")]
    assert "2 requests more on" in pipeline("budget", "history", "person").out


def test_a_soft_budget_of_a_month_is_shown_with_the_month_s_forecast(pipeline: CommandLine) -> None:
    LittleStudio(pipeline.folder, customer=True).approved_avatar()
    pipeline("budget", "set", "studio", "--usd", "0.05", "--soft")
    shown = pipeline("budget", "show", "--json").document[1]
    assert (shown["hard"], shown["reached_percent"], shown["forecast"]["used_micro_usd"]) == (False, 50, 30_000)
    said = pipeline("budget", "show").out
    assert "the studio may spend $0.05 a month (a warning only): $0.03 used, 50 % is reached." in said
    assert "No forecast yet: it needs 5 full days, and there are 0." in said


def test_what_a_budget_cannot_be_is_said_in_words(pipeline: CommandLine) -> None:
    for wrong, error in (
        (("set", "studio"), "BadParameter"),
        (("set", "studio", "--usd", "1", "--requests", "1"), "BadParameter"),
        (("extend", "studio", "--usd", "1", "--reason", "why"), "NotNow"),
        (("end", "b-nowhere"), "NotNow"),
    ):
        assert pipeline("budget", *wrong, "--json").document["error"] == error, wrong


def test_the_help_of_costs_names_everything_that_sums_can_be_cut_by() -> None:
    said = inspect.signature(show_costs).parameters["by"].default.help
    assert set(re.findall("[a-z]+", said.partition(":")[2])) == set(DIMENSIONS)
