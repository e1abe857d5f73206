"""Each pass over the validation data draws a number, unless workers persist."""

import pytest
import torch

from mmlight.data.evaluation_loader import EvaluationLoader, draw_base_seed


def next_number():
    return torch.rand(()).item()


def test_pass_draws_what_a_loader_of_torch_draws():
    torch.manual_seed(0)
    list(torch.utils.data.DataLoader(range(3)))
    expected = next_number()
    torch.manual_seed(0)
    draw_base_seed()
    assert next_number() == expected


@pytest.mark.parametrize(
    ("persists", "has_begun", "draws"),
    [(False, False, 2), (False, True, 2), (True, False, 1), (True, True, 0)],
)
def test_passes_draw_as_often_as_iterators_are_made(persists, has_begun, draws):
    begun = []
    loader = EvaluationLoader(
        dataset=range(4),
        num_workers=1 if persists else 0,
        persistent_workers=persists,
        generator=torch.Generator(),
        has_begun=has_begun,
        begin=lambda: begun.append(True),
    )
    torch.manual_seed(0)
    assert [int(x) for x in loader] == [int(x) for x in loader] == [0, 1, 2, 3]
    number = next_number()
    torch.manual_seed(0)
    for _ in range(draws):
        draw_base_seed()
    assert next_number() == number
    assert len(begun) == 2


def test_nothing_is_drawn_before_the_first_batch_is_asked_for():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    iter(EvaluationLoader(dataset=range(4), generator=torch.Generator()))
    assert torch.equal(torch.get_rng_state(), state)
