"""Datasets, transforms, samplers and the bases of metrics.

Transforms take the words of 1.x, so of mmcls 0.x only those are offered whose words and random
numbers are the same in both generations.
"""

from typing import Final

from mmlight.compat.offers.offer import Offer

_D = "mmlight.data.datasets"
_T = "mmlight.data.transforms"
_MMCV = "mmcv mmcv.transforms"
_BOTH = f"{_MMCV} mmpretrain.datasets mmpretrain.datasets.transforms"
_1X = "mmpretrain.datasets mmpretrain.datasets.transforms"
_0X = "mmcls.datasets.pipelines"


def _dataset(home: str, names: str, old: str, new: str) -> Offer:
    """Offer datasets of both generations; `old` and `new` are the files that define them."""
    modules = f"mmcls.datasets mmcls.datasets.{old} mmpretrain.datasets mmpretrain.datasets.{new}"
    return Offer(f"{_D}.{home}", names, modules)


OFFERS: Final = (
    Offer(f"{_D}.base", "BaseDataset", "mmpretrain.datasets mmpretrain.datasets.base_dataset"),
    Offer(f"{_D}.base", "BaseDataset", "mmengine.dataset mmengine.dataset.base_dataset"),
    Offer(
        "mmlight.compat.base_dataset",
        "BaseDataset=OldBaseDataset",
        "mmcls.datasets mmcls.datasets.base_dataset",
    ),
    _dataset("custom", "CustomDataset", "custom", "custom"),
    _dataset("imagenet", "ImageNet", "imagenet", "imagenet"),
    _dataset("imagenet", "ImageNet21k", "imagenet21k", "imagenet"),
    _dataset("cifar", "CIFAR10 CIFAR100", "cifar", "cifar"),
    _dataset("mnist", "MNIST FashionMNIST", "mnist", "mnist"),
    # transforms
    Offer(f"{_T}.base_transform", "BaseTransform", f"{_MMCV} mmcv.transforms.base"),
    Offer(f"{_T}.compose", "Compose", f"{_MMCV} mmcv.transforms.wrappers"),
    Offer(f"{_T}.compose", "Compose", "mmengine.dataset mmengine.dataset.base_dataset"),
    Offer(
        "mmlight.compat.base_dataset",
        "Compose=OldCompose",
        f"{_0X} mmcls.datasets.pipelines.compose",
    ),
    Offer(f"{_T}.load", "LoadImageFromFile", f"{_BOTH} mmcv.transforms.loading"),
    Offer(f"{_T}.resize", "Resize", f"{_BOTH} mmcv.transforms.processing"),
    Offer(f"{_T}.flip", "RandomFlip", f"{_BOTH} mmcv.transforms.processing"),
    Offer(f"{_T}.crop", "CenterCrop", f"{_BOTH} mmcv.transforms.processing"),
    Offer(f"{_T}.jitter", "RandomGrayscale", f"{_BOTH} mmcv.transforms.processing"),
    Offer(f"{_T}.normalize", "Normalize", f"{_BOTH} mmcv.transforms.processing"),
    Offer(f"{_T}.normalize", "Normalize", f"{_0X} mmcls.datasets.pipelines.transforms"),
    Offer(f"{_T}.pad", "Pad", f"{_MMCV} mmcv.transforms.processing"),
    Offer(f"{_T}.resize", "ResizeEdge", f"{_1X} mmpretrain.datasets.transforms.processing"),
    Offer(
        f"{_T}.crop",
        "RandomCrop EfficientNetCenterCrop",
        f"{_1X} mmpretrain.datasets.transforms.processing",
    ),
    Offer(
        f"{_T}.resized_crop",
        "RandomResizedCrop EfficientNetRandomCrop",
        f"{_1X} mmpretrain.datasets.transforms.processing",
    ),
    Offer(
        f"{_T}.jitter", "ColorJitter Lighting", f"{_1X} mmpretrain.datasets.transforms.processing"
    ),
    Offer(f"{_T}.erase", "RandomErasing", f"{_1X} mmpretrain.datasets.transforms.processing"),
    Offer(f"{_T}.erase", "RandomErasing", f"{_0X} mmcls.datasets.pipelines.transforms"),
    Offer(
        f"{_T}.auto_augment",
        "AutoAugment RandAugment",
        f"{_1X} mmpretrain.datasets.transforms.auto_augment",
    ),
    Offer(f"{_T}.pack", "PackInputs", f"{_1X} mmpretrain.datasets.transforms.formatting"),
    Offer(f"{_T}.pack", "Collect", f"{_1X} mmpretrain.datasets.transforms.formatting"),
    Offer(f"{_T}.pack", "Collect ToTensor ImageToTensor", f"{_0X} {_0X}.formatting"),
    Offer(f"{_T}.pack", "ToTensor ImageToTensor", f"{_MMCV} mmcv.transforms.formatting"),
    # samplers
    Offer(
        "mmlight.data.samplers",
        "DefaultSampler InfiniteSampler",
        "mmengine.dataset mmengine.dataset.sampler",
    ),
    Offer(
        "mmlight.data.samplers",
        "RepeatAugSampler",
        "mmpretrain.datasets mmpretrain.datasets.samplers mmpretrain.datasets.samplers.repeat_aug",
    ),
    Offer(
        "mmlight.compat.base_metric", "BaseMetric", "mmengine.evaluator mmengine.evaluator.metric"
    ),
)
