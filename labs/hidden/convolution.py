"""Hidden inputs of the lab `convolution`; see labkit.grading.hidden."""

from labkit.grading.hidden import Draw


def whole(rng, low, high):
    """One whole number from low to high, both included."""
    return int(rng.integers(low, high + 1))


def said(config):
    """The settings that have to be said: the others are the defaults."""
    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    return {name: value for name, value in config.items() if value != usual[name]}


def settings(rng):
    """A size and settings; one kernel in four just fits or is a bit too large."""
    config = {
        "stride": whole(rng, 1, 5),
        "padding": whole(rng, 0, 4),
        "dilation": whole(rng, 1, 3),
    }
    size, kernel_size = whole(rng, 5, 300), whole(rng, 1, 11)
    if rng.integers(4) == 0:
        span = config["dilation"] * (kernel_size - 1) + 1
        size = max(
            span - 2 * config["padding"] - whole(rng, 0, config["stride"]), 1
        )
    return (size, kernel_size), said(config)


def windows(rng):
    """Windows that overlap, touch or leave gaps, rounded down or up."""
    size, kernel_size = whole(rng, 8, 90), whole(rng, 2, 7)
    config = said({"padding": whole(rng, 0, kernel_size // 2)})
    if rng.integers(2):
        config["ceil_mode"] = True
    if rng.integers(2):
        config["stride"] = whole(rng, 1, 9)
    return (size, kernel_size), config


def stack(rng):
    """Three to five layers."""
    layers = [
        (whole(rng, 1, 7), whole(rng, 1, 3), whole(rng, 1, 3))
        for _ in range(whole(rng, 3, 5))
    ]
    return (layers,), {}


def image_and_kernel(rng):
    """An image and a kernel, neither square."""
    image = rng.normal(size=(whole(rng, 7, 11), whole(rng, 7, 11)))
    kernel = rng.normal(size=(whole(rng, 1, 4), whole(rng, 2, 5)))
    return (image, kernel), said({"stride": whole(rng, 1, 3)})


def layer(rng):
    """A layer with padding and groups."""
    groups, inside, outside = whole(rng, 1, 3), whole(rng, 1, 2), whole(rng, 1, 2)
    x = rng.normal(size=(2, groups * inside, whole(rng, 6, 9), whole(rng, 6, 9)))
    w = rng.normal(
        size=(groups * outside, inside, whole(rng, 1, 3), whole(rng, 2, 4))
    )
    b = rng.normal(size=groups * outside)
    config = {
        "stride": whole(rng, 1, 3),
        "padding": whole(rng, 0, 2),
        "groups": groups,
    }
    return (x, w, b), said(config)


def pooled(rng):
    """Images below zero, so that a window of zeros would win."""
    x = rng.normal(size=(2, 3, whole(rng, 6, 10), whole(rng, 6, 10))) - 5
    return (x, whole(rng, 2, 4), whole(rng, 1, 4)), {}


def backward(rng):
    """Images, kernels and gradients of the output that fit each other."""
    n, c_in, c_out = whole(rng, 1, 3), whole(rng, 1, 3), whole(rng, 2, 4)
    kh, kw, stride = whole(rng, 1, 3), whole(rng, 2, 4), whole(rng, 1, 3)
    padding = whole(rng, 0, 2)
    height, width = whole(rng, 6, 9), whole(rng, 6, 9)
    rows, columns = (
        (size + 2 * padding - k) // stride + 1
        for size, k in ((height, kh), (width, kw))
    )
    x = rng.normal(size=(n, c_in, height, width))
    w = rng.normal(size=(c_out, c_in, kh, kw))
    g = rng.normal(size=(n, c_out, rows, columns))
    return x, w, g, said({"stride": stride, "padding": padding})


def parameters(rng):
    """What the gradient of the parameters needs."""
    x, w, g, config = backward(rng)
    return (g, x, w.shape[2:]), config


def inputs(rng):
    """What the gradient of the input needs."""
    x, w, g, config = backward(rng)
    return (g, w, x.shape[2:]), config


def small(rng):
    """A small image and kernels (c_in, c_out, kh, kw) that spread it."""
    c_in, c_out = whole(rng, 1, 3), whole(rng, 2, 4)
    x = rng.normal(size=(2, c_in, whole(rng, 3, 5), whole(rng, 3, 5)))
    w = rng.normal(size=(c_in, c_out, whole(rng, 2, 4), whole(rng, 2, 4)))
    return (x, w), said({"stride": whole(rng, 1, 3), "padding": whole(rng, 0, 1)})


HIDDEN = {
    "output_size": (Draw("other sizes and settings", settings, times=40),),
    "pool_size": (Draw("other windows", windows, times=40),),
    "field_size": (Draw("deeper stacks", stack, times=10),),
    "correlate": (Draw("other images and kernels", image_and_kernel, times=8),),
    "conv_forward": (Draw("other layers", layer, times=10),),
    "max_pool": (Draw("other windows", pooled),),
    "parameter_gradients": (Draw("other layers", parameters, times=8),),
    "input_gradient": (Draw("other layers", inputs, times=8),),
    "conv_transposed": (Draw("other kernels", small, times=8),),
}
