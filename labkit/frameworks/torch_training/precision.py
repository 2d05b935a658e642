"""Mixed precision: the weights stay in float32 while matrix products run in fewer bits."""

import contextlib
import warnings

import torch

_DTYPES = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Precision:
    """Where to compute in fewer bits, and how to keep float16 gradients from vanishing.

    "float32" computes in the dtype of the weights, whatever it is. "bfloat16" and "float16" let
    PyTorch choose for each operation (autocast): matrix products take the short type, sums and
    losses float32. The weights and their gradients stay in float32. float16 has no number below
    6e-8, so the loss is multiplied before the backward pass, and the gradients are divided by as
    much before they are clipped and used; a step whose gradients overflow is left out, and the
    factor halved.

    Raises ValueError if there is no such precision, the weights are not float32 where they must
    be, or this PyTorch cannot do it on this device.

    [Micikevicius et al. 2018, sections 3.1 and 3.2]
    """

    def __init__(self, name: str, like: torch.Tensor) -> None:
        if name not in _DTYPES:
            raise ValueError(f"precision must be one of {', '.join(_DTYPES)}; got {name!r}")
        self.name, self.dtype, self.device = name, _DTYPES[name], like.device.type
        if self.dtype is not None and like.dtype != torch.float32:
            raise ValueError(f"precision {name!r} needs weights in float32; got {like.dtype}")
        self.scaler = torch.amp.GradScaler(self.device, enabled=name == "float16")
        if self.dtype is not None:
            self._try(like.device)

    def autocast(self) -> contextlib.AbstractContextManager:
        """Return the context of a forward pass and its loss."""
        return torch.autocast(self.device, dtype=self.dtype, enabled=self.dtype is not None)

    def _try(self, device: torch.device) -> None:
        """Multiply two matrices and scale a gradient: what fails here would fail in training."""
        w = torch.ones(1, 1, device=device, requires_grad=True)
        scaler = torch.amp.GradScaler(self.device, enabled=self.scaler.is_enabled())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that the type is not there; we say so ourselves
                with self.autocast():
                    out = w @ w
            if out.dtype != self.dtype:
                raise RuntimeError(f"its product of matrices gives {out.dtype}")
            scaler.scale(out.float().sum()).backward()
            scaler.unscale_(torch.optim.SGD([w], lr=0.0))
        except (RuntimeError, TypeError, ValueError) as error:
            raise ValueError(
                f"precision {self.name!r} is not there on {self.device} in PyTorch "
                f"{torch.__version__}: {error}"
            ) from error
