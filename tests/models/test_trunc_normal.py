import math

import torch

from mmlight.models.trunc_normal import trunc_normal_


def test_one_uniform_draw_makes_each_value_when_normal_is_truncated():
    torch.manual_seed(0)
    filled = trunc_normal_(torch.empty(1000), mean=0.5, std=2, a=0, b=1)
    torch.manual_seed(0)
    below = [(1 + math.erf((edge - 0.5) / 2 / math.sqrt(2))) / 2 for edge in (0, 1)]
    drawn = torch.empty(1000).uniform_(2 * below[0] - 1, 2 * below[1] - 1)
    torch.testing.assert_close(drawn.erfinv() * 2 * math.sqrt(2) + 0.5, filled)
    assert 0 <= filled.min() < 0.01
    assert 0.99 < filled.max() <= 1
