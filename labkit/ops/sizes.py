"""How large the output of a convolution or a pooling is: arithmetic on whole numbers.

Every function here speaks of one axis. An image has two, and each follows the rule by itself.
"""

import operator


def conv_output_size(size, kernel_size, *, stride=1, padding=0, dilation=1):
    r"""Return how many places a kernel can take along one axis, :eq:`eq-conv-output-size`.

    size n, kernel_size k, stride s, padding p and dilation d are whole numbers of elements;
    padding is one number for both ends or a pair (before, after). The kernel spans d (k - 1) + 1
    elements of the n + 2 p, and takes the floor of what remains over s, plus one, places.

    Raises ValueError if a number is out of range, or if the kernel does not fit in.

    >>> conv_output_size(28, 3), conv_output_size(224, 7, stride=2, padding=3)
    (26, 112)

    [Dumoulin and Visin 2016, relationship 15]
    """
    size = whole("size", size, at_least=1)
    stride = whole("stride", stride, at_least=1)
    span = kernel_span(kernel_size, dilation)
    padded = size + sum(pair("padding", padding, at_least=0))
    if span > padded:
        raise ValueError(
            f"kernel_size {kernel_size} with dilation {dilation} spans {span} elements; "
            f"it must fit into size {size} with padding {padding}, which has {padded}"
        )
    return (padded - span) // stride + 1


def conv_transpose_output_size(
    size, kernel_size, *, stride=1, padding=0, output_padding=0, dilation=1
):
    r"""Return the size after a transposed convolution, :eq:`eq-conv-transpose-output-size`.

    A convolution with the same numbers brings that size back to ``size``. With a stride above
    one, several sizes come to the same; output_padding says how many elements to add to the least.

    Raises ValueError if a number is out of range, if nothing would remain, or if output_padding
    is not below the stride or the dilation.

    >>> conv_transpose_output_size(13, 3, stride=2), conv_output_size(27, 3, stride=2)
    (27, 13)

    [Dumoulin and Visin 2016, relationship 14]
    """
    size = whole("size", size, at_least=1)
    stride = whole("stride", stride, at_least=1)
    padding = whole("padding", padding, at_least=0)
    output_padding = whole("output_padding", output_padding, at_least=0)
    span = kernel_span(kernel_size, dilation)
    if output_padding >= max(stride, dilation):
        raise ValueError(
            f"output_padding must be below the stride ({stride}) or the dilation ({dilation}); "
            f"got {output_padding}"
        )
    out = (size - 1) * stride + span - 2 * padding + output_padding
    if out < 1:
        raise ValueError(f"padding must leave something; padding {padding} leaves size {out}")
    return out


def pool_output_size(size, kernel_size, *, stride=None, padding=0, dilation=1, ceil_mode=False):
    r"""Return how many windows a pooling has along one axis, :eq:`eq-pool-output-size`.

    stride None means the kernel size: windows that touch and do not overlap. With ceil_mode a
    last window may reach over the end, as long as it starts inside the input or the padding
    before it; without, it must fit.

    Raises ValueError if a number is out of range, if padding exceeds half the kernel size, or if
    no window fits.

    >>> pool_output_size(5, 2), pool_output_size(5, 2, ceil_mode=True)
    (2, 3)
    """
    size = whole("size", size, at_least=1)
    span = kernel_span(kernel_size, dilation)
    stride = whole("stride", kernel_size if stride is None else stride, at_least=1)
    padding = whole("padding", padding, at_least=0)
    if padding > kernel_size // 2:
        raise ValueError(
            f"padding must be at most half of kernel_size {kernel_size}; got {padding}"
        )
    room = size + 2 * padding - span
    out = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (out - 1) * stride >= size + padding:
        out -= 1  # the last window would start behind the input
    if out < 1:
        raise ValueError(f"a window of {span} must fit into size {size} with padding {padding}")
    return out


def same_padding(kernel_size, *, dilation=1):
    r"""Return the padding (before, after) that keeps the size at stride 1, :eq:`eq-same-padding`.

    The two differ by one where the kernel's span is even; the larger is then after, as in PyTorch.

    Raises ValueError if a number is out of range.

    >>> same_padding(3), same_padding(4), same_padding(3, dilation=2)
    ((1, 1), (1, 2), (2, 2))
    >>> conv_output_size(28, 4, padding=same_padding(4))
    28
    """
    total = kernel_span(kernel_size, dilation) - 1
    return total // 2, total - total // 2


def receptive_field(layers):
    r"""Return how many input elements along one axis one output sees, :eq:`eq-receptive-field`.

    layers: for each convolution or pooling, first to last, its kernel_size, or a tuple
    (kernel_size, stride) or (kernel_size, stride, dilation). No layers at all see one element.

    Raises ValueError if a layer is none of these or a number is out of range.

    >>> receptive_field([3, 3]), receptive_field([(3, 1), (2, 2), (3, 1)])
    (5, 8)

    [Araujo et al. 2019, equation 2]
    """
    field, jump = 1, 1  # jump: the distance in the input between neighbours in this layer
    for layer in layers:
        numbers = tuple(layer) if isinstance(layer, (tuple, list)) else (layer,)
        if not 1 <= len(numbers) <= 3:
            raise ValueError(f"a layer is (kernel_size, stride, dilation) or less; got {layer}")
        kernel_size, stride, dilation = (*numbers, 1, 1)[:3]
        field += (kernel_span(kernel_size, dilation) - 1) * jump
        jump *= whole("stride", stride, at_least=1)
    return field


def kernel_span(kernel_size, dilation):
    """Return how many elements a kernel reaches over, gaps included: d (k - 1) + 1.

    >>> kernel_span(3, 2)
    5
    """
    kernel_size = whole("kernel_size", kernel_size, at_least=1)
    return whole("dilation", dilation, at_least=1) * (kernel_size - 1) + 1


def whole(name, value, *, at_least):
    """Return value as an int, or raise ValueError if it is no whole number or too small.

    >>> whole("stride", 2, at_least=1)
    2
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < at_least:
        raise ValueError(f"{name} must be a whole number, at least {at_least}; got {value!r}")
    return number


def pair(name, value, *, at_least):
    """Return (value, value) for a whole number, and a pair of them as it is.

    >>> pair("stride", 2, at_least=1), pair("stride", (2, 3), at_least=1)
    ((2, 2), (2, 3))
    """
    if not isinstance(value, (tuple, list)):
        value = (value, value)
    if len(value) != 2:
        raise ValueError(f"{name} must be a whole number or a pair of them; got {value!r}")
    return tuple(whole(name, v, at_least=at_least) for v in value)


def check_sizes(**sizes):
    """Raise ValueError unless each of these is a whole number, at least 1.

    >>> check_sizes(d_in=3, d_out=2)
    """
    for name, size in sizes.items():
        whole(name, size, at_least=1)


def check_groups(groups, **channels):
    """Raise ValueError unless groups is a whole number, at least 1, that divides all channels.

    >>> check_groups(2, c_in=4, c_out=6)
    """
    whole("groups", groups, at_least=1)
    for name, count in channels.items():
        if count % groups:
            raise ValueError(f"groups must divide {name}, here {count}; got {groups}")
