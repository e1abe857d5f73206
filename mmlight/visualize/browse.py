"""Shows the samples of a config: the main path of `mmlight browse`, in reading order."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmlight.compat import provide_names
from mmlight.data.workers import pack_rng, restore_rng
from mmlight.errors import ConfigError, list_names, nearest_name
from mmlight.run import Overrides, Source, try_read_spec
from mmlight.stage_data import StageData, build_stage
from mmlight.visualize.batch import build_batch_parts, make_blocks
from mmlight.visualize.cells import MODES, describe_sample, make_sample_blocks
from mmlight.visualize.choose import Choice, choose_samples
from mmlight.visualize.sample import Sample, read_samples
from mmlight.visualize.sheet import CELL_PX, Block, draw_sheet
from mmlight.visualize.trace import Trace

BATCH_SAMPLES: Final = 8
MAX_CELLS: Final = 1000
"""So many samples fit into one picture."""
MAX_STEPS: Final = 8
"""So many steps of a pipeline, or samples of a batch, stand in a row."""
LEFT_OUT_ANYWAY: Final = ("Normalize", "ImageToTensor", "ToTensor", "Collect", "PackInputs")
"""`skip_types` that need not be in a pipeline: Normalize is undone, the others change no pixel."""


@dataclass(frozen=True)
class Look:
    """How samples are shown.

    Args:
        stage: 'train', 'val' or 'test'.
        mode: 'original' as loaded, 'transformed' after the pipeline, 'concat' both side by side,
            'pipeline' after each transform, with its name.
        batch: Show one batch instead, as the network sees it, before and after batch augments.
        choice: Which samples.
        seed: For random transforms and for drawing samples; None for the config's, or 0.
        order: Order of channels of an image, 'BGR' or 'RGB'; None for BGR, but RGB where the
            dataset itself brings images, as CIFAR does.
        skip_types: Leave out transforms of these classes.
        columns: Cells in a row; None for a handy shape.
        scale: Size of the cells relative to the usual.
    """

    stage: str = "train"
    mode: str = "transformed"
    batch: bool = False
    choice: Choice = field(default_factory=Choice)
    seed: int | None = None
    order: str | None = None
    skip_types: Sequence[str] = ()
    columns: int | None = None
    scale: float = 1


@dataclass(frozen=True)
class Drawn:
    """A picture of samples; a notebook shows it.

    Args:
        picture: uint8 `(H, W, 3)` RGB.
        lines: What is drawn, a line per sample.
        name: What the file of the picture of a single sample may be called.
    """

    picture: NDArray[np.uint8]
    lines: tuple[str, ...]
    name: str

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(self.picture).save(buffer, "png")
        return buffer.getvalue()


def browse_samples(
    source: Source,
    overrides: Overrides = None,
    *,
    stage: str = "train",
    mode: str = "transformed",
    batch: bool = False,
    number: int | None = None,
    indices: Sequence[int] = (),
    random: bool = False,
    class_name: str | None = None,
    seed: int | None = None,
    safe: bool = False,
) -> Drawn:
    """Draw samples of a config into one picture.

    The arguments are those of `Look` and `Choice`.

    Args:
        source: A config file, a Config or a Spec.
        overrides: `["key=value", ...]` or a mapping, in the words of the config.
        stage: 'train', 'val' or 'test'.
        mode: 'original', 'transformed', 'concat' or 'pipeline'.
        batch: Show one batch instead, before and after batch augments.
        number: How many samples; None for 20, with `concat` 12, with `batch` 8, with `pipeline` 4.
        indices: These samples instead of the first; one named twice is drawn twice.
        random: Draw them.
        class_name: Only samples of this class.
        seed: For everything random; None for the config's, or 0.
        safe: Read the config without running it.

    Raises:
        MMLightError: If the config, the data or a sample cannot be read.
    """
    choice = Choice(number, indices, random, class_name)
    look = Look(stage=stage, mode=mode, batch=batch, choice=choice, seed=seed)
    return next(draw_samples(source, overrides, look, safe=safe))


@provide_names()
def draw_samples(
    source: Source,
    overrides: Overrides = None,
    look: Look = Look(),
    *,
    one_by_one: bool = False,
    safe: bool = False,
) -> Iterator[Drawn]:
    """Draw samples into one picture, or each into one of its own.

    Args:
        source: A config file, a Config or a Spec.
        overrides: `["key=value", ...]` or a mapping, in the words of the config.
        look: What is shown, and how.
        one_by_one: Draw a picture for each sample, all of the dataset unless told otherwise.
        safe: Read the config without running it.

    Raises:
        MMLightError: If the config, the data or a sample cannot be read.
    """
    _check_look(look)
    translation = try_read_spec(source, overrides, safe=safe)
    data = build_stage(translation, look.stage)
    parts = build_batch_parts(translation) if look.batch else None
    look = replace(look, seed=look.seed if look.seed is not None else translation.spec.seed or 0)
    look = replace(look, choice=_complete(look, one_by_one=one_by_one))
    trace = Trace(data.dataset, order=look.order, skip_types=look.skip_types)
    _check_skipped(look.skip_types, trace.names)
    indices = choose_samples(data, look.choice, seed=look.seed or 0)
    samples = read_samples(data, trace, indices, seed=look.seed or 0)
    if one_by_one:
        return _draw_each(samples, look)
    config = Path(translation.spec.config_file or "config").stem
    shown = f"batch of {look.stage}" if look.batch else f"{look.stage}, {look.mode}"
    title = f"{config}: {shown}, seed {look.seed}"
    return iter([_draw_all(data, list(_reading(samples)), parts, look, title)])


def _draw_all(
    data: StageData, samples: list[Sample], parts: dict[str, Any] | None, look: Look, title: str
) -> Drawn:
    lines = [describe_sample(sample, look.mode) for sample in samples]
    if parts is None:
        blocks = make_sample_blocks(samples, look.mode)
    else:
        whole = [sample for sample in samples if sample.result is not None]
        with provide_names(), _own_random_state():
            blocks = make_blocks(data, whole, parts, seed=look.seed or 0) if whole else []
        for block in blocks[1:]:
            shown = [sample.index for sample in whole]
            lines += [
                f"{block.title}  {index}: {', '.join(cell.texts)}"
                for index, cell in zip(shown, block.cells, strict=True)
            ]
    if not blocks:
        raise ConfigError(
            look.stage,
            f"the pipeline rejects all {len(samples)} samples",
            next_step="Choose other samples.",
        )
    return _finish(blocks, lines, look, title, "")


def _draw_each(samples: Iterator[Sample], look: Look) -> Iterator[Drawn]:
    for sample in _reading(samples):
        blocks = make_sample_blocks([sample], look.mode)
        if blocks:
            name = f"{sample.index}_{Path(sample.path).stem}" if sample.path else f"{sample.index}"
            yield _finish(blocks, [describe_sample(sample, look.mode)], look, "", name)


def _finish(blocks: list[Block], lines: Sequence[str], look: Look, title: str, name: str) -> Drawn:
    cell_px = max(round(CELL_PX * look.scale), 1)
    columns = look.columns or (MAX_STEPS if look.batch or look.mode == "pipeline" else None)
    picture = draw_sheet(blocks, title=title, columns=columns, cell_px=cell_px)
    return Drawn(picture, tuple(lines), name)


def _reading(samples: Iterator[Sample]) -> Iterator[Sample]:
    """Read samples with mm's import names, and leave the caller's random state as it is."""
    while True:
        with provide_names(), _own_random_state():
            sample = next(samples, None)
        if sample is None:
            return
        yield sample


@contextmanager
def _own_random_state() -> Iterator[None]:
    state = pack_rng()
    try:
        yield
    finally:
        restore_rng(state)


# -------------------------------------------------------------------------- what is asked for


def _complete(look: Look, *, one_by_one: bool) -> Choice:
    """Fill in how many samples are shown, and draw those of a batch of training."""
    choice = look.choice
    if look.batch and not choice.indices and look.stage == "train":
        choice = replace(choice, random=True)  # neighbours in a folder are of one class
    usual = BATCH_SAMPLES if look.batch else MODES[look.mode]
    number = choice.number
    if number is None:
        number = len(choice.indices) or (None if one_by_one else usual)
    if not one_by_one and number is not None and number > MAX_CELLS:
        raise ConfigError(
            "--number",
            f"{number} samples do not fit into one picture",
            expected=f"at most {MAX_CELLS}",
            next_step="Name a folder with --output-dir: it gets a picture for each sample.",
        )
    return replace(choice, number=number)


def _check_look(look: Look) -> None:
    if look.mode not in MODES:
        raise ConfigError(
            "--mode",
            f"there is no mode {look.mode!r}",
            expected=list_names(MODES),
            nearest=nearest_name(look.mode, MODES),
        )
    if look.order not in (None, "BGR", "RGB"):
        raise ConfigError(
            "--channel-order", f"{look.order!r} is no order of channels", expected="BGR or RGB"
        )
    if not look.scale > 0 or (look.columns is not None and look.columns < 1):
        name, value = (
            ("--rescale-factor", look.scale) if not look.scale > 0 else ("--columns", look.columns)
        )
        raise ConfigError(name, f"it must be above 0, got {value}")


def _check_skipped(skip_types: Sequence[str], names: Sequence[str]) -> None:
    for skipped in skip_types:
        if skipped not in names and skipped not in LEFT_OUT_ANYWAY:
            raise ConfigError(
                "--skip-type",
                f"no transform {skipped!r} is in the pipeline",
                expected=list_names(set(names)),
                nearest=nearest_name(skipped, names),
            )
