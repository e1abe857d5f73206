"""Names what a model is for that is no image classifier, so that its config is refused in one line.

To add a model: add its type to the row of its purpose.
"""

from typing import Final

from mmlight.errors import UnsupportedTypeError, nearest_name
from mmlight.translate.section import Section
from mmlight.translate.table import bare_name

CLASSIFIER: Final = "ImageClassifier"

# types of mmpretrain 1.2, mmselfsup 0.x and 1.x, and the best known of mmdet and mmseg
PURPOSES: Final = {
    "self-supervised pre-training": (
        *("BarlowTwins", "BEiT", "BYOL", "CAE", "DeepCluster", "DenseCL", "EVA", "InterCLRMoCo"),
        *("MAE", "MaskFeat", "MFF", "MILAN", "MixMIM", "MoCo", "MoCoV3", "NPID", "ODC", "PixMIM"),
        *("RelativeLoc", "RotationPred", "SimCLR", "SimMIM", "SimSiam", "SparK", "SwAV", "iTPN"),
    ),
    "image captioning": ("BlipCaption", "Blip2Caption"),
    "visual question answering": ("BlipVQA", "Blip2VQA"),
    "image and text retrieval": ("BlipRetrieval", "Blip2Retrieval"),
    "visual grounding": ("BlipGrounding",),
    "visual reasoning": ("BlipNLVR",),
    "zero-shot classification by text": ("ChineseCLIP", "CLIP", "CLIPZeroShot"),
    "tagging by text": ("RAM", "RAMNormal", "RAMOpenset"),
    "multimodal language modelling": ("Flamingo", "Llava", "MiniGPT4", "OFA", "Otter"),
    "image retrieval": ("ImageToImageRetriever",),
    "object detection": (
        *("CascadeRCNN", "DETR", "FasterRCNN", "FCOS", "MaskRCNN", "RetinaNet", "RTMDet", "SSD"),
        *("YOLOV3", "YOLOX"),
    ),
    "semantic segmentation": ("CascadeEncoderDecoder", "EncoderDecoder"),
}
_PURPOSE_OF: Final = {kind: purpose for purpose, kinds in PURPOSES.items() for kind in kinds}


def find_other_model(top: Section) -> UnsupportedTypeError | None:
    """Return what is to be said of a config whose model is known and no image classifier.

    Nothing else of such a config is worth reporting.
    """
    model = top.node.get("model")
    kind = bare_name(model.get("type")) if isinstance(model, dict) else None
    if not isinstance(kind, str) or kind not in _PURPOSE_OF:
        return None
    return UnsupportedTypeError(
        "model.type",
        f"not an {CLASSIFIER} ({kind}: {_PURPOSE_OF[kind]})",
        origin=model.origin_of("type"),  # type: ignore[union-attr]
        expected=CLASSIFIER,
        next_step="mmlight trains image classifiers; fine-tune such a backbone in one.",
    )


def refuse_unknown_model(model: Section, kind: object) -> None:
    """Record that the type of a model is none that is known."""
    error = UnsupportedTypeError(
        model.key_path("type"),
        f"the model type {kind!r} is no image classifier" if kind else "the model has no type",
        origin=model.origin_of("type"),
        expected=CLASSIFIER,
        nearest=nearest_name(str(kind), [CLASSIFIER]),
        next_step=f"Put the network into an {CLASSIFIER}: backbone, neck and head.",
    )
    model.report.errors.append(error)
