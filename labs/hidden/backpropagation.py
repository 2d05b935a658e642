"""Hidden inputs of the lab `backpropagation`; see labkit.grading.hidden."""

import numpy as np

from labkit.grading.hidden import Draw


def graph(rng):
    """Up to nine nodes in a shuffled order; not all of them reach the output."""
    names = [f"n{i}" for i in rng.permutation(int(rng.integers(3, 10)))]
    arrows = {name: [] for name in names}
    for i, name in enumerate(names[1:], start=1):
        for source in rng.integers(i, size=int(rng.integers(0, 4))):
            arrows[name].append((names[int(source)], float(rng.uniform(0.5, 2))))
    shuffled = {str(name): arrows[name] for name in rng.permutation(names)}
    return (shuffled, names[int(rng.integers(len(names)))]), {}


def outputs(rng):
    """Outputs of one of the three, or another name; ReLU has zeros among them."""
    kind = str(rng.choice(["sigmoid", "tanh", "relu", "swish"]))
    z = rng.normal(size=tuple(rng.integers(1, 5, size=2))) * 2
    a = np.tanh(z) if kind == "tanh" else 1 / (1 + np.exp(-z))
    return (kind, np.maximum(z, 0) if kind == "relu" else a), {}


def stretched(rng):
    """A shape that was stretched, and a slope of the large one."""
    big = tuple(int(n) for n in rng.integers(1, 5, size=int(rng.integers(1, 5))))
    small = big[int(rng.integers(len(big) + 1)) :]
    small = tuple(1 if rng.integers(2) else n for n in small)
    return (rng.normal(size=big), small), {}


def layer(rng):
    """A layer of unequal sides, or a square one."""
    n, d, k = (int(side) for side in rng.integers(1, 6, size=3))
    g, x, w = (
        rng.normal(size=(n, k)),
        rng.normal(size=(n, d)),
        rng.normal(size=(d, k)),
    )
    return (g, x, w), {}


def net(rng):
    """A small net with its examples."""
    n, d, h, k = (int(side) for side in rng.integers(1, 5, size=4))
    sizes = (n, d), (n, k), (d, h), (h,), (h, k), (k,)
    return tuple(rng.normal(size=size) for size in sizes), {}


def long_way(rng):
    """A net and a step so long that one side alone would be wrong."""
    return net(rng)[0], {"eps": float(rng.uniform(0.1, 1))}


HIDDEN = {
    "graph_slopes": (Draw("other graphs", graph, times=12),),
    "slope_from_output": (Draw("other outputs", outputs, times=12),),
    "broadcast_back": (Draw("other shapes", stretched, times=20),),
    "layer_back": (Draw("other layers", layer, times=6),),
    "net_slopes": (Draw("other nets", net, times=6),),
    "measured_slopes": (Draw("long steps", long_way),),
}
