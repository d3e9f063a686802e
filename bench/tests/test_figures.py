"""The arithmetic of the page. `python3 -m pytest bench/tests`"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness.figures import Figure, Table, comparisons, percentile, ratio  # noqa: E402
from harness.plan import Plan  # noqa: E402
from harness.servers import Shape  # noqa: E402
from render import anchor, cell, loss_lines  # noqa: E402


def table(better, **samples):
    made = Table([Figure("cost", "cost", "ms", better)])
    for server, values in samples.items():
        for index, value in enumerate(values):
            made.add("1x1", server, index, dict(cost=value))
    return made.as_json()


def verdict(better, **samples):
    return [(line["verdict"], line["peer"], line["overlap"]) for line in comparisons(table(better, **samples))]


def test_a_percentile_is_a_value_that_was_measured():
    values = [float(value) for value in range(1, 101)]
    assert percentile(values, 0.50) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7
    assert percentile([], 0.99) == 0


def test_a_ratio_is_taken_round_by_round_and_only_for_rounds_both_have():
    made = Table([Figure("cost", "cost", "ms", "lower")])
    for index, value in ((0, 10), (1, 30), (2, 50)):
        made.add("1x1", "roost", index, dict(cost=value))
    for index, value in ((1, 60), (2, 25), (3, 1)):
        made.add("1x1", "granian", index, dict(cost=value))
    assert ratio(made.as_json()["rows"], "1x1", "cost", "granian") == [0.5, 2.0]


def test_the_best_peer_is_the_one_we_are_compared_with():
    assert verdict("lower", roost=[2], a=[3], b=[1]) == [("loss", "b", False)]
    assert verdict("higher", roost=[2], a=[3], b=[1]) == [("loss", "a", False)]
    assert verdict("lower", roost=[2], a=[3], b=[4]) == [("win", "a", False)]


def test_ranges_that_meet_are_said_to_meet():
    assert verdict("lower", roost=[2, 3, 4], a=[1, 2, 3]) == [("loss", "a", True)]


def test_figures_equal_as_printed_are_a_tie():
    assert verdict("lower", roost=[2.01], a=[2.02]) == [("tie", "a", False)]


def test_a_figure_that_is_only_shown_is_not_judged():
    assert verdict("", roost=[2], a=[1]) == []


def test_a_loss_is_on_the_page():
    scenario = dict(table("lower", roost=[2], a=[1]), title="Cost")
    assert any("| 2.0 ms | a, 1.0 ms | clear |" in line for line in loss_lines(dict(cost=scenario)))


def test_every_server_has_each_place_in_the_order():
    plan = Plan(["a", "b", "c"])
    turns = list(plan.turns(3, [Shape(1, 1)], only="abc"))
    assert [name for _, _, name in turns] == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_waitress_is_asked_only_for_one_process():
    turns = Plan(["waitress", "granian"]).turns(1, [Shape(1, 8), Shape(2, 4)])
    assert [(str(shape), name) for _, shape, name in turns] == [
        ("1x8", "waitress"), ("1x8", "granian"), ("2x4", "granian"),
    ]


def test_a_cell_shows_its_spread():
    assert cell([3.0, 1.0, 2.0], 1) == "2.0 (1.0–3.0)"
    assert cell([1.0, 1.0], 1) == "1.0"
    assert cell(None, 1) == "–"


def test_an_anchor_is_as_the_forge_makes_it():
    assert anchor("Hello, world: CPU per request") == "hello-world-cpu-per-request"
