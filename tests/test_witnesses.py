"""The table of witnesses against what is there: every name has a row, every test exists."""

import ast

import pytest
import witnesses
from witnesses import TABLE, TESTS, WITNESSES, cells, is_test

from labkit.autograd import PRIMITIVES

ROWS = [(p, name) for p in witnesses.packages() for name in witnesses.public_names(p)]
PROMISED = {
    "labkit.ops",
    "labkit.nn",
    "labkit.nn.initializers",
    "labkit.optim",
    "labkit.schedules",
    "labkit.metrics",
    "labkit.models",
}
each_row = pytest.mark.parametrize(("package", "name"), ROWS, ids=[".".join(row) for row in ROWS])


def test_every_public_name_of_every_promised_module_has_a_row():
    assert set(TABLE) >= PROMISED
    assert set(PRIMITIVES) <= {name for _, name in ROWS}


def test_no_entry_is_of_a_name_that_is_not_there():
    near = {(id(witnesses.tables(package, name)[0]), name) for package, name in ROWS}
    entries = {(id(t), name) for t in TABLE.values() for name, v in t.items() if type(v) is dict}
    assert entries <= near


@each_row
def test_no_cell_is_empty_and_somebody_says_so(package, name):
    row = cells(package, name)
    assert [witness for witness, cell in row.items() if not cell] == []
    assert any(is_test(cell) for cell in row.values())


@each_row
def test_each_test_exists_and_speaks_of_the_function_and_of_its_witness(package, name):
    """It uses both names, or something in its file and in the helpers of the tests does."""
    for witness, cell in cells(package, name).items():
        if is_test(cell):
            file, _, test = cell.partition("::")
            nodes = ast.walk(witnesses.tree(TESTS / file))
            assert test in {n.name for n in nodes if isinstance(n, ast.FunctionDef)}, witness
            spoken, (_, asked) = witnesses.words(TESTS / file, test), WITNESSES[witness]
            assert name in spoken, witness
            assert not asked or asked & spoken, witness


def test_what_a_test_speaks_of_is_found_through_its_helpers():
    spoken = witnesses.words(TESTS / "test_ops.py", "test_equals_torch")
    assert {"torch", "cross_entropy", "margin_ranking_loss"} <= spoken  # in two other files
    of_one = witnesses.words(TESTS / "test_optim.py", "test_nesterov_by_hand")
    assert "SGD" in of_one
    assert not {"Adam", "keras"} & of_one


def test_the_table_is_printed_with_every_name_and_every_reason(capsys):
    witnesses.main()
    table, _, reasons = capsys.readouterr().out.rpartition("\n\n")
    for package, name in ROWS:
        assert f"  {name} " in table
        for cell in cells(package, name).values():
            assert is_test(cell) or cell in reasons
    assert table.count("●") > 2 * len(ROWS)
