"""The import names of mmcv, mmengine, mmcls, ... for users' own code.

`provide_names()` around a block, or `install()` for good, lets `from mmcv.runner import Hook` find
what lives in mmlight. Importing mmlight alone changes nothing.
"""

from mmlight.compat.finder import install as install
from mmlight.compat.finder import provide_names as provide_names
from mmlight.compat.finder import uninstall as uninstall
