"""A graph, and one unit: what arrows carry, and what is left of it behind an activation function.

Expected are sums over paths, numbers by hand, and differences of the forward pass.
"""

import numpy as np

from labkit.exercises.compare import same, same_array
from labkit.exercises.exercise import Check, Exercise, case, refuses, value
from labkit.gradcheck import numerical_gradient

ROUNDING = 1e-6  # of differences, relative to the largest number

BOTH_WAYS = value(
    "the slope in x",
    36.0,
    hint="Write the slope of L on every arrow, from L backwards. u has two arrows that leave it, "
    "and so has x.",
    mistakes=(
        (18.0, "That is one path only: x to u to L. Three paths lead from x to L."),
        (24.0, "u moves L in two ways: as a factor, and through v."),
        (30.0, "x has an arrow of its own to v."),
        (6.0, "That is the path over v alone."),
        (45.0, "That is the slope in y."),
        (54.0, "That is the value of L."),
    ),
)


def sum_of_paths(graph, name, output):
    """The slope by the definition: over every path, the product of its arrows."""
    if name == output:
        return 1.0
    total = 0.0
    for later, arrows in graph.items():
        for source, slope in arrows:
            if source == name:
                total += slope * sum_of_paths(graph, later, output)
    return total


def any_graph(answer, rng):
    """Seven nodes in a shuffled order, some of which do not reach the output."""
    for _ in range(4):
        names = [str(name) for name in rng.permutation(list("abcdefg"))]
        graph = {name: [] for name in names}
        for i, name in enumerate(names[1:], start=1):
            for source in rng.choice(names[:i], size=min(i, 3), replace=False):
                graph[name].append((str(source), float(rng.integers(1, 5))))
        graph = {str(name): graph[name] for name in rng.permutation(names)}
        output = names[int(rng.integers(4, 7))]
        same(
            answer(graph, output),
            tuple(float(sum_of_paths(graph, name, output)) for name in graph),
        )


GRAPH_SLOPES = (
    case(
        "a chain",
        {"x": [], "z": [("x", 3.0)], "L": [("z", -2.0)]},
        "L",
        expected=(-6.0, -2.0, 1.0),
        hint="L moves with itself: 1. What it sends over an arrow is multiplied by the arrow.",
    ),
    case(
        "your graph of Exercise 1",
        {
            "x": [],
            "y": [],
            "u": [("x", 2.0), ("y", 3.0)],
            "v": [("u", 1.0), ("x", 1.0)],
            "L": [("u", 9.0), ("v", 6.0)],
        },
        "L",
        expected=(36.0, 45.0, 15.0, 6.0, 1.0),
        hint="Add what comes over each arrow, and pass on only when all of it is there.",
    ),
    case(
        "one input twice: a square",
        {"s": [("x", 5.0), ("x", 5.0)], "x": []},
        "s",
        expected=(1.0, 10.0),
        hint="x * x has two arrows from the same x; both count.",
    ),
    case(
        "what does not reach the output",
        {"x": [], "seen": [("x", 2.0)], "later": [("seen", 7.0)], "other": []},
        "seen",
        expected=(2.0, 1.0, 0.0, 0.0),
        hint="The slope in a node that the output does not depend on is 0.0.",
    ),
    Check(
        "graphs in any order",
        any_graph,
        "The order of the dict is not the order of computing. When is a node complete? When every "
        "node that it feeds has been dealt with.",
    ),
)


def slope_differences(answer, rng):
    """All three against differences of their forward pass."""
    z = rng.choice([-1.0, 1.0], size=(3, 4)) * rng.uniform(0.1, 2, size=(3, 4))
    forward = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.where(z > 0, z, 0),
    }
    for kind, function in forward.items():
        measured = numerical_gradient(lambda z, f=function: f(z).sum(), z)
        same_array(answer(kind, function(z)), measured, ROUNDING)


SLOPE_FROM_OUTPUT = (
    case(
        "sigmoid",
        "sigmoid",
        np.array([0.5, 0.2, 1.0]),
        expected=np.array([0.25, 0.16, 0.0]),
        hint="a is the output already: no further exponent is needed.",
    ),
    case(
        "tanh",
        "tanh",
        np.array([0.0, -0.5, 1.0]),
        expected=np.array([1.0, 0.75, 0.0]),
        hint="The slope of tanh z is 1 - tanh^2 z, and a is tanh z.",
    ),
    case(
        "ReLU, at zero too",
        "relu",
        np.array([[0.0, 3.0, 0.25]]),
        expected=np.array([[0.0, 1.0, 1.0]]),
        hint="An output of 0 came from a z of 0 or less. At 0 itself the course takes 0.",
    ),
    Check("equal to finite differences", slope_differences, "Which formula uses a, and which z?"),
    case(
        "float32",
        "relu",
        np.array([2.0, 0.0], dtype=np.float32),
        expected=np.array([1.0, 0.0], dtype=np.float32),
        hint="a > 0 gives True and False; .astype(a.dtype) makes them numbers of the right kind.",
    ),
    refuses(
        "a name that is none of the three",
        "step",
        np.array([1.0]),
        because="its slope is not known here",
        hint="raise ValueError(...) with a message that names what came.",
    ),
)

WEIGHT_SLOPES = value(
    "the slopes in the two second weights",
    (-24.0, 0.0),
    hint="Forward first: both sums, both outputs, z. Then the slope in z, and back over each unit.",
    mistakes=(
        (
            (-24.0, -40.0),
            "What does unit 2 put out? And does it move if its weight moves a little?",
        ),
        ((24.0, 0.0), "z is too small, so more of it makes the loss smaller: mind the sign."),
        (
            (-12.0, 0.0),
            "That is the slope in the unit's sum. The weight is multiplied by its input.",
        ),
        ((-8.0, 0.0), "On the way back you cross the weight from unit 1 to z, which is 3."),
        ((0.0, -24.0), "Unit 1 first, please."),
    ),
)


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="both_ways",
        topic="backpropagation",
        graded=True,
        asks="both_ways is the slope of L in x at x = 3, y = 2; u = x y, v = u + x and L = u v.",
        checks=(BOTH_WAYS,),
        section="Why backwards",
        see="labkit.autograd.multiply",
    ),
    Exercise(
        name="graph_slopes",
        topic="backpropagation",
        graded=True,
        form="graph_slopes(graph, output)",
        asks="graph_slopes(graph, output) returns a tuple, the slope of the output in each node, "
        "in the order of the dict; graph[name] is a list of (input, slope).",
        checks=GRAPH_SLOPES,
        section="The engine in forty lines",
        see="labkit.autograd.multiply",
        points=3,
    ),
    Exercise(
        name="slope_from_output",
        topic="backpropagation",
        graded=True,
        form="slope_from_output(kind, a)",
        asks="slope_from_output(kind, a) returns the slope where the output is a, each number "
        "alone; kind is 'sigmoid', 'tanh' or 'relu', anything else a ValueError.",
        checks=SLOPE_FROM_OUTPUT,
        section="One neuron, every number visible",
        equation="eq-sigmoid-gradient",
        see="labkit.ops.sigmoid",
    ),
    Exercise(
        name="weight_slopes",
        topic="backpropagation",
        graded=True,
        asks="weight_slopes is a tuple: the slopes of the loss in the second weight of unit 1 and "
        "in the second weight of unit 2.",
        checks=(WEIGHT_SLOPES,),
        section="The delta recursion",
        equation="eq-linear-gradient",
        see="labkit.ops.linear",
    ),
)
