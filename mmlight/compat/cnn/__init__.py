"""Building blocks of networks, as users' own backbones and heads import them from `mmcv.cnn`."""
