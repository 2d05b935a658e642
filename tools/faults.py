"""Small faults that can be planted in a source: which there are, and the tree with one of them.

A fault is known by what surrounds it (function, statement, change) and not by its line, so that it
keeps its name when lines move. Messages, documentation, decorators and annotations are left alone:
no test should depend on them.
"""

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

SWAPPED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
TWINS = ("min max", "minimum maximum", "argmin argmax", "any all", "floor ceil", "sum mean")
TWINS += ("zeros ones", "zeros_like ones_like", "sin cos")
TWIN = {a: b for pair in TWINS for a, b in (pair.split(), reversed(pair.split()))}
JUMPS = (ast.Raise, ast.Return, ast.Continue, ast.Break)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.ClassDef)


@dataclass(frozen=True)
class Fault:
    """One small change: where it is, what it is, and the node that takes another's place."""

    line: int
    lines: range  # of the statement, of an `if` or a `for` its head, of a default the function
    where: str  # the qualified name of the function, "" at the top of the module
    code: str  # the first line of the statement
    change: str
    at: int  # the number of the replaced node in `places`
    node: ast.AST

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all others of its file, wherever its line has gone."""
        return self.where, self.code, self.change

    def planted(self, tree: ast.Module) -> ast.Module:
        """Return a copy of the tree that has the fault."""
        tree = copy.deepcopy(tree)
        place = list(places(tree))[self.at]
        new = ast.copy_location(copy.deepcopy(self.node), place.node)
        old = getattr(place.parent, place.field)
        if isinstance(old, list):
            old[place.index] = new
        else:
            setattr(place.parent, place.field, new)
        return ast.fix_missing_locations(tree)


@dataclass(frozen=True)
class Place:
    """A node, where it hangs in the tree, and the function and the statement that hold it."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int
    where: str
    statement: ast.stmt


def faults(source: str) -> list[Fault]:
    """Return every small fault that can be planted in a source, each with a name of its own."""
    found, names, kept = [], Counter(), set()
    tree = ast.parse(source)
    for at, place in enumerate(places(tree)):
        for node in variants(place.node):
            kept.add(place.where)
            found.append(fault(place, at, node))
    for at, place in enumerate(places(tree)):  # a function in which nothing else can be changed
        if isinstance(place.node, ast.Return) and place.node.value and place.where not in kept:
            found.append(fault(place, at, ast.Return()))
    result = []
    for each in found:
        names[each.key] += 1
        again = f" ({names[each.key]})" if names[each.key] > 1 else ""
        result.append(Fault(**{**vars(each), "change": each.change + again}))
    return result


def fault(place: Place, at: int, node: ast.AST) -> Fault:
    """Describe one change."""
    change = f"{shown(place.node)} -> {'dropped' if isinstance(node, ast.Pass) else shown(node)}"
    if isinstance(place.parent, ast.arguments):
        change = f"{argument(place)}={change}"
    holder = place.statement
    line = getattr(place.node, "lineno", holder.lineno)
    return Fault(line, lines_of(holder), place.where, shown(holder), change, at, node)


def lines_of(statement: ast.stmt) -> range:
    """Return the lines of which at least one runs when a statement does."""
    body = getattr(statement, "body", None)
    if not isinstance(body, list) or isinstance(statement, SCOPES):
        return range(statement.lineno, statement.end_lineno + 1)
    return range(statement.lineno, max(statement.lineno + 1, body[0].lineno))


def shown(node: ast.AST) -> str:
    """Return the first line of a node as text, of a function its name."""
    if isinstance(node, SCOPES):
        return f"{'class' if isinstance(node, ast.ClassDef) else 'def'} {node.name}"
    return ast.unparse(node).splitlines()[0]


def argument(place: Place) -> str:
    """Return the name of the argument whose default this is."""
    positional = [*place.parent.posonlyargs, *place.parent.args]
    with_default = positional[len(positional) - len(place.parent.defaults) :]
    names = place.parent.kwonlyargs if place.field == "kw_defaults" else with_default
    return names[place.index].arg


def places(tree: ast.AST, where: str = "", statement: ast.stmt | None = None) -> Iterator[Place]:
    """Walk through the code that computes, in the order of the source."""
    for field, old in ast.iter_fields(tree):
        if field in ("decorator_list", "annotation", "returns", "bases"):
            continue
        for index, node in enumerate(old if isinstance(old, list) else [old]):
            if not isinstance(node, ast.AST) or silent(node):
                continue
            inner = f"{where}.{node.name}".lstrip(".") if isinstance(node, SCOPES) else where
            holder = node if isinstance(node, ast.stmt) else statement
            yield Place(node, tree, field, index, inner, holder)
            if not (is_call_of(tree, "reshape") and isinstance(node, ast.UnaryOp)):
                yield from places(node, inner, holder)


def is_call_of(node: ast.AST, name: str) -> bool:
    """Whether a node is a call of a method; to `reshape` every number below 0 says the same."""
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == name


def silent(node: ast.AST) -> bool:
    """Whether nothing in a node computes what a caller could notice."""
    if isinstance(node, ast.keyword):
        return node.arg == "strict"  # guards the author of a zip
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"  # imports for annotations
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom))


# --- what can be put in a node's place --------------------------------------------------------


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield each node that would be a small fault in another's place."""
    if isinstance(node, ast.stmt):
        yield from statements(node)
    if isinstance(node, (ast.BinOp, ast.AugAssign, ast.BoolOp)) and type(node.op) in SWAPPED:
        yield changed(node, op=SWAPPED[type(node.op)]())
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            if type(op) in SWAPPED:
                yield changed(node, ops=[*node.ops[:i], SWAPPED[type(op)](), *node.ops[i + 1 :]])
    if isinstance(node, ast.UnaryOp):
        yield node.operand
    if isinstance(node, ast.Constant):
        yield from constants(node.value)
    if isinstance(node, ast.Attribute) and node.attr in TWIN:
        yield changed(node, attr=TWIN[node.attr])
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("min", "max", "any", "all"):
        yield changed(node, func=ast.Name(TWIN[node.func.id], ast.Load()))
    plain = not isinstance(getattr(node, "test", None), (ast.Compare, ast.BoolOp, ast.UnaryOp))
    if isinstance(node, (ast.If, ast.IfExp)) and plain:
        yield changed(node, test=ast.UnaryOp(ast.Not(), node.test))


def statements(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield nothing in place of a statement, where something would be left that still runs."""
    if (
        isinstance(node, (ast.AugAssign, ast.Continue, ast.Break))
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        or (isinstance(node, ast.Assign) and [*map(type, node.targets)] == [ast.Subscript])
        or (isinstance(node, ast.If) and isinstance(node.body[-1], JUMPS) and not node.orelse)
    ):
        yield ast.Pass()


def constants(value: object) -> Iterator[ast.AST]:
    """Yield numbers near a number."""
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 2 or 1.0)


def changed(node: ast.AST, **fields) -> ast.AST:
    """Return a copy of a node with other fields."""
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


# --- which source this was --------------------------------------------------------------------


def fingerprint(source: str) -> str:
    """Return a checksum of the lines that compute: prose and messages may change without it."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if silent(node) and isinstance(node, ast.stmt):
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    code = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return hashlib.sha256("\n".join(code).encode()).hexdigest()[:16]
