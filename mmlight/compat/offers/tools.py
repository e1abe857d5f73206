"""Processes, sequences, versions and other tools."""

from typing import Final

from mmlight.compat.offers.offer import Offer

OFFERS: Final = (
    Offer(
        "mmlight.compat.dist",
        "init_dist get_dist_info master_only",
        "mmcv.runner mmcv.runner.dist_utils mmengine.dist mmengine.dist.utils",
    ),
    Offer(
        "mmlight.compat.dist",
        "infer_launcher is_distributed get_world_size get_rank get_local_rank "
        "get_backend get_comm_device get_default_group is_main_process barrier",
        "mmengine.dist mmengine.dist.utils",
    ),
    Offer(
        "mmlight.compat.collective",
        "all_reduce all_reduce_dict all_reduce_params all_gather gather broadcast "
        "all_gather_object gather_object broadcast_object_list collect_results "
        "collect_results_cpu collect_results_gpu sync_random_seed",
        "mmengine.dist mmengine.dist.dist",
    ),
    Offer(
        "mmlight.compat.collective",
        "sync_random_seed=share_seed",
        "mmcls.core mmcls.core.utils mmcls.core.utils.dist_utils",
    ),
    Offer(
        "mmlight.compat.collective",
        "allreduce_params allreduce_grads",
        "mmcv.runner mmcv.runner.dist_utils",
    ),
    Offer(
        "mmlight.compat.named_instance",
        "ManagerMixin",
        "mmengine mmengine.utils mmengine.utils.manager",
    ),
    Offer(
        "mmlight.compat.sequence",
        "is_str is_seq_of is_list_of is_tuple_of iter_cast list_cast tuple_cast "
        "slice_list concat_list",
        "mmcv mmcv.utils mmcv.utils.misc mmengine mmengine.utils mmengine.utils.misc",
    ),
    Offer(
        "mmlight.compat.sequence",
        "to_ntuple to_2tuple to_3tuple to_4tuple",
        "mmcv.utils mmcv.utils.misc mmcls.models.utils mmcls.models.utils.helpers "
        "mmengine mmengine.utils mmengine.utils.misc mmpretrain.models "
        "mmpretrain.models.utils mmpretrain.models.utils.helpers",
    ),
    Offer(
        "mmlight.compat.sequence",
        "to_1tuple",
        "mmcv.utils mmcv.utils.misc mmcls.models.utils.helpers mmengine "
        "mmengine.utils mmengine.utils.misc mmpretrain.models.utils.helpers",
    ),
    Offer("mmlight.compat.sequence", "apply_to", "mmengine mmengine.utils mmengine.utils.misc"),
    Offer(
        "mmlight.compat.timer",
        "Timer TimerError check_time",
        "mmcv mmcv.utils mmcv.utils.timer mmengine mmengine.utils mmengine.utils.timer",
    ),
    Offer(
        "mmlight.compat.timer",
        "ProgressBar track_progress track_iter_progress track_parallel_progress",
        "mmcv mmcv.utils mmcv.utils.progressbar mmengine mmengine.utils mmengine.utils.progressbar",
    ),
    Offer(
        "mmlight.compat.requirement",
        "import_modules_from_strings has_method is_method_overridden "
        "check_prerequisites requires_package requires_executable "
        "deprecated_api_warning",
        "mmcv mmcv.utils mmcv.utils.misc mmengine mmengine.utils mmengine.utils.misc",
    ),
    Offer(
        "mmlight.compat.requirement",
        "get_object_from_string",
        "mmengine mmengine.utils mmengine.utils.misc",
    ),
    Offer(
        "mmlight.compat.requirement",
        "is_installed",
        "mmengine mmengine.utils mmengine.utils.package_utils",
    ),
    Offer(
        "mmlight.compat.environment",
        "digit_version",
        "mmcv mmcv.utils mmcv.utils.version_utils mmcls mmengine mmengine.utils "
        "mmengine.utils.version_utils mmpretrain",
    ),
    Offer(
        "mmlight.compat.environment",
        "get_git_hash",
        "mmcv mmcv.utils mmcv.utils.version_utils mmengine mmengine.utils "
        "mmengine.utils.version_utils",
    ),
    Offer("mmlight.compat.environment", "TORCH_VERSION", "mmcv mmcv.utils mmengine.utils.dl_utils"),
    Offer(
        "mmlight.compat.environment",
        "collect_env",
        "mmcv mmcv.utils mmcv.utils.env mmcls.utils mmcls.utils.collect_env "
        "mmengine.utils.dl_utils mmengine.utils.dl_utils.collect_env mmpretrain.utils "
        "mmpretrain.utils.collect_env",
    ),
    Offer(
        "mmlight.compat.environment",
        "set_random_seed",
        "mmcv.runner mmcv.runner.utils mmcls.apis mmcls.apis.train mmengine.runner "
        "mmengine.runner.utils",
    ),
    Offer("mmlight.compat.environment", "auto_select_device", "mmcls.utils mmcls.utils.device"),
    Offer(
        "mmlight.compat.environment", "get_time_str get_host_info", "mmcv.runner mmcv.runner.utils"
    ),
    Offer(
        "mmlight.compat.environment",
        "is_tracing",
        "mmcls.models.utils mmcls.models.utils.helpers mmpretrain.models "
        "mmpretrain.models.utils mmpretrain.models.utils.helpers",
    ),
    Offer(
        "mmlight.compat.environment",
        "is_jit_tracing=is_tracing",
        "mmcv mmcv.utils mmcv.utils.trace mmengine.utils.dl_utils mmengine.utils.dl_utils.trace",
    ),
    Offer(
        "mmlight.compat.environment",
        "get_device=auto_select_device",
        "mmcv.device mmcv.device.utils mmengine.device mmengine.device.utils",
    ),
    Offer(
        "mmlight.compat.wrapper",
        "is_model_wrapper",
        "mmengine.model mmengine.model.wrappers mmengine.model.wrappers.utils",
    ),
    Offer("mmlight.compat.wrapper", "is_module_wrapper", "mmcv.parallel mmcv.parallel.utils"),
    Offer("mmlight.compat.wrapper", "get_ori_model", "mmpretrain.utils mmpretrain.utils.misc"),
    Offer(
        "mmlight.compat.wrapper",
        "revert_sync_batchnorm",
        "mmcv.cnn.utils mmcv.cnn.utils.sync_bn mmengine.model mmengine.model.utils",
    ),
    Offer(
        "mmlight.compat.precision",
        "auto_fp16 force_fp32 wrap_fp16_model",
        "mmcv.runner mmcv.runner.fp16_utils",
    ),
)
