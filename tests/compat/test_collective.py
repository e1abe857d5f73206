import pytest
import torch
from torch import distributed, multiprocessing

from mmlight.compat import collective, dist


def test_values_stay_when_process_is_alone():
    tensor = torch.ones(2)
    collective.all_reduce(tensor, "mean")
    collective.broadcast(tensor)
    assert tensor.tolist() == [1, 1]
    assert collective.collect_results([1, None, 3], 2) == [1, None]
    assert 0 <= collective.sync_random_seed() < 2**31
    assert collective.share_seed(7) == 7
    assert 0 <= collective.share_seed() < 2**31


def test_operation_is_refused_when_unknown():
    with pytest.raises(ValueError, match=r"op must be one of .* got 'avg'"):
        collective.all_reduce(torch.ones(1), "avg")
    with pytest.raises(ValueError, match=r"device must be .* got 'tpu'"):
        collective.collect_results([], 0, device="tpu")


def send(rank, address, queue):
    """Run in one of two processes."""
    distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    tensor = torch.full((2,), float(rank + 1))
    summed, mean, sent = tensor.clone(), tensor.clone(), tensor.clone()
    collective.all_reduce(summed)
    collective.all_reduce(mean, "mean")
    collective.broadcast(sent, src=1)
    values = {"b": tensor.clone(), "a": torch.full((1, 1), 5.0)}
    collective.all_reduce_dict(values)
    layer = torch.nn.Linear(1, 1)
    for parameter in layer.parameters():
        parameter.data.fill_(rank)
        parameter.grad = torch.full_like(parameter, rank * 4.0)
    collective.allreduce_params(layer.parameters())
    collective.allreduce_grads(layer.parameters(), coalesce=False)
    objects = [rank]
    collective.broadcast_object_list(objects, src=1)
    found = {
        "info": dist.get_dist_info(),
        "summed": summed.tolist(),
        "mean": mean.tolist(),
        "sent": sent.tolist(),
        "dict": [values["a"].tolist(), values["b"].tolist()],
        "parameters": [p.item() for p in layer.parameters()],
        "gradients": [p.grad.item() for p in layer.parameters()],
        "gathered": [t.tolist() for t in collective.all_gather(tensor)],
        "gather": len(collective.gather(tensor, dst=1)),
        "objects": collective.all_gather_object({"rank": rank}),
        "object list": objects,
        "results": collective.collect_results([rank, rank + 10], 3),
        "seed": collective.sync_random_seed(),
        "given": collective.share_seed(rank + 3),
    }
    queue.put((rank, found))
    dist.barrier()
    distributed.destroy_process_group()


@pytest.mark.slow
def test_values_are_shared_when_two_processes_talk(tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    address = f"file://{tmp_path / 'meet'}"
    processes = [context.Process(target=send, args=(rank, address, queue)) for rank in (0, 1)]
    for process in processes:
        process.start()
    found = dict(queue.get(timeout=120) for _ in processes)
    for process in processes:
        process.join(timeout=60)
    for rank in (0, 1):
        own = found[rank]
        assert own["info"] == (rank, 2)
        assert own["summed"] == [3, 3]
        assert own["mean"] == [1.5, 1.5]
        assert own["sent"] == [2, 2]
        assert own["dict"] == [[[10]], [3, 3]]
        assert own["parameters"] == [0.5, 0.5]
        assert own["gradients"] == [2, 2]
        assert own["gathered"] == [[1, 1], [2, 2]]
        assert own["objects"] == [{"rank": 0}, {"rank": 1}]
        assert own["object list"] == [1]
    assert [found[rank]["gather"] for rank in (0, 1)] == [0, 2]
    assert [found[rank]["results"] for rank in (0, 1)] == [[0, 1, 10], None]
    assert found[0]["seed"] == found[1]["seed"]
    assert [found[rank]["given"] for rank in (0, 1)] == [3, 3]
