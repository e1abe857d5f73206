"""The datasets, transforms and samplers that a config can name.

To add one: 1. write the class; 2. add a Row here; 3. tests/test_tables.py checks it.
"""

from typing import Final

from mmlight.translate.other_transforms import TORCHVISION
from mmlight.translate.table import Row

_T = "mmlight.data.transforms"
_D = "mmlight.data.datasets"
_S = "mmlight.data.samplers"
_MMCV_2 = ("mmcls", "mmengine")  # mmpretrain leaves these transforms to mmcv 2
_NO_BOXES: Final = {"clip_object_border": "It is for boxes, which no dataset has."}
_1X = ("mmpretrain",)
_1X_MMCV = ("mmengine",)

_TONE = (
    *("AutoContrast", "Invert", "Equalize", "Solarize", "SolarizeAdd", "Posterize", "Contrast"),
    *("ColorTransform", "Brightness", "Sharpness"),
)
_WARP = ("Shear", "Translate", "Rotate", "Cutout")
# what AutoAugment and RandAugment choose from; steps of their own as well
OPERATION_ROWS: Final = (
    *(Row(name, f"{_T}.tone.{name}") for name in _TONE),
    *(Row(name, f"{_T}.warp.{name}") for name in _WARP),
    Row("GaussianBlur", f"{_T}.tone.GaussianBlur", scopes=_1X),
)

TRANSFORM_ROWS: Final = (
    Row("LoadImageFromFile", f"{_T}.load.LoadImageFromFile"),
    Row("Resize", f"{_T}.resize.Resize", ignore=_NO_BOXES),
    Row("ResizeEdge", f"{_T}.resize.ResizeEdge"),
    Row("CenterCrop", f"{_T}.crop.CenterCrop", ignore=_NO_BOXES),
    Row("RandomCrop", f"{_T}.crop.RandomCrop"),
    Row("EfficientNetCenterCrop", f"{_T}.crop.EfficientNetCenterCrop"),
    Row("RandomResizedCrop", f"{_T}.resized_crop.RandomResizedCrop"),
    Row("EfficientNetRandomCrop", f"{_T}.resized_crop.EfficientNetRandomCrop"),
    Row(
        "RandomFlip",
        f"{_T}.flip.RandomFlip",
        ignore={"swap_seg_labels": "It is for segmentation maps, which no dataset has."},
    ),
    Row("Pad", f"{_T}.pad.Pad", scopes=_MMCV_2),
    Row("Normalize", f"{_T}.normalize.Normalize"),
    Row("RandomErasing", f"{_T}.erase.RandomErasing"),
    Row("ColorJitter", f"{_T}.jitter.ColorJitter"),
    Row("Lighting", f"{_T}.jitter.Lighting"),
    Row("RandomGrayscale", f"{_T}.jitter.RandomGrayscale"),
    Row("AutoAugment", f"{_T}.auto_augment.AutoAugment"),
    Row("RandAugment", f"{_T}.auto_augment.RandAugment"),
    Row("PackInputs", f"{_T}.pack.PackInputs"),
    Row("PackClsInputs", f"{_T}.pack.PackInputs"),
    Row("ImageToTensor", f"{_T}.pack.ImageToTensor", scopes=_MMCV_2),
    Row("ToTensor", f"{_T}.pack.ToTensor", scopes=_MMCV_2),
    Row("Collect", f"{_T}.pack.Collect"),
    Row("Transpose", f"{_T}.convert.Transpose"),
    *(Row(name, f"{_T}.convert.NumpyToPIL") for name in ("NumpyToPIL", "ToPIL")),
    *(Row(name, f"{_T}.convert.PILToNumpy") for name in ("PILToNumpy", "ToNumpy")),
    *(
        Row(name, f"{_T}.albumentations.Albumentations", verbatim=("transforms",))
        for name in ("Albumentations", "Albu")
    ),
    Row("RandomTranslatePad", f"{_T}.pad.RandomTranslatePad", scopes=_1X),
    Row("MAERandomResizedCrop", f"{_T}.vision.MAERandomResizedCrop", scopes=_1X),
    *(
        Row(
            f"torchvision/{name}",
            f"{_T}.vision.TorchVision",
            extra={"name": name},
            scopes=_1X,
            verbatim=("transforms",),
        )
        for name in TORCHVISION
    ),
    # steps made of other steps
    Row("Compose", f"{_T}.compose.Compose", scopes=_MMCV_2),
    Row("RandomChoice", f"{_T}.choice.RandomChoice", scopes=_1X_MMCV),
    Row("RandomApply", f"{_T}.choice.RandomApply", scopes=_1X_MMCV),
    Row("KeyMapper", f"{_T}.key_mapper.KeyMapper", scopes=_1X_MMCV),
    Row("TransformBroadcaster", f"{_T}.key_mapper.TransformBroadcaster", scopes=_1X_MMCV),
    Row("RandomResize", f"{_T}.random_resize.RandomResize", scopes=_1X_MMCV),
    Row("RandomChoiceResize", f"{_T}.random_resize.RandomChoiceResize", scopes=_1X_MMCV),
    Row("TestTimeAug", f"{_T}.views.TestTimeAug", scopes=_1X_MMCV),
    Row("MultiScaleFlipAug", f"{_T}.views.MultiScaleFlipAug", scopes=_1X_MMCV),
    Row("MultiView", f"{_T}.views.MultiView", scopes=_1X),
    Row("ApplyToList", f"{_T}.views.ApplyToList", scopes=_1X),
    *OPERATION_ROWS,
)

