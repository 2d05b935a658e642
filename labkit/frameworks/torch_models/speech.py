"""A speech recogniser, as in `labkit.models.speech`, with PyTorch's own bidirectional GRU."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from labkit import models
from labkit.frameworks.torch_models.weights import started


class SpeechRecognizer(nn.Module):
    """`labkit.models.SpeechRecognizer`, from the same weights for the same rng."""

    def __init__(self, features, k, *, channels, hidden, rng, dtype=np.float32):
        super().__init__()
        self.conv = nn.Conv2d(1, channels, 3, stride=2, padding=1)
        d = channels * ((features + 1) // 2)
        self.gru = nn.GRU(d, hidden, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * hidden, k)
        sizes = {"channels": channels, "hidden": hidden}
        started(self, models.SpeechRecognizer(features, k, rng=rng, dtype=dtype, **sizes))

    def forward(self, x, *, lengths=None):
        """Return the logits and how many of each row are real."""
        n, t, _ = x.shape
        lengths = torch.full((n,), t) if lengths is None else torch.as_tensor(lengths)
        real = torch.arange(t, device=x.device) < lengths.to(x.device)[:, None]
        x = functional.relu(self.conv((x * real[:, :, None])[:, None]))
        x = x.transpose(1, 2).flatten(2)
        lengths = (lengths + 1) // 2
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states = self.gru(packed)[0]
        states = pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])[0]
        return self.head(states), lengths
