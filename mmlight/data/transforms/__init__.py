"""The steps of a data pipeline: each takes a dict of results and returns it changed.

Arguments carry the names of mmpretrain 1.2 and mmcv 2.x. Where mmcls 0.25 draws other random
numbers or computes other pixels, a class takes `generation='0.x'`. Under the same seeds (`random`,
`numpy.random`) every class gives the pixels of the original.
"""

from mmlight.data.transforms.albumentations import Albumentations as Albumentations
from mmlight.data.transforms.auto_augment import AutoAugment as AutoAugment
from mmlight.data.transforms.auto_augment import RandAugment as RandAugment
from mmlight.data.transforms.choice import RandomApply as RandomApply
from mmlight.data.transforms.choice import RandomChoice as RandomChoice
from mmlight.data.transforms.compose import Compose as Compose
from mmlight.data.transforms.contract import Generation as Generation
from mmlight.data.transforms.contract import Results as Results
from mmlight.data.transforms.contract import Transform as Transform
from mmlight.data.transforms.convert import NumpyToPIL as NumpyToPIL
from mmlight.data.transforms.convert import PILToNumpy as PILToNumpy
from mmlight.data.transforms.convert import Transpose as Transpose
from mmlight.data.transforms.crop import CenterCrop as CenterCrop
from mmlight.data.transforms.crop import EfficientNetCenterCrop as EfficientNetCenterCrop
from mmlight.data.transforms.crop import RandomCrop as RandomCrop
from mmlight.data.transforms.erase import RandomErasing as RandomErasing
from mmlight.data.transforms.flip import RandomFlip as RandomFlip
from mmlight.data.transforms.jitter import ColorJitter as ColorJitter
from mmlight.data.transforms.jitter import Lighting as Lighting
from mmlight.data.transforms.jitter import RandomGrayscale as RandomGrayscale
from mmlight.data.transforms.key_mapper import KeyMapper as KeyMapper
from mmlight.data.transforms.key_mapper import TransformBroadcaster as TransformBroadcaster
from mmlight.data.transforms.load import LoadImageFromFile as LoadImageFromFile
from mmlight.data.transforms.normalize import Normalize as Normalize
from mmlight.data.transforms.operation import Operation as Operation
from mmlight.data.transforms.pack import Collect as Collect
from mmlight.data.transforms.pack import ImageToTensor as ImageToTensor
from mmlight.data.transforms.pack import PackInputs as PackInputs
from mmlight.data.transforms.pack import ToTensor as ToTensor
from mmlight.data.transforms.pad import Pad as Pad
from mmlight.data.transforms.pad import RandomTranslatePad as RandomTranslatePad
from mmlight.data.transforms.random_resize import RandomChoiceResize as RandomChoiceResize
from mmlight.data.transforms.random_resize import RandomResize as RandomResize
from mmlight.data.transforms.resize import Resize as Resize
from mmlight.data.transforms.resize import ResizeEdge as ResizeEdge
from mmlight.data.transforms.resized_crop import EfficientNetRandomCrop as EfficientNetRandomCrop
from mmlight.data.transforms.resized_crop import RandomResizedCrop as RandomResizedCrop
from mmlight.data.transforms.tone import AutoContrast as AutoContrast
from mmlight.data.transforms.tone import Brightness as Brightness
from mmlight.data.transforms.tone import ColorTransform as ColorTransform
from mmlight.data.transforms.tone import Contrast as Contrast
from mmlight.data.transforms.tone import Equalize as Equalize
from mmlight.data.transforms.tone import GaussianBlur as GaussianBlur
from mmlight.data.transforms.tone import Invert as Invert
from mmlight.data.transforms.tone import Posterize as Posterize
from mmlight.data.transforms.tone import Sharpness as Sharpness
from mmlight.data.transforms.tone import Solarize as Solarize
from mmlight.data.transforms.tone import SolarizeAdd as SolarizeAdd
from mmlight.data.transforms.views import ApplyToList as ApplyToList
from mmlight.data.transforms.views import MultiScaleFlipAug as MultiScaleFlipAug
from mmlight.data.transforms.views import MultiView as MultiView
from mmlight.data.transforms.views import TestTimeAug as TestTimeAug
from mmlight.data.transforms.vision import MAERandomResizedCrop as MAERandomResizedCrop
from mmlight.data.transforms.vision import TorchVision as TorchVision
from mmlight.data.transforms.warp import Cutout as Cutout
from mmlight.data.transforms.warp import Rotate as Rotate
from mmlight.data.transforms.warp import Shear as Shear
from mmlight.data.transforms.warp import Translate as Translate
