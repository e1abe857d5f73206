# ruff: noqa: E501 (a table)
"""Names of the originals' model zoos and the files that they stand for.

To add a name: add its row; tests/reference/test_checkpoints_in.py compares with the originals.
"""

from types import MappingProxyType
from typing import Final

OPENMMLAB_ROOT: Final = "https://download.openmmlab.com/"
TORCHVISION_ROOT: Final = "https://download.pytorch.org/models/"

DEPRECATED: Final = MappingProxyType(
    {
        "resnet50_caffe": "detectron/resnet50_caffe",
        "resnet50_caffe_bgr": "detectron2/resnet50_caffe_bgr",
        "resnet101_caffe": "detectron/resnet101_caffe",
        "resnet101_caffe_bgr": "detectron2/resnet101_caffe_bgr",
    }
)
"""Old name of `open-mmlab://` -> new name; two of the new ones never had a file."""

# fmt: off
OPENMMLAB: Final = MappingProxyType({
    "vgg16_caffe": "pretrain/third_party/vgg16_caffe-292e1171.pth",
    "detectron/resnet50_caffe": "pretrain/third_party/resnet50_caffe-788b5fa3.pth",
    "detectron2/resnet50_caffe": "pretrain/third_party/resnet50_msra-5891d200.pth",
    "detectron/resnet101_caffe": "pretrain/third_party/resnet101_caffe-3ad79236.pth",
    "detectron2/resnet101_caffe": "pretrain/third_party/resnet101_msra-6cc46731.pth",
    "detectron2/resnext101_32x8d": "pretrain/third_party/resnext101_32x8d-1516f1aa.pth",
    "resnext50_32x4d": "pretrain/third_party/resnext50-32x4d-0ab1a123.pth",
    "resnext101_32x4d": "pretrain/third_party/resnext101_32x4d-a5af3160.pth",
    "resnext101_64x4d": "pretrain/third_party/resnext101_64x4d-ee2c6f71.pth",
    "contrib/resnet50_gn": "pretrain/third_party/resnet50_gn_thangvubk-ad1730dd.pth",
    "detectron/resnet50_gn": "pretrain/third_party/resnet50_gn-9186a21c.pth",
    "detectron/resnet101_gn": "pretrain/third_party/resnet101_gn-cac0ab98.pth",
    "jhu/resnet50_gn_ws": "pretrain/third_party/resnet50_gn_ws-15beedd8.pth",
    "jhu/resnet101_gn_ws": "pretrain/third_party/resnet101_gn_ws-3e3c308c.pth",
    "jhu/resnext50_32x4d_gn_ws": "pretrain/third_party/resnext50_32x4d_gn_ws-0d87ac85.pth",
    "jhu/resnext101_32x4d_gn_ws": "pretrain/third_party/resnext101_32x4d_gn_ws-34ac1a9e.pth",
    "jhu/resnext50_32x4d_gn": "pretrain/third_party/resnext50_32x4d_gn-c7e8b754.pth",
    "jhu/resnext101_32x4d_gn": "pretrain/third_party/resnext101_32x4d_gn-ac3bb84e.pth",
    "msra/hrnetv2_w18_small": "pretrain/third_party/hrnetv2_w18_small-b5a04e21.pth",
    "msra/hrnetv2_w18": "pretrain/third_party/hrnetv2_w18-00eb2006.pth",
    "msra/hrnetv2_w32": "pretrain/third_party/hrnetv2_w32-dc9eeb4f.pth",
    "msra/hrnetv2_w40": "pretrain/third_party/hrnetv2_w40-ed0b031c.pth",
    "msra/hrnetv2_w48": "pretrain/third_party/hrnetv2_w48-d2186c55.pth",
    "bninception_caffe": "pretrain/third_party/bn_inception_caffe-ed2e8665.pth",
    "kin400/i3d_r50_f32s2_k400": "pretrain/third_party/i3d_r50_f32s2_k400-2c57e077.pth",
    "kin400/nl3d_r50_f32s2_k400": "pretrain/third_party/nl3d_r50_f32s2_k400-fa7e7caa.pth",
    "res2net101_v1d_26w_4s": "pretrain/third_party/res2net101_v1d_26w_4s_mmdetv2-f0a600f9.pth",
    "regnetx_400mf": "pretrain/third_party/regnetx_400mf-a5b10d96.pth",
    "regnetx_800mf": "pretrain/third_party/regnetx_800mf-1f4be4c7.pth",
    "regnetx_1.6gf": "pretrain/third_party/regnetx_1.6gf-5791c176.pth",
    "regnetx_3.2gf": "pretrain/third_party/regnetx_3.2gf-c2599b0f.pth",
    "regnetx_4.0gf": "pretrain/third_party/regnetx_4.0gf-a88f671e.pth",
    "regnetx_6.4gf": "pretrain/third_party/regnetx_6.4gf-006af45d.pth",
    "regnetx_8.0gf": "pretrain/third_party/regnetx_8.0gf-3c68abe7.pth",
    "regnetx_12gf": "pretrain/third_party/regnetx_12gf-4c2a3350.pth",
    "resnet18_v1c": "pretrain/third_party/resnet18_v1c-b5776b93.pth",
    "resnet50_v1c": "pretrain/third_party/resnet50_v1c-2cccc1ad.pth",
    "resnet101_v1c": "pretrain/third_party/resnet101_v1c-e67eebb6.pth",
    "mmedit/vgg16": "mmediting/third_party/vgg_state_dict.pth",
    "mmedit/res34_en_nomixup": "mmediting/third_party/model_best_resnet34_En_nomixup.pth",
    "mmedit/mobilenet_v2": "mmediting/third_party/mobilenet_v2.pth",
    "contrib/mobilenet_v3_large": "pretrain/third_party/mobilenet_v3_large-bc2c3fd3.pth",
    "contrib/mobilenet_v3_small": "pretrain/third_party/mobilenet_v3_small-47085aa1.pth",
    "resnest50": "pretrain/third_party/resnest50_d2-7497a55b.pth",
    "resnest101": "pretrain/third_party/resnest101_d2-f3b931b2.pth",
    "resnest200": "pretrain/third_party/resnest200_d2-ca88e41f.pth",
    "darknet53": "pretrain/third_party/darknet53-a628ea1b.pth",
    "mmdet/mobilenet_v2": "mmdetection/v2.0/third_party/mobilenet_v2_batch256_imagenet-ff34753d.pth",
})
"""Name after `open-mmlab://` or `openmmlab://` -> path below `OPENMMLAB_ROOT`."""

