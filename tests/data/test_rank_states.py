import torch

from mmlight.data.rank_states import gather_states, to_bytes


def test_state_comes_back_when_saved():
    state = {"batches": 3, "workers": {1: b"\x00\xff"}, "main": b""}
    (saved,) = gather_states(state)
    assert saved["workers"][1].tolist() == [0, 255]
    assert saved["main"].dtype == torch.uint8
    assert to_bytes(saved) == state
