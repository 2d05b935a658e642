"""One command that trains a small GPT on a text: an example of `fit` with all that it offers."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from labkit import datasets, devices, generation, models, schedules
from labkit.frameworks import torch_models
from labkit.frameworks.torch_training.data import Windows
from labkit.frameworks.torch_training.distributed import Team, processes, shard
from labkit.frameworks.torch_training.loop import fit
from labkit.tokenizers import CharTokenizer

PROGRAM = "python -m labkit.frameworks.torch_training"
EXAMPLES = """examples:
  a few minutes on a laptop:
    {0}
  some minutes on a GPU, to a good result; stop it with Ctrl-C, and it goes on with --resume:
    {0} --width 384 --layers 6 --heads 6 --context 256 \\
      --batch-size 64 --dropout 0.2 --steps 5000 --compile --checkpoint gpt.pt
  on all GPUs of this machine:
    torchrun --nproc-per-node gpu -m labkit.frameworks.torch_training --batch-size 256
"""


SIZES: tuple[tuple[str, int | float, str], ...] = (
    ("steps", 2000, "steps of the optimizer"),
    ("batch-size", 12, "windows in a batch, all processes together"),
    ("context", 64, "characters in a window"),
    ("width", 128, "width of the model"),
    ("layers", 4, "blocks of the model"),
    ("heads", 4, "heads of each block"),
    ("dropout", 0.0, "share of numbers that dropout sets to 0"),
    ("lr", 1e-3, "largest learning rate"),
    ("warmup", 100, "steps until it is reached; then it falls to a tenth, as a cosine"),
    ("clip", 1.0, "longest gradient"),
    ("accumulate", 1, "pieces in which each process computes its part of a batch"),
    ("seed", 0, "seed of all random numbers"),
    ("sample", 300, "characters that the trained model writes"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Train as the arguments say; return the exit status: 0 done, 1 failed, 2 called wrongly."""
    args = parser().parse_args(argv)
    try:
        run(args)
    except (ValueError, OSError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    except (KeyboardInterrupt, SystemExit) as stop:
        print("\n".join(getattr(stop, "__notes__", ["stopped"])), file=sys.stderr)
        return int(stop.code or 0) if isinstance(stop, SystemExit) else 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    made = argparse.ArgumentParser(
        PROGRAM,
        description="Train a small GPT on the characters of a text.",
        epilog=EXAMPLES.format(PROGRAM),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    names = " or ".join(datasets.text_names())
    add("--data", default="shakespeare", metavar="TEXT", help=f"a text file, or {names}")
    for name, default, text in SIZES:
        kind = type(default)
        add(
            f"--{name}", type=kind, default=default, metavar="N", help=f"{text} (default {default})"
        )
    add(
        "--device",
        choices=["cpu", "cuda", "mps", "xpu"],
        help="default: what `labkit devices` says",
    )
    add(
        "--precision",
        choices=["auto", "float32", "bfloat16", "float16"],
        default="auto",
        help="default: the shortest type that the device is fast with",
    )
    add("--compile", action="store_true", help="let torch.compile make it faster, if it works here")
    add("--shard", action="store_true", help="under torchrun: divide the weights (FSDP)")
    add("--checkpoint", metavar="FILE", help="write the training to this file")
    add("--save-every", type=int, metavar="N", help="so often, in steps (default: every epoch)")
    add("--resume", action="store_true", help="go on from the checkpoint if it is there")
    add("--lines", action="store_true", help="write progress where there is no terminal, too")
    return made


def run(args: argparse.Namespace) -> None:
    """Read the text, make the model, train it, and let it write."""
    with processes(args.device) as device:
        tokenizer, train, validation = read(args.data)
        model, rng = make(args, len(tokenizer), device)
        aloud = Team(model).rank == 0
        if aloud:
            print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}")
        model = shard(model) if args.shard else model
        history = fit(
            model,
            windows(args, train),
            validation=windows(args, validation),
            optimizer=torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.1),
            rng=rng,
            **settings(args, device),
        )
        text = written(model, tokenizer, args) if args.sample else ""
        if aloud:
            print(history.table(), text, sep="\n\n")


def settings(args: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Return what `fit` is told beside the model, the data and the optimizer."""
    steps = max(args.steps, args.warmup + 1)
    rates = {"lr": args.lr, "lr_min": args.lr / 10, "warmup_steps": args.warmup, "steps": steps}
    return {
        "loss": token_loss,
        "unit": "tokens",
        "steps": args.steps,
        "schedule": partial(schedules.warmup_cosine, **rates),
        "precision": precision(args.precision, device),
        "accumulate": args.accumulate,
        "clip": args.clip,
        "compiled": args.compile,
        "checkpoint": args.checkpoint,
        "save_every": args.save_every,
        "resume": args.resume,
        "progress": "always" if args.lines else True,
    }


def read(name: str) -> tuple[CharTokenizer, np.ndarray, np.ndarray]:
    """Return a tokenizer and the numbers of a text's characters, for training and validation.

    Of a file the last tenth is for validation. Raises ValueError if there is no such text.
    """
    if name in datasets.text_names():
        text = datasets.load_text(name)
        train, validation, every = text.train, text.validation, text.text
    elif Path(name).exists():
        every = Path(name).read_text(encoding="utf-8")
        end = len(every) * 9 // 10
        train, validation = every[:end], every[end:]
    else:
        names = ", ".join(datasets.text_names())
        raise ValueError(f"--data must be a text file or one of {names}; got {name!r}")
    tokenizer = CharTokenizer(every)
    first, second = (np.array(tokenizer.encode(part), np.int32) for part in (train, validation))
    return tokenizer, first, second


def make(
    args: argparse.Namespace, vocabulary: int, device: torch.device
) -> tuple[nn.Module, np.random.Generator]:
    """Return the model, and the generator that gave its weights and will give the order."""
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    config = models.GPTConfig(
        vocabulary, args.context, args.width, args.layers, args.heads, args.dropout
    )
    return torch_models.GPT(config, rng=rng).to(device), rng


def windows(args: argparse.Namespace, ids: np.ndarray) -> Windows:
    """Return a text in batches of windows."""
    return Windows(ids, context=args.context, batch_size=args.batch_size)


def token_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of all tokens: logits (n, t, k), targets (n, t)."""
    return functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def precision(asked: str, device: torch.device) -> str:
    """Return the precision that was asked for, or the one that suits the device."""
    if asked != "auto":
        return asked
    machine = devices.describe(ask="torch")
    return machine.dtype if machine.device == device.type else "float32"


def written(model: nn.Module, tokenizer: CharTokenizer, args: argparse.Namespace) -> str:
    """Return what the model writes, character by character."""
    device = next(model.parameters()).device

    def logits(ids: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model(torch.from_numpy(ids[:, -args.context :]).to(device)).float().cpu().numpy()

    rng = np.random.default_rng(args.seed)
    choose = partial(generation.sample, rng=rng, p=0.95)
    first = np.array([tokenizer.encode(tokenizer.characters[0])])
    ids = generation.generate(logits, first, count=args.sample, choose=choose, cached=False)
    return tokenizer.decode(ids[0, 1:].tolist())
