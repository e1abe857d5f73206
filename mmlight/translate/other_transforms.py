"""Names the transforms of torchvision that configs may use, and those that are for other tasks."""

from typing import Final

# the classes of `torchvision.transforms`; in configs `torchvision/<name>`
TORCHVISION: Final = (
    *("AugMix", "AutoAugment", "CenterCrop", "ColorJitter", "Compose", "ConvertImageDtype"),
    *(
        "ElasticTransform",
        "FiveCrop",
        "GaussianBlur",
        "Grayscale",
        "Lambda",
        "LinearTransformation",
    ),
    *("Normalize", "PILToTensor", "Pad", "RandAugment", "RandomAdjustSharpness", "RandomAffine"),
    *("RandomApply", "RandomAutocontrast", "RandomChoice", "RandomCrop", "RandomEqualize"),
    *("RandomErasing", "RandomGrayscale", "RandomHorizontalFlip", "RandomInvert", "RandomOrder"),
    *("RandomPerspective", "RandomPosterize", "RandomResizedCrop", "RandomRotation"),
    *("RandomSolarize", "RandomVerticalFlip", "Resize", "TenCrop", "ToPILImage", "ToTensor"),
    "TrivialAugmentWide",
)

_TASKS: Final = {
    "self-supervised pre-training": (
        *("SimMIMMaskGenerator", "BEiTMaskGenerator"),
        "RandomResizedCropAndInterpolationWithTwoPic",
    ),
    "image and text": ("CleanCaption", "OFAAddObjects"),
    "detection and segmentation": ("LoadAnnotations", "PackDetInputs", "PackSegInputs"),
    "several tasks at once": ("PackMultiTaskInputs",),
}
# types of the originals that no classifier needs, with what they are for
PURPOSES: Final = {name: task for task, names in _TASKS.items() for name in names}
