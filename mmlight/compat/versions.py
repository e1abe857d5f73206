"""The versions that the offered packages give as their own: those whose names are offered.

`mmcv` stands for two generations at once. It gives the last version of the first, because code of
the second asks for the version of mmengine.
"""

from typing import Final

MMCV: Final = "1.7.2"
MMENGINE: Final = "0.10.7"
MMCLS: Final = "0.25.0"
MMPRETRAIN: Final = "1.2.0"
MMSELFSUP: Final = "1.0.0"
MMDET: Final = "3.3.0"
MMDET3D: Final = "1.4.0"
