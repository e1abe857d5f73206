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
_1X_AUGMENT = "mmpretrain.datasets.transforms.auto_augment"
_RESIZES = "RandomResize RandomChoiceResize"
_TONE = (
    "AutoContrast Invert Equalize Solarize SolarizeAdd Posterize Contrast ColorTransform "
    "Brightness Sharpness"
)
_WARP = "Shear Translate Rotate Cutout"
_WRAPPED = "mmengine.dataset mmengine.dataset.dataset_wrapper"
_EVALUATION = "mmcls.core mmcls.core.evaluation"
_OLD_WRAPPED = "mmcls.datasets mmcls.datasets.dataset_wrappers"


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
    _dataset("cub", "CUB", "cub", "cub"),
    _dataset("stanford_cars", "StanfordCars", "stanford_cars", "stanfordcars"),
    _dataset("voc", "VOC", "voc", "voc"),
    *(
        Offer(f"{_D}.{home}", name, f"mmpretrain.datasets mmpretrain.datasets.{name.lower()}")
        for home, name in (
            *(("list_set", name) for name in ("Caltech101", "FGVCAircraft", "Food101")),
            *(("list_set", name) for name in ("OxfordIIITPet", "SUN397")),
            *(("mat_set", "DTD"), ("mat_set", "Flowers102"), ("places", "Places205")),
        )
    ),
    Offer(
        f"{_D}.multi_label",
        "MultiLabelDataset",
        "mmpretrain.datasets mmpretrain.datasets.multi_label",
    ),
    Offer(
        "mmlight.compat.base_dataset",
        "MultiLabelDataset=OldMultiLabelDataset",
        "mmcls.datasets mmcls.datasets.multi_label",
    ),
    # datasets made of other datasets
    Offer(f"{_D}.repeat", "RepeatDataset", f"{_WRAPPED} {_OLD_WRAPPED}"),
    Offer(f"{_D}.class_balanced", "ClassBalancedDataset", f"{_WRAPPED} {_OLD_WRAPPED}"),
    Offer(f"{_D}.concat", "ConcatDataset", _WRAPPED),
    Offer(
        "mmlight.compat.base_dataset",
        "force_full_init",
        "mmengine.dataset mmengine.dataset.base_dataset",
    ),
    Offer("mmlight.compat.base_dataset", "ConcatDataset=OldConcatDataset", _OLD_WRAPPED),
    Offer(
        f"{_D}.k_fold",
        "KFoldDataset",
        f"{_OLD_WRAPPED} mmpretrain.datasets mmpretrain.datasets.dataset_wrappers",
    ),
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
    Offer(
        f"{_T}.pad",
        "RandomTranslatePad",
        f"{_1X} mmpretrain.datasets.transforms.processing",
    ),
    Offer(
        f"{_T}.albumentations",
        "Albumentations",
        f"{_1X} mmpretrain.datasets.transforms.processing",
    ),
    Offer(
        f"{_T}.vision",
        "MAERandomResizedCrop",
        f"{_1X} mmpretrain.datasets.transforms.processing",
    ),
    Offer(
        f"{_T}.convert",
        "NumpyToPIL PILToNumpy Transpose",
        f"{_1X} mmpretrain.datasets.transforms.formatting",
    ),
    Offer(f"{_T}.convert", "Transpose ToPIL=NumpyToPIL", f"{_0X} {_0X}.formatting"),
    Offer(
        f"{_T}.views",
        "MultiView ApplyToList",
        f"{_1X} mmpretrain.datasets.transforms.wrappers",
    ),
    Offer(f"{_T}.views", "TestTimeAug MultiScaleFlipAug", f"{_MMCV} mmcv.transforms.processing"),
    Offer(f"{_T}.random_resize", _RESIZES, f"{_MMCV} mmcv.transforms.processing"),
    Offer(f"{_T}.choice", "RandomChoice RandomApply", f"{_MMCV} mmcv.transforms.wrappers"),
    Offer(
        f"{_T}.key_mapper",
        "KeyMapper TransformBroadcaster",
        f"{_MMCV} mmcv.transforms.wrappers",
    ),
    Offer(f"{_T}.tone", f"{_TONE} GaussianBlur", f"{_1X} {_1X_AUGMENT}"),
    Offer(f"{_T}.warp", _WARP, f"{_1X} {_1X_AUGMENT}"),
    Offer(f"{_T}.tone", _TONE, f"{_0X} {_0X}.auto_augment"),
    Offer(f"{_T}.warp", "Shear Translate Cutout", f"{_0X} {_0X}.auto_augment"),
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
        "mmlight.data.samplers",
        "SequentialSampler",
        "mmpretrain.datasets mmpretrain.datasets.samplers mmpretrain.datasets.samplers.sequential",
    ),
    Offer(
        "mmlight.compat.samplers",
        "DistributedSampler",
        "mmcls.datasets mmcls.datasets.samplers mmcls.datasets.samplers.distributed_sampler",
    ),
    Offer(
        "mmlight.compat.samplers",
        "RepeatAugSampler=OldRepeatAugSampler",
        "mmcls.datasets mmcls.datasets.samplers mmcls.datasets.samplers.repeat_aug",
    ),
    Offer(
        "mmlight.compat.collate",
        "pseudo_collate default_collate worker_init_fn",
        "mmengine.dataset mmengine.dataset.utils",
    ),
    Offer(
        "mmlight.compat.registries.mmengine",
        "COLLATE_FUNCTIONS=FUNCTIONS",
        "mmengine.dataset mmengine.dataset.utils",
    ),
    # metrics
    Offer(
        "mmlight.compat.base_metric", "BaseMetric", "mmengine.evaluator mmengine.evaluator.metric"
    ),
    Offer(
        "mmlight.metrics.dump_results",
        "DumpResults",
        "mmengine.evaluator mmengine.evaluator.metric",
    ),
    *(
        Offer("mmlight.compat.evaluation", names, f"{_EVALUATION} mmcls.core.evaluation.{module}")
        for module, names in (
            ("eval_metrics", "calculate_confusion_matrix precision_recall_f1 precision recall"),
            ("eval_metrics", "f1_score support"),
            ("mean_ap", "average_precision mAP"),
            ("multilabel_eval_metrics", "average_performance"),
        )
    ),
)
