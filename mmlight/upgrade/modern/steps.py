"""Writes transforms as mmpretrain 1.2 does.

To add a transform whose pixels differ: add its row to `PIXELS`.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mmlight.data.presets import AUTO_AUGMENT_PRESETS, RAND_AUGMENT_PRESETS
from mmlight.read.node import ConfigDict, ConfigList, Origin, to_plain
from mmlight.spec import Note
from mmlight.upgrade.data import type_of

DRAWS = "Another generator draws for {}: the same distributions, other numbers."
PIXELS: Final = {
    "Pad": "a single `pad_val` fills all channels, in mmcls only the first.",
    "RandomCrop": "another generator draws, and images smaller than the crop are padded otherwise.",
    "ColorJitter": "the amounts are drawn from one range around 1, and with Pillow by default.",
    "Lighting": "the result is cast back to the type of the image, mmcls kept floats.",
    "RandomGrayscale": "the weights of the channels are those of BGR, mmcls took them for RGB.",
}
# what these mean in 0.x concerns no pixel, only entries beside the image
SAME_PIXELS: Final = ("LoadImageFromFile", "Resize", "ResizeEdge", "CenterCrop", "Albu")


@dataclass
class Story:
    """What is told of the data, everything once however many pipelines it concerns.

    Args:
        notes: Receives the notes.
    """

    notes: list[Note]
    _said: set[tuple[str, str]] = field(default_factory=set)
    _drawing: dict[str, Origin | None] = field(default_factory=dict)

    def say(self, path: str, text: str, origin: Origin | None) -> None:
        """Note something unless it was noted of an entry of that name before."""
        key = (path.rpartition(".")[2], text)
        if key not in self._said:
            self._said.add(key)
            self.notes.append(Note(path, text, origin))

    def say_drawn(self, kind: str, origin: Origin | None) -> None:
        """Remember a transform that draws from another generator."""
        self._drawing.setdefault(kind, origin)

    def finish(self) -> None:
        """Note which transforms draw from another generator."""
        if self._drawing:
            text = DRAWS.format(", ".join(self._drawing))
            self.notes.append(Note("train_pipeline", text, next(iter(self._drawing.values()))))


def modernize_step(step: ConfigDict, path: str, story: Story) -> None:
    """Write one transform, in place.

    Args:
        step: The transform.
        path: Key path of its pipeline.
        story: Receives what means something else now.

    From: mmpretrain 1.2 `datasets/transforms` against mmcls 0.25 `datasets/pipelines`.
    """
    kind = str(step.get("type"))
    if kind == "Albu":
        step.pop("update_pad_shape", None)  # nothing reads that shape
    if step.pop("generation", None) is not None and kind not in SAME_PIXELS:
        if kind in PIXELS:
            story.say(f"{path}.{kind}", PIXELS[kind], step.origin)
        else:
            story.say_drawn(kind, step.origin)
    if kind in ("AutoAugment", "RandAugment"):
        _name_policies(step)
    for inner in step.get("transforms") or () if kind == "Compose" else ():
        if isinstance(inner, ConfigDict):
            modernize_step(inner, path, story)


def keep_channels(steps: Sequence[ConfigDict]) -> None:
    """Let Lighting keep the order of the channels, so that all pipelines may normalize alike.

    Old files have Lighting turn the image to RGB and Normalize go on from there. The rows of the
    eigenvectors, one per channel, are turned round instead.
    """
    for step, following in itertools.pairwise(steps):
        if [type_of(step), type_of(following)] != ["Lighting", "Normalize"]:
            continue
        if step.pop("to_rgb", False):
            step.put("eigvec", ConfigList(step["eigvec"][::-1]), step.origin_of("eigvec"))
            turned = not following.get("to_rgb", True)
            following.put("to_rgb", turned, following.origin_of("to_rgb"))


def _name_policies(step: ConfigDict) -> None:
    """Write the name of published policies instead of their list."""
    presets: dict[str, Any] = dict(
        AUTO_AUGMENT_PRESETS if step["type"] == "AutoAugment" else RAND_AUGMENT_PRESETS
    )
    presets.pop("simple_increasing", None)  # mmpretrain has no such name
    plain = _without_magnitude_key(to_plain(step.get("policies")))
    for name, policies in presets.items():
        if plain == policies:
            step.put("policies", name, step.origin_of("policies"))


def _without_magnitude_key(value: Any) -> Any:
    """Drop the word by which 0.x names the argument that varies; 1.x knows it."""
    if isinstance(value, list):
        return [_without_magnitude_key(item) for item in value]
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key != "magnitude_key"}
    return value
