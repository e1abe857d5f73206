"""Collects what a checkpoint holds, and brings it up to date after a validation."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import lightning as L
import torch
from torch import Tensor

Content = dict[str, Any]


@dataclass
class Snapshot:
    """A run at one moment.

    Args:
        path: The file that it is for.
        batches: Batches that were done.
        content: What is written; its tensors are those of the run, so it holds for this moment
            only. Empty once it is of no use.
        digest: Tells whether anything but weights has changed; empty for a snapshot that was never
            written.
        probe: One value of each weight, as they were.
    """

    path: str
    batches: int
    content: Content = field(default_factory=dict, repr=False)
    digest: bytes = b""
    probe: Tensor = field(default_factory=lambda: torch.empty(0), repr=False)

    def is_same(self, other: "Snapshot | None") -> bool:
        """Whether two files of these would be equal but for their names."""
        mine = (self.batches, self.digest)
        return other is not None and mine == (other.batches, other.digest)


def take_snapshot(trainer: L.Trainer, path: str, *, weights_only: bool) -> Snapshot:
    """Collect everything, as `trainer.save_checkpoint` does; all processes must call it.

    Callbacks are told, users' hooks among them.
    """
    # Lightning has no public way to collect without writing
    connector = trainer._checkpoint_connector
    content: Content = connector.dump_checkpoint(weights_only)
    batches = trainer.fit_loop.total_batch_idx + 1
    digest = _digest(_collect_changes(trainer, content))
    return Snapshot(path, batches, content, digest, _probe(content))


def refresh_snapshot(trainer: L.Trainer, old: Snapshot) -> Snapshot:
    """Return a snapshot with what a validation may have changed since; all processes call it.

    Nobody is told of it, what hooks have added stays; unless averaged weights have taken the place
    of others since.
    """
    is_fresh = torch.equal(old.probe, _probe(old.content))
    if not trainer.strategy.broadcast(is_fresh):  # the first process knows what is written
        return take_snapshot(trainer, old.path, weights_only="callbacks" not in old.content)
    changes = _collect_changes(trainer, old.content)
    return replace(old, content={**old.content, **changes}, digest=_digest(changes))


def write_snapshot(trainer: L.Trainer, snapshot: Snapshot) -> None:
    """Write a file; all processes must call it."""
    with trainer.profiler.profile("save_checkpoint"):  # type: ignore[attr-defined]
        trainer.strategy.save_checkpoint(snapshot.content, snapshot.path)
        trainer.strategy.barrier("Checkpoint")


def _collect_changes(trainer: L.Trainer, content: Mapping[str, Any]) -> Content:
    """Return those entries of a checkpoint that change without any training.

    Random states are not among them: the data know what a validation will draw.
    """
    if "callbacks" not in content:
        return {}
    callbacks = {c.state_key: c.state_dict() for c in trainer.callbacks}  # type: ignore[attr-defined]
    optimizers = [trainer.strategy.optimizer_state(o) for o in trainer.optimizers]
    return {
        "callbacks": {key: state for key, state in callbacks.items() if state},
        "optimizer_states": optimizers,
    }


def _probe(content: Content) -> Tensor:
    """Return the first value of each weight: `(N,)`, float32, on the CPU."""
    weights = (value for value in content["state_dict"].values() if isinstance(value, Tensor))
    firsts = [value.detach().reshape(-1)[:1].float() for value in weights]
    return torch.cat(firsts).cpu() if firsts else torch.empty(0)


def _digest(changes: Mapping[str, Any]) -> bytes:
    """Return a short text that differs when entries do.

    The tensors of optimizers do not count, for they change with weights alone; nor do the values
    that are logged (`scalars`), which every validation adds to.
    """
    groups = [state.get("param_groups") for state in changes.get("optimizer_states", ())]
    callbacks = [
        {key: value for key, value in state.items() if key != "scalars"}
        for state in changes.get("callbacks", {}).values()
    ]
    made = hashlib.sha256()
    for part in _list_values([groups, callbacks]):
        made.update(part)
    return made.digest()


def _list_values(value: Any) -> Iterator[bytes]:
    """Yield what is inside of dicts and lists, in order, as bytes."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield repr(key).encode()
            yield from _list_values(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _list_values(item)
    elif isinstance(value, Tensor):
        # any shape and type -> (bytes,)
        yield value.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes()
    else:
        yield repr(value).encode()
