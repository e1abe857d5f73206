"""Building blocks of networks, and what fills their weights."""

from typing import Final

from mmlight.compat.offers.offer import Offer

OFFERS: Final = (
    Offer(
        "mmlight.compat.cnn.layer",
        "build_conv_layer",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.conv",
    ),
    Offer(
        "mmlight.compat.cnn.layer",
        "build_activation_layer",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.activation",
    ),
    Offer(
        "mmlight.compat.cnn.layer",
        "build_padding_layer",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.padding",
    ),
    Offer(
        "mmlight.compat.cnn.layer",
        "build_upsample_layer",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.upsample",
    ),
    Offer("mmlight.compat.cnn.layer", "build_dropout", "mmcv.cnn.bricks.drop"),
    Offer(
        "mmlight.compat.cnn.norm",
        "build_norm_layer",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.norm",
    ),
    Offer(
        "mmlight.compat.cnn.norm",
        "build_norm_layer=build_norm",
        "mmpretrain.models mmpretrain.models.utils mmpretrain.models.utils.norm",
    ),
    Offer(
        "mmlight.compat.cnn.norm",
        "is_norm",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.norm mmengine.utils.dl_utils "
        "mmengine.utils.dl_utils.misc",
    ),
    Offer(
        "mmlight.compat.cnn.plugin",
        "build_plugin_layer",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.plugin",
    ),
    Offer(
        "mmlight.compat.cnn.conv_module",
        "ConvModule",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.conv_module",
    ),
    Offer(
        "mmlight.compat.cnn.conv_module",
        "DepthwiseSeparableConvModule",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.depthwise_separable_conv_module",
    ),
    Offer(
        "mmlight.compat.cnn.convolution",
        "conv_ws_2d ConvWS2d ConvAWS2d",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.conv_ws",
    ),
    Offer(
        "mmlight.compat.cnn.convolution",
        "Conv2dAdaptivePadding",
        "mmcv.cnn.bricks mmcv.cnn.bricks.conv2d_adaptive_padding",
    ),
    Offer(
        "torch.nn",
        "Conv2d Conv3d ConvTranspose2d ConvTranspose3d MaxPool2d MaxPool3d Linear",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.wrappers",
    ),
    Offer(
        "torch.nn",
        "SyncBatchNorm",
        "mmcv.utils mmcv.utils.parrots_wrapper mmengine.utils.dl_utils.parrots_wrapper",
    ),
    Offer("torch.nn", "GELU", "mmcv.cnn.bricks.activation"),
    Offer(
        "torch.nn.modules.batchnorm",
        "_BatchNorm",
        "mmcv.utils mmcv.utils.parrots_wrapper mmengine.utils.dl_utils.parrots_wrapper",
    ),
    Offer(
        "torch.nn.modules.instancenorm",
        "_InstanceNorm",
        "mmcv.utils mmcv.utils.parrots_wrapper mmengine.utils.dl_utils.parrots_wrapper",
    ),
    Offer(
        "torch.nn.modules.conv",
        "_ConvNd",
        "mmcv.utils mmcv.utils.parrots_wrapper mmengine.utils.dl_utils.parrots_wrapper",
    ),
    Offer(
        "mmlight.compat.cnn.activation", "Swish", "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.swish"
    ),
    Offer(
        "mmlight.compat.cnn.activation", "HSwish", "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.hswish"
    ),
    Offer(
        "mmlight.compat.cnn.activation",
        "HSigmoid",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.hsigmoid",
    ),
    Offer("mmlight.compat.cnn.activation", "Clamp", "mmcv.cnn.bricks.activation"),
    Offer("mmlight.compat.cnn.layer", "Dropout", "mmcv.cnn.bricks mmcv.cnn.bricks.drop"),
    Offer("mmlight.models.layers.drop_path", "DropPath", "mmcv.cnn.bricks mmcv.cnn.bricks.drop"),
    Offer("mmlight.compat.cnn.scale", "Scale", "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.scale"),
    Offer(
        "mmlight.compat.cnn.scale",
        "LayerScale",
        "mmcv.cnn.bricks mmcv.cnn.bricks.scale mmcls.models.utils mmcls.models.utils.layer_scale",
    ),
    Offer(
        "mmlight.compat.cnn.scale",
        "LayerScale=InitLayerScale",
        "mmpretrain.models mmpretrain.models.utils mmpretrain.models.utils.layer_scale",
    ),
    Offer("mmlight.compat.cnn.convolution", "PixelShufflePack", "mmcv.cnn.bricks.upsample"),
    Offer(
        "mmlight.compat.cnn.context_block",
        "ContextBlock",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.context_block",
    ),
    Offer(
        "mmlight.compat.cnn.non_local",
        "NonLocal1d NonLocal2d NonLocal3d",
        "mmcv.cnn mmcv.cnn.bricks mmcv.cnn.bricks.non_local",
    ),
    Offer(
        "mmlight.compat.cnn.transformer",
        "FFN MultiheadAttention build_attention build_feedforward_network",
        "mmcv.cnn.bricks.transformer",
    ),
    Offer(
        "mmlight.compat.cnn.patch_embed",
        "PatchEmbed AdaptivePadding",
        "mmcv.cnn.bricks.transformer",
    ),
    Offer(
        "mmlight.compat.cnn.fuse",
        "fuse_conv_bn",
        "mmcv.cnn mmcv.cnn.utils mmcv.cnn.utils.fuse_conv_bn",
    ),
    Offer(
        "mmlight.compat.cnn.channel",
        "make_divisible",
        "mmcls.models.utils mmcls.models.utils.make_divisible mmpretrain.models "
        "mmpretrain.models.utils mmpretrain.models.utils.make_divisible",
    ),
    Offer(
        "mmlight.compat.cnn.channel",
        "channel_shuffle",
        "mmcls.models.utils mmcls.models.utils.channel_shuffle mmpretrain.models "
        "mmpretrain.models.utils mmpretrain.models.utils.channel_shuffle",
    ),
    Offer(
        "mmlight.compat.cnn.channel",
        "SELayer",
        "mmcls.models.utils mmcls.models.utils.se_layer mmpretrain.models "
        "mmpretrain.models.utils mmpretrain.models.utils.se_layer",
    ),
    Offer(
        "mmlight.compat.cnn.channel",
        "InvertedResidual",
        "mmcls.models.utils mmcls.models.utils.inverted_residual mmpretrain.models "
        "mmpretrain.models.utils mmpretrain.models.utils.inverted_residual",
    ),
    Offer(
        "mmlight.compat.cnn.norm",
        "LayerNorm2d",
        "mmcls.models.backbones.convnext mmpretrain.models mmpretrain.models.utils "
        "mmpretrain.models.utils.norm",
    ),
    Offer(
        "timm.layers",
        "QuickGELU",
        "mmpretrain.models mmpretrain.models.utils mmpretrain.models.utils.clip_generator_helper",
    ),
    Offer(
        "mmlight.models.layers.position",
        "resize_pos_embed",
        "mmcls.models.utils mmcls.models.utils.embed mmpretrain.models "
        "mmpretrain.models.utils mmpretrain.models.utils.embed",
    ),
    Offer(
        "mmlight.compat.initialize",
        "constant_init xavier_init normal_init trunc_normal_init uniform_init "
        "kaiming_init caffe2_xavier_init bias_init_with_prob initialize",
        "mmcv.cnn mmcv.cnn.utils mmcv.cnn.utils.weight_init mmengine.model "
        "mmengine.model.weight_init",
    ),
    Offer(
        "mmlight.compat.initialize",
        "update_init_info BaseInit",
        "mmcv.cnn.utils.weight_init mmengine.model mmengine.model.weight_init",
    ),
    Offer(
        "mmlight.models.trunc_normal",
        "trunc_normal_",
        "mmcv.cnn.utils.weight_init mmengine.model.weight_init",
    ),
    Offer(
        "mmlight.models.initializers",
        "ConstantInit=Constant XavierInit=Xavier NormalInit=Normal "
        "TruncNormalInit=TruncNormal UniformInit=Uniform KaimingInit=Kaiming "
        "Caffe2XavierInit=Caffe2Xavier",
        "mmcv.cnn mmcv.cnn.utils mmcv.cnn.utils.weight_init mmengine.model "
        "mmengine.model.weight_init",
    ),
    Offer(
        "mmlight.compat.base_module",
        "BaseModule Sequential ModuleList ModuleDict",
        "mmcv.runner mmcv.runner.base_module mmengine.model mmengine.model.base_module",
    ),
    Offer(
        "mmlight.compat.base_module",
        "BaseBackbone",
        "mmcls.models.backbones.base_backbone mmpretrain.models.backbones.base_backbone",
    ),
)
