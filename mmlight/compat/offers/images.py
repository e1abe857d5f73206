"""Images as arrays."""

from typing import Final

from mmlight.compat.offers.offer import Offer

OFFERS: Final = (
    Offer(
        "mmlight.compat.image.file",
        "imread imfrombytes imwrite use_backend supported_backends",
        "mmcv mmcv.image mmcv.image.io",
    ),
    Offer(
        "mmlight.compat.image.size",
        "imresize imresize_like imresize_to_multiple rescale_size imrescale impad "
        "impad_to_multiple",
        "mmcv mmcv.image mmcv.image.geometric",
    ),
    Offer(
        "mmlight.compat.image.geometry",
        "imflip imflip_ imrotate imshear imtranslate",
        "mmcv mmcv.image mmcv.image.geometric",
    ),
    Offer("mmlight.compat.image.patch", "imcrop cutout", "mmcv mmcv.image mmcv.image.geometric"),
    Offer(
        "mmlight.compat.image.color_space",
        "imconvert bgr2gray rgb2gray gray2bgr gray2rgb bgr2rgb rgb2bgr bgr2hsv "
        "hsv2bgr bgr2hls hls2bgr",
        "mmcv mmcv.image mmcv.image.colorspace",
    ),
    Offer(
        "mmlight.compat.image.normalize",
        "imnormalize imnormalize_ imdenormalize",
        "mmcv mmcv.image mmcv.image.photometric",
    ),
    Offer("mmlight.compat.image.normalize", "tensor2imgs", "mmcv mmcv.image mmcv.image.misc"),
    Offer(
        "mmlight.compat.image.colors",
        "iminvert solarize posterize adjust_color adjust_brightness adjust_contrast "
        "adjust_hue adjust_sharpness adjust_lighting auto_contrast imequalize "
        "lut_transform clahe",
        "mmcv mmcv.image mmcv.image.photometric",
    ),
)
