import random
from itertools import islice

import numpy as np
import pytest
import torch

from mmlight.data.evaluation_loader import draw_base_seed
from mmlight.data.loader import ENDLESS, ResumableLoader
from mmlight.data.samplers import DefaultSampler, InfiniteSampler
from mmlight.data.workers import WorkerStart


class Noisy(torch.utils.data.Dataset):
    """Each sample is its index and a draw from each generator."""

    def __len__(self):
        return 22

    def __getitem__(self, index):
        return index, random.random(), np.random.rand(), torch.rand(()).item()


def build(num_workers, persistent=False, sampler=DefaultSampler, **options):
    dataset = Noisy()
    return ResumableLoader(
        dataset,
        sampler(dataset, seed=7),
        batch_size=3,
        collate_fn=list,
        worker_start=WorkerStart(seed=7, rank=0, num_workers=num_workers),
        num_workers=num_workers,
        persistent_workers=persistent,
        **options,
    )


def seed_main():
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)


MODES = [(0, False), (2, False), (2, True), (3, True)]


@pytest.mark.filterwarnings("ignore:This DataLoader will create 3 worker")
@pytest.mark.parametrize(("workers", "persistent"), MODES)
@pytest.mark.parametrize("stop", [1, 3, 5, 8])
def test_loader_goes_on_the_same_when_resumed(workers, persistent, stop):
    def epochs(loader, numbers):
        for number in numbers:
            loader.batch_sampler.sampler.set_epoch(number)
            yield from loader

    seed_main()
    unbroken = list(epochs(build(workers, persistent), range(4)))
    assert len(unbroken) == 4 * 8

    seed_main()
    loader = build(workers, persistent)
    run = epochs(loader, range(4))
    before = list(islice(run, 8 + stop))
    state = loader.position(stop, ended=stop == 8)
    del run
    seed_main()
    resumed = build(workers, persistent)
    resumed.resume(state)
    after = list(epochs(resumed, range(2 if stop == 8 else 1, 4)))
    assert before + after == unbroken


def test_loader_without_end_has_a_length_that_no_run_comes_to():
    loader = build(0, sampler=InfiniteSampler)
    assert len(loader) == ENDLESS
    assert len(list(islice(loader, 5))) == 5


def test_loader_reads_epoch_late_when_workers_prefetch():
    loader = build(2)
    batches = iter(loader)
    loader.batch_sampler.sampler.set_epoch(5)
    order = DefaultSampler(range(22), seed=7)
    order.set_epoch(5)
    assert [sample[0] for batch in batches for sample in batch] == list(order)


def test_loader_seeds_workers_anew_when_they_do_not_persist():
    loader = build(2)
    assert list(loader) == list(loader)  # the originals' habit, too


def test_loader_draws_one_number_for_an_epoch_as_torch_does():
    seed_main()
    draw_base_seed()
    state = torch.get_rng_state()
    seed_main()
    list(build(2))
    assert torch.equal(torch.get_rng_state(), state)


def test_loader_resumes_only_place_when_not_exact():
    loader = build(0, exact=False)
    whole = [[sample[0] for sample in batch] for batch in loader]
    assert loader.position(2) == {"batches": 2, "num_workers": 0}
    loader.resume({"batches": 2, "num_workers": 0})
    assert [[sample[0] for sample in batch] for batch in loader] == whole[2:]


def test_loader_keeps_place_when_asked_before_first_batch():
    loader = build(2)
    state = {"batches": 2, "num_workers": 2, "workers": {}}
    loader.resume(state)
    assert loader.position() == state