DATASET_ROWS: Final = (
    Row("BaseDataset", f"{_D}.base.BaseDataset", scopes=_1X),
    Row("CustomDataset", f"{_D}.custom.CustomDataset"),
    Row("ImageNet", f"{_D}.imagenet.ImageNet"),
    Row("ImageNet21k", f"{_D}.imagenet.ImageNet21k"),
    Row("CIFAR10", f"{_D}.cifar.CIFAR10"),
    Row("CIFAR100", f"{_D}.cifar.CIFAR100"),
    Row("MNIST", f"{_D}.mnist.MNIST"),
    Row("FashionMNIST", f"{_D}.mnist.FashionMNIST"),
    Row("MultiLabelDataset", f"{_D}.multi_label.MultiLabelDataset", scopes=_1X),
    Row("VOC", f"{_D}.voc.VOC"),
    Row("CUB", f"{_D}.cub.CUB"),
    Row("StanfordCars", f"{_D}.stanford_cars.StanfordCars"),
    Row("Places205", f"{_D}.places.Places205", scopes=_1X),
    *(
        Row(name, f"{_D}.list_set.{name}", scopes=_1X)
        for name in ("Caltech101", "FGVCAircraft", "Food101", "OxfordIIITPet", "SUN397")
    ),
    *(Row(name, f"{_D}.mat_set.{name}", scopes=_1X) for name in ("DTD", "Flowers102")),
    # datasets made of other datasets
    Row("RepeatDataset", f"{_D}.repeat.RepeatDataset", scopes=_MMCV_2),
    Row("ClassBalancedDataset", f"{_D}.class_balanced.ClassBalancedDataset", scopes=_MMCV_2),
    Row("ConcatDataset", f"{_D}.concat.ConcatDataset", scopes=_MMCV_2),
    Row("KFoldDataset", f"{_D}.k_fold.KFoldDataset"),
)

SAMPLER_ROWS: Final = (
    Row("DefaultSampler", f"{_S}.DefaultSampler"),
    Row("DistributedSampler", f"{_S}.DefaultSampler"),
    Row("RepeatAugSampler", f"{_S}.RepeatAugSampler"),
    Row("InfiniteSampler", f"{_S}.InfiniteSampler"),
    Row("SequentialSampler", f"{_S}.SequentialSampler", scopes=("mmpretrain",)),
    # ours; a user's own class of that name wins
    Row("ClassBalancedSampler", f"{_S}.ClassBalancedSampler", scopes=("mmlight",)),
    Row("WeightedRandomSampler", f"{_S}.WeightedRandomSampler", scopes=("mmlight",)),
)