MMCLS: Final = MappingProxyType({
    "vgg11": "mmclassification/v0/vgg/vgg11_batch256_imagenet_20210208-4271cd6c.pth",
    "vgg13": "mmclassification/v0/vgg/vgg13_batch256_imagenet_20210208-4d1d6080.pth",
    "vgg16": "mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth",
    "vgg19": "mmclassification/v0/vgg/vgg19_batch256_imagenet_20210208-e6920e4a.pth",
    "vgg11_bn": "mmclassification/v0/vgg/vgg11_bn_batch256_imagenet_20210207-f244902c.pth",
    "vgg13_bn": "mmclassification/v0/vgg/vgg13_bn_batch256_imagenet_20210207-1a8b7864.pth",
    "vgg16_bn": "mmclassification/v0/vgg/vgg16_bn_batch256_imagenet_20210208-7e55cd29.pth",
    "vgg19_bn": "mmclassification/v0/vgg/vgg19_bn_batch256_imagenet_20210208-da620c4f.pth",
    "resnet18": "mmclassification/v0/resnet/resnet18_8xb32_in1k_20210831-fbbb1da6.pth",
    "resnet34": "mmclassification/v0/resnet/resnet34_8xb32_in1k_20210831-f257d4e6.pth",
    "resnet50": "mmclassification/v0/resnet/resnet50_8xb32_in1k_20210831-ea4938fc.pth",
    "resnet101": "mmclassification/v0/resnet/resnet101_8xb32_in1k_20210831-539c63f8.pth",
    "resnet152": "mmclassification/v0/resnet/resnet152_8xb32_in1k_20210901-4d7582fa.pth",
    "resnet50_v1d": "mmclassification/v0/resnet/resnetv1d50_b32x8_imagenet_20210531-db14775a.pth",
    "resnet101_v1d": "mmclassification/v0/resnet/resnetv1d101_b32x8_imagenet_20210531-6e13bcd3.pth",
    "resnet152_v1d": "mmclassification/v0/resnet/resnetv1d152_b32x8_imagenet_20210531-278cf22a.pth",
    "resnext50_32x4d": "mmclassification/v0/resnext/resnext50_32x4d_b32x8_imagenet_20210429-56066e27.pth",
    "resnext101_32x4d": "mmclassification/v0/resnext/resnext101_32x4d_b32x8_imagenet_20210506-e0fa3dd5.pth",
    "resnext101_32x8d": "mmclassification/v0/resnext/resnext101_32x8d_b32x8_imagenet_20210506-23a247d5.pth",
    "resnext152_32x4d": "mmclassification/v0/resnext/resnext152_32x4d_b32x8_imagenet_20210524-927787be.pth",
    "se-resnet50": "mmclassification/v0/se-resnet/se-resnet50_batch256_imagenet_20200804-ae206104.pth",
    "se-resnet101": "mmclassification/v0/se-resnet/se-resnet101_batch256_imagenet_20200804-ba5b51d4.pth",
    "resnest50": "mmclassification/v0/resnest/resnest50_imagenet_converted-1ebf0afe.pth",
    "resnest101": "mmclassification/v0/resnest/resnest101_imagenet_converted-032caa52.pth",
    "resnest200": "mmclassification/v0/resnest/resnest200_imagenet_converted-581a60f2.pth",
    "resnest269": "mmclassification/v0/resnest/resnest269_imagenet_converted-59930960.pth",
    "shufflenet_v1": "mmclassification/v0/shufflenet_v1/shufflenet_v1_batch1024_imagenet_20200804-5d6cec73.pth",
    "shufflenet_v2": "mmclassification/v0/shufflenet_v2/shufflenet_v2_batch1024_imagenet_20200812-5bf4721e.pth",
    "mobilenet_v2": "mmclassification/v0/mobilenet_v2/mobilenet_v2_batch256_imagenet_20200708-3b2dc3af.pth",
    "mobilenet_v3_small": "mmclassification/v0/mobilenet_v3/convert/mobilenet_v3_small-8427ecf0.pth",
    "mobilenet_v3_large": "mmclassification/v0/mobilenet_v3/convert/mobilenet_v3_large-3ea3c186.pth",
    "repvgg_A0": "mmclassification/v0/repvgg/repvgg-A0_3rdparty_4xb64-coslr-120e_in1k_20210909-883ab98c.pth",
    "repvgg_A1": "mmclassification/v0/repvgg/repvgg-A1_3rdparty_4xb64-coslr-120e_in1k_20210909-24003a24.pth",
    "repvgg_A2": "mmclassification/v0/repvgg/repvgg-A2_3rdparty_4xb64-coslr-120e_in1k_20210909-97d7695a.pth",
    "repvgg_B0": "mmclassification/v0/repvgg/repvgg-B0_3rdparty_4xb64-coslr-120e_in1k_20210909-446375f4.pth",
    "repvgg_B1": "mmclassification/v0/repvgg/repvgg-B1_3rdparty_4xb64-coslr-120e_in1k_20210909-750cdf67.pth",
    "repvgg_B1g2": "mmclassification/v0/repvgg/repvgg-B1g2_3rdparty_4xb64-coslr-120e_in1k_20210909-344f6422.pth",
    "repvgg_B1g4": "mmclassification/v0/repvgg/repvgg-B1g4_3rdparty_4xb64-coslr-120e_in1k_20210909-d4c1a642.pth",
    "repvgg_B2": "mmclassification/v0/repvgg/repvgg-B2_3rdparty_4xb64-coslr-120e_in1k_20210909-bd6b937c.pth",
    "repvgg_B2g4": "mmclassification/v0/repvgg/repvgg-B2g4_3rdparty_4xb64-autoaug-lbs-mixup-coslr-200e_in1k_20210909-7b7955f0.pth",
    "repvgg_B3": "mmclassification/v0/repvgg/repvgg-B3_3rdparty_4xb64-autoaug-lbs-mixup-coslr-200e_in1k_20210909-dda968bf.pth",
    "repvgg_B3g4": "mmclassification/v0/repvgg/repvgg-B3g4_3rdparty_4xb64-autoaug-lbs-mixup-coslr-200e_in1k_20210909-4e54846a.pth",
    "repvgg_D2se": "mmclassification/v0/repvgg/repvgg-D2se_3rdparty_4xb64-autoaug-lbs-mixup-coslr-200e_in1k_20210909-cf3139b7.pth",
    "res2net101_w26": "mmclassification/v0/res2net/res2net101-w26-s4_3rdparty_8xb32_in1k_20210927-870b6c36.pth",
    "res2net50_w14": "mmclassification/v0/res2net/res2net50-w14-s8_3rdparty_8xb32_in1k_20210927-bc967bf1.pth",
    "res2net50_w26": "mmclassification/v0/res2net/res2net50-w26-s8_3rdparty_8xb32_in1k_20210927-f547a94b.pth",
    "swin_tiny": "mmclassification/v0/swin-transformer/swin_tiny_224_b16x64_300e_imagenet_20210616_090925-66df6be6.pth",
    "swin_small": "mmclassification/v0/swin-transformer/swin_small_224_b16x64_300e_imagenet_20210615_110219-7f9d988b.pth",
    "swin_base": "mmclassification/v0/swin-transformer/convert/swin_base_patch4_window7_224_22kto1k-f967f799.pth",
    "swin_large": "mmclassification/v0/swin-transformer/convert/swin_large_patch4_window7_224_22kto1k-5f0996db.pth",
    "t2t_vit_t_14": "mmclassification/v0/t2t-vit/t2t-vit-t-14_3rdparty_8xb64_in1k_20210928-b7c09b62.pth",
    "t2t_vit_t_19": "mmclassification/v0/t2t-vit/t2t-vit-t-19_3rdparty_8xb64_in1k_20210928-7f1478d5.pth",
    "t2t_vit_t_24": "mmclassification/v0/t2t-vit/t2t-vit-t-24_3rdparty_8xb64_in1k_20210928-fe95a61b.pth",
    "tnt_small": "mmclassification/v0/tnt/tnt-small-p16_3rdparty_in1k_20210903-c56ee7df.pth",
    "vit_base_p16": "mmclassification/v0/vit/finetune/vit-base-p16_in21k-pre-3rdparty_ft-64xb64_in1k-384_20210928-98e8652b.pth",
    "vit_base_p32": "mmclassification/v0/vit/finetune/vit-base-p32_in21k-pre-3rdparty_ft-64xb64_in1k-384_20210928-9cea8599.pth",
    "vit_large_p16": "mmclassification/v0/vit/finetune/vit-large-p16_in21k-pre-3rdparty_ft-64xb64_in1k-384_20210928-b20ba619.pth",
})
"""Name after `mmcls://` -> path below `OPENMMLAB_ROOT`; its backbone is meant."""

TORCHVISION: Final = MappingProxyType({
    "efficientnet_b0": "efficientnet_b0_rwightman-3dd342df.pth",
    "efficientnet_b1": "efficientnet_b1_rwightman-533bc792.pth",
    "efficientnet_b2": "efficientnet_b2_rwightman-bcdf34b7.pth",
    "efficientnet_b3": "efficientnet_b3_rwightman-cf984f9c.pth",
    "efficientnet_b4": "efficientnet_b4_rwightman-7eb33cd5.pth",
    "efficientnet_b5": "efficientnet_b5_lukemelas-b6417697.pth",
    "efficientnet_b6": "efficientnet_b6_lukemelas-c76e70fd.pth",
    "efficientnet_b7": "efficientnet_b7_lukemelas-dcc49843.pth",
    "inception_v3_google": "inception_v3_google-0cc3c7bd.pth",
    "shufflenetv2_x0.5": "shufflenetv2_x0.5-f707e7126e.pth",
    "shufflenetv2_x1.0": "shufflenetv2_x1-5666bf0f80.pth",
})
"""Name after `torchvision://` -> path below `TORCHVISION_ROOT`, where torchvision 0.12 is not the
first weights of that name in today's torchvision."""
# fmt: on
