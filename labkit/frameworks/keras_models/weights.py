"""How the weights of a labkit model become those of its Keras counterpart."""

import re

import numpy as np


def load_state(model, state):
    """Copy a ``state_dict()`` of the labkit model into the Keras model; return the model.

    Keras keeps its weights as a list in the order of the layers, kernel before bias, which is the
    order of the dictionary too; where layers branch the order is Keras's own, and the layers have
    our names, with _ for a dot. Numbers that belong to no layer come first. What differs: a
    convolution's kernel, the one kind with four axes, is (c_out, c_in / groups, kh, kw) here and
    (kh, kw, c_in / groups, c_out) in Keras. A linear weight is (d_in, d_out) in both, but
    attention's have an axis for the heads there: (d, heads, d / heads) for queries, keys and
    values, (heads, d / heads, d) for what comes out. A GRU has its update gate before its reset
    gate there, and two biases, the second zero but for the proposal's. What else must agree is the
    constructors' business: the convolutions and poolings are channels_first, and Flatten is *not*:
    told channels_first, Keras's Flatten moves the channels to the end before it reads the image.

    Raises ValueError, from Keras, if the number of arrays or a shape differs.
    """
    arrays = []
    for name, array in _in_order(model, state).items():
        if name.endswith("bias_new"):
            second = np.concatenate([np.zeros(2 * len(array), array.dtype), array])
            arrays[-1] = np.stack([arrays[-1], second])
        elif f"{name.rpartition('.')[0]}.bias_new" in state:  # a GRU's
            reset, update, new = np.split(array, 3, axis=-1)
            arrays.append(np.concatenate([update, reset, new], axis=-1))
        elif re.search(r"attention\.(query|key|value)\.", name):
            arrays.append(array.reshape(*array.shape[:-1], model.config.heads, -1))
        elif name.endswith("attention.out.weight"):
            arrays.append(array.reshape(model.config.heads, -1, array.shape[-1]))
        else:
            arrays.append(array.transpose(2, 3, 1, 0) if array.ndim == 4 else array)
    model.set_weights(arrays)
    return model


def started(model, ours, *example):
    """Return the Keras model with the weights of ours.

    A model that is a class learns the sizes of its layers from a call with an example.
    """
    if example:
        model(*example)
    return load_state(model, ours.state_dict())


def _in_order(model, state):
    """Return the state in the order in which Keras keeps the numbers without a layer, and layers.

    Layers that have our names stand as in the model, others as in the state.
    """
    layer_of = {name: name.rpartition(".")[0].replace(".", "_") for name in state}
    places = {"": -1} | {layer.name: i for i, layer in enumerate(model.layers)}
    return {name: state[name] for name in sorted(state, key=lambda n: places.get(layer_of[n], 0))}
