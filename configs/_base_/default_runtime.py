"""A checkpoint every epoch, a log line every 100 iterations, in mmcls 0.x words."""

checkpoint_config = dict(interval=1)
log_config = dict(interval=100, hooks=[dict(type="TextLoggerHook")])
dist_params = dict(backend="nccl")
log_level = "INFO"
load_from = None
resume_from = None
workflow = [("train", 1)]
