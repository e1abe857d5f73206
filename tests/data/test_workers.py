import random
import time

import cv2
import numpy as np
import pytest
import torch

from mmlight.data.workers import (
    StampedCollate,
    WorkerStart,
    pack_device_rng,
    pack_rng,
    restore_device_rng,
    restore_rng,
    worker_seed,
)


@pytest.fixture(autouse=True)
def _own_states():
    state, threads, torch_threads = pack_rng(), cv2.getNumThreads(), torch.get_num_threads()
    yield
    restore_rng(state)
    cv2.setNumThreads(threads)
    torch.set_num_threads(torch_threads)


def draw():
    return [
        random.random(), random.gauss(0, 1), np.random.rand(), np.random.randn(),
        torch.rand(()).item(), torch.randn(()).item(),
    ]  # fmt: skip


@pytest.mark.parametrize("half_pair", [False, True])
def test_restore_rng_repeats_draws_when_packed(half_pair):
    if half_pair:  # normal draws come in pairs, and the second waits in the state
        random.gauss(0, 1)
        np.random.randn()
    packed = pack_rng()
    first = draw()
    draw()
    restore_rng(packed)
    assert draw() == first


def test_restore_rng_raises_when_bytes_are_short():
    with pytest.raises(ValueError, match="more than 5018 bytes, got 3"):
        restore_rng(b"abc")


def test_pack_rng_is_cheap_when_called_per_batch():
    pack_rng()
    start = time.perf_counter()
    for _ in range(200):
        pack_rng()
    assert (time.perf_counter() - start) / 200 < 500e-6  # measured: some 30 us


def test_worker_start_seeds_all_generators_when_fresh():
    WorkerStart(seed=10, rank=2, num_workers=4)(3)
    first = draw()
    seed = worker_seed(3, seed=10, rank=2, num_workers=4)
    assert seed == 21
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    assert draw() == first
    assert cv2.getNumThreads() == 1
    assert torch.get_num_threads() == 1


def test_worker_start_restores_state_when_given():
    state = pack_rng()
    expected = draw()
    WorkerStart(seed=0, rank=0, num_workers=2, states={1: state})(1)
    assert draw() == expected


@pytest.mark.parametrize("given", [True, False])
def test_worker_start_takes_part_of_another_when_turned(given):
    WorkerStart(seed=5, rank=0, num_workers=3)(1)
    state = pack_rng()
    expected = draw()
    WorkerStart(seed=5, rank=0, num_workers=3, states={1: state} if given else {}, turn=5)(2)
    assert draw() == expected


def test_worker_start_calls_a_users_function_before_it_restores_a_state():
    called = []

    def own(number):
        called.append(number)
        random.seed(0)

    WorkerStart(seed=5, rank=0, num_workers=3, turn=1, own=own)(1)
    assert random.random() == random.Random(0).random()
    state = pack_rng()
    expected = draw()
    WorkerStart(seed=5, rank=0, num_workers=3, states={2: state}, own=own)(2)
    assert called == [2, 2]
    assert draw() == expected


def test_stamped_collate_adds_state_after_batch_when_called():
    batch, state = StampedCollate(lambda samples: [np.random.rand() for _ in samples])([1, 2])
    expected = draw()
    restore_rng(state)
    assert len(batch) == 2
    assert draw() == expected


def test_device_state_is_empty_when_cuda_is_unused():
    if torch.cuda.is_initialized():
        pytest.skip("CUDA is in use")
    assert pack_device_rng() == b""
    restore_device_rng(b"")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_device_state_repeats_draws_when_packed():
    torch.rand(1, device="cuda")
    packed = pack_device_rng()
    first = torch.rand(5, device="cuda")
    restore_device_rng(packed)
    assert torch.equal(torch.rand(5, device="cuda"), first)
