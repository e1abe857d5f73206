"""Defects of the originals that a checkpoint trained with them needs, told as notes.

By default each is reproduced, for the numbers of the original come out only so; the option that a
text names computes what the paper, or the training, meant.

To add one: 1. give the class a keyword argument whose default is the defect; 2. add a Defect here;
3. compare both ways with the original in tests/reference/.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mmlight.translate.section import Section
from mmlight.translate.table import bare_name

Words = Mapping[str, Any]


@dataclass(frozen=True)
class Defect:
    """One defect.

    Args:
        kind: The type that has it.
        text: What is wrong and how to get it right, one or two sentences.
        option: The argument that decides; when a config sets it, nothing is told.
        applies: Tells whether a config meets it.
        old: The value that the upgrade of a 0.x config gives the option, where 1.x is right.
    """

    kind: str
    text: str
    option: str
    applies: Callable[[Words], bool] = lambda words: True
    old: Any = None

    def is_met(self, words: Words) -> bool:
        """Whether a config asks for it without deciding so."""
        return words.get(self.option) == self.old and self.applies(words)


def _is_fused_with_attention(words: Words) -> bool:
    return bool(words.get("deploy")) and words.get("arch") == "D2se"


def _drops_paths(words: Words) -> bool:
    return bool(words.get("drop_path_rate"))


def _drops_paths_of_swin(words: Words) -> bool:
    return words.get("drop_path_rate") != 0  # 0.1 by default


def _freezes_layers(words: Words) -> bool:
    return (words.get("frozen_stages") or 0) > 0


def _freezes_stem(words: Words) -> bool:
    frozen = words.get("frozen_stages")
    return frozen is not None and frozen >= 0


def _has_scales(words: Words) -> bool:
    scales = words.get("out_scales")
    return isinstance(scales, (list, tuple)) and len(scales) > 1


STEM = (
    "mmpretrain keeps the stem's batch norms in eval mode for ever, so that their statistics are "
    "never learned; its checkpoints need that. Set stem_eval=False to learn them."
)
DEFECTS: Final = (
    Defect("Vig", STEM, option="stem_eval"),
    Defect("PyramidVig", STEM, option="stem_eval"),
    Defect(
        "T2T_ViT",
        "mmpretrain 1.x multiplies the products of query and key by sqrt(d) where the paper and "
        "mmcls 0.25 divide; its checkpoints need that. Set attention_scale='divide' for others.",
        option="attention_scale",
    ),
    Defect(
        "DeiT3",
        "mmpretrain applies the attention's norm to the feed-forward layers as well and leaves "
        "'ln2' unused; its checkpoints need that. Set use_ln2=True for weights of the paper's "
        "authors.",
        option="use_ln2",
    ),
    Defect(
        "RepVGG",
        "the originals leave squeeze-and-excitation out of a fused D2se, which then computes "
        "something else than what was trained. Set se_in_deploy=True to keep it.",
        option="se_in_deploy",
        applies=_is_fused_with_attention,
    ),
    Defect(
        "SwinTransformerV2",
        "the originals put stochastic depth before the norm that ends a branch, so that a dropped "
        "branch still adds the norm's bias. Set drop_normalized=True to drop all of it.",
        option="drop_normalized",
        applies=_drops_paths_of_swin,
    ),
    Defect(
        "SVT",
        "the originals mask the padding of windows only where rows and columns are both padded. "
        "Set padding_mask='any' to mask it always; for images whose maps are whole windows both "
        "are the same.",
        option="padding_mask",
    ),
    Defect(
        "MViT",
        "the originals pass the normalized map of an output on to the next scale; their "
        "checkpoints need that. Set norm_outputs_only=True to normalize the output alone.",
        option="norm_outputs_only",
        applies=_has_scales,
    ),
    Defect(
        "BEiTViT",
        "mmpretrain applies stochastic depth to the feed-forward layers twice. Set "
        "drops_ffn_twice=False to apply it once.",
        option="drops_ffn_twice",
        applies=_drops_paths,
    ),
    Defect(
        "ViTEVA02",
        "mmpretrain freezes no layer for frozen_stages, only the embedding. Set "
        "freezes_layers=True to freeze as many layers.",
        option="freezes_layers",
        applies=_freezes_layers,
    ),
    Defect(
        "HorNet",
        "the originals freeze the norm of the next stage's output in place of that of each frozen "
        "stage. Set freeze_own_norm=True to freeze the stage's own.",
        option="freeze_own_norm",
        applies=_freezes_stem,
    ),
    Defect(
        "CSRAClsHead",
        "mmcls 0.25 compares logits with thr, not sigmoids. Set logits_as_scores=False to compare "
        "sigmoids.",
        option="logits_as_scores",
        old=True,
    ),
)


def note_defects(section: Section) -> None:
    """Note the defects that one part of a model meets."""
    kind, words = bare_name(section.node.get("type")), section.node
    for defect in DEFECTS:
        if defect.kind == kind and defect.is_met(words):
            section.note("type", defect.text)
