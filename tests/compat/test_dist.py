import pytest

from mmlight.compat import dist
from mmlight.errors import UnsupportedValueError


def test_process_is_alone_when_nothing_is_started():
    assert dist.get_dist_info() == (0, 1)
    assert dist.get_local_rank() == 0
    assert not dist.is_distributed()
    assert dist.is_main_process()
    assert dist.get_backend() is None
    assert str(dist.get_comm_device()) == "cpu"
    assert dist.barrier() is None


def test_function_runs_when_rank_is_zero(monkeypatch):
    @dist.master_only
    def answer(x):
        return x

    assert answer(3) == 3
    monkeypatch.setattr(dist, "get_rank", lambda group=None: 1)
    assert answer(3) is None


@pytest.mark.parametrize(
    ("variable", "launcher"),
    [("WORLD_SIZE", "pytorch"), ("SLURM_NTASKS", "slurm"), (None, "none")],
)
def test_launcher_follows_environment_when_inferred(monkeypatch, variable, launcher):
    for name in ("WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "2")
    assert dist.infer_launcher() == launcher


def test_start_is_refused_when_asked_for():
    with pytest.raises(UnsupportedValueError, match="init_dist: processes are not started by hand"):
        dist.init_dist("pytorch", backend="nccl")
