"""How the weights of a labkit model become those of its PyTorch counterpart."""

import numpy as np
import torch
from torch import nn


def load_state(model, state):
    """Copy a ``state_dict()`` of the labkit model into the PyTorch model; return the model.

    The layers have the same names, and so have most arrays; a Transformer's ``from_labkit`` says
    what else they are called. What differs: a linear weight is
    (d_in, d_out) here and (d_out, d_in) in PyTorch. A recurrent layer's weight, recurrent and bias
    are, with their axes turned too, PyTorch's weight_ih_l0, weight_hh_l0 and bias_ih_l0; its
    second bias is zero, but for a GRU's proposal, which has bias_new. The directions of a
    bidirectional one are two layers here, forwards and backwards, and those of a deep one several,
    layers.0 and so on, from below. Convolution weights
    (c_out, c_in / groups, kh, kw), embeddings, normalization with its running averages, and the
    order in which Flatten reads an image (channel, row, column) are the same. The model keeps its
    dtype and device.

    Raises RuntimeError, from PyTorch, if a name is missing or unknown or a shape differs.
    """
    arrays = model.from_labkit(state) if hasattr(model, "from_labkit") else dict(state)
    for name, module in model.named_modules():
        prefix = f"{name}." if name else ""
        if isinstance(module, nn.Linear):
            _rename(arrays, prefix, "weight", "weight", np.transpose)
        elif isinstance(module, nn.RNNBase):
            _recurrent(arrays, prefix, module)
    counters = {key: v for key, v in model.state_dict().items() if key.endswith("batches_tracked")}
    tensors = {key: torch.from_numpy(np.array(array)) for key, array in arrays.items()}
    model.load_state_dict(counters | tensors)
    return model


def of_dtype(model, dtype):
    """Return the PyTorch model with all its numbers in the NumPy dtype."""
    return model.to(getattr(torch, np.dtype(dtype).name))


def started(model, ours):
    """Return the PyTorch model with the dtype and the weights of ours."""
    state = ours.state_dict()
    return load_state(of_dtype(model, next(iter(state.values())).dtype), state)


def _recurrent(arrays, prefix, module):
    """Rename the arrays of each layer and direction; ours is called layers.1.backwards. at most."""
    directions = {"forwards.": "", "backwards.": "_reverse"} if module.bidirectional else {"": ""}
    for layer in range(module.num_layers):
        place = f"layers.{layer}." if module.num_layers > 1 else ""
        for direction, end in directions.items():
            ours, theirs = f"{place}{direction}", f"l{layer}{end}"
            _rename(arrays, prefix, f"{ours}weight", f"weight_ih_{theirs}", np.transpose)
            _rename(arrays, prefix, f"{ours}recurrent", f"weight_hh_{theirs}", np.transpose)
            _rename(arrays, prefix, f"{ours}bias", f"bias_ih_{theirs}", np.asarray)
            second = np.zeros_like(arrays.get(f"{prefix}bias_ih_{theirs}", np.zeros(0)))
            if isinstance(module, nn.GRU):
                new = arrays.pop(f"{prefix}{ours}bias_new", second[2 * module.hidden_size :])
                second[2 * module.hidden_size :] = new
            arrays[f"{prefix}bias_hh_{theirs}"] = second


def _rename(arrays, prefix, ours, theirs, change):
    if (array := arrays.pop(f"{prefix}{ours}", None)) is not None:
        arrays[f"{prefix}{theirs}"] = change(array)
