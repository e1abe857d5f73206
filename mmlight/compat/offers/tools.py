"""Files, images, processes, logs, versions and other tools."""

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
    Offer("mmlight.compat.log", "get_logger", "mmcv mmcv.utils mmcv.utils.logging"),
    Offer("mmlight.compat.log", "get_root_logger load_json_log", "mmcls.utils mmcls.utils.logger"),
    Offer("mmlight.compat.log", "MMLogger", "mmengine mmengine.logging mmengine.logging.logger"),
    Offer(
        "mmlight.compat.log",
        "print_log",
        "mmcv mmcv.utils mmcv.utils.logging mmengine mmengine.logging mmengine.logging.logger",
    ),
    Offer(
        "mmlight.compat.message_hub",
        "MessageHub",
        "mmengine mmengine.logging mmengine.logging.message_hub",
    ),
    Offer(
        "mmlight.compat.history_buffer",
        "HistoryBuffer",
        "mmengine mmengine.logging mmengine.logging.history_buffer",
    ),
    Offer("mmlight.compat.log_buffer", "LogBuffer", "mmcv.runner mmcv.runner.log_buffer"),
    Offer(
        "mmlight.compat.old_logger_hook",
        "LoggerHook",
        "mmcv.runner mmcv.runner.hooks mmcv.runner.hooks.logger mmcv.runner.hooks.logger.base",
    ),
    Offer(
        "mmlight.compat.text_logger_hook",
        "TextLoggerHook",
        "mmcv.runner mmcv.runner.hooks mmcv.runner.hooks.logger mmcv.runner.hooks.logger.text",
    ),
    Offer(
        "mmlight.compat.logger_hook",
        "LoggerHook",
        "mmengine.hooks mmengine.hooks.logger_hook",
    ),
    Offer(
        "mmlight.compat.log_processor",
        "LogProcessor",
        "mmengine.runner mmengine.runner.log_processor",
    ),
    Offer(
        "mmlight.compat.visualizer",
        "Visualizer",
        "mmengine.visualization mmengine.visualization.visualizer",
    ),
    Offer(
        "mmlight.compat.visualizer",
        "UniversalVisualizer",
        "mmpretrain.visualization mmpretrain.visualization.visualizer",
    ),
    Offer(
        "mmlight.compat.vis_backend",
        "BaseVisBackend LocalVisBackend",
        "mmengine.visualization mmengine.visualization.vis_backend",
    ),
    Offer("mmlight.compat.vis_backend", "force_init_env", "mmengine.visualization.vis_backend"),
    Offer(
        "mmlight.compat.named_instance",
        "ManagerMixin",
        "mmengine mmengine.utils mmengine.utils.manager",
    ),
    Offer(
        "mmlight.data.storage.backend",
        "BaseStorageBackend=Backend",
        "mmcv mmcv.fileio mmcv.fileio.file_client mmengine mmengine.fileio "
        "mmengine.fileio.backends mmengine.fileio.backends.base",
    ),
    Offer(
        "mmlight.data.storage.local",
        "LocalBackend",
        "mmengine mmengine.fileio mmengine.fileio.backends mmengine.fileio.backends.local_backend",
    ),
    Offer(
        "mmlight.data.storage.local",
        "HardDiskBackend=LocalBackend",
        "mmcv.fileio.file_client mmengine mmengine.fileio mmengine.fileio.file_client",
    ),
    Offer(
        "mmlight.data.storage.web",
        "HTTPBackend",
        "mmcv.fileio.file_client mmengine mmengine.fileio mmengine.fileio.backends "
        "mmengine.fileio.backends.http_backend",
    ),
    Offer(
        "mmlight.data.storage.lmdb",
        "LmdbBackend",
        "mmcv.fileio.file_client mmengine mmengine.fileio mmengine.fileio.backends "
        "mmengine.fileio.backends.lmdb_backend",
    ),
    Offer(
        "mmlight.data.storage.memcached",
        "MemcachedBackend",
        "mmcv.fileio.file_client mmengine mmengine.fileio mmengine.fileio.backends "
        "mmengine.fileio.backends.memcached_backend",
    ),
    Offer(
        "mmlight.data.storage.petrel",
        "PetrelBackend",
        "mmcv.fileio.file_client mmengine mmengine.fileio mmengine.fileio.backends "
        "mmengine.fileio.backends.petrel_backend",
    ),
    Offer("mmlight.data.storage.petrel", "CephBackend", "mmcv.fileio.file_client"),
    Offer(
        "mmlight.data.storage.choose",
        "register_backend",
        "mmengine mmengine.fileio mmengine.fileio.backends mmengine.fileio.backends.registry_utils",
    ),
    Offer(
        "mmlight.compat.fileio",
        "FileClient",
        "mmcv mmcv.fileio mmcv.fileio.file_client mmengine mmengine.fileio "
        "mmengine.fileio.file_client",
    ),
    Offer(
        "mmlight.compat.fileio",
        "get_file_backend get get_text get_local_path put put_text exists isdir "
        "isfile join_path copyfile copytree copyfile_from_local copyfile_to_local "
        "copytree_from_local copytree_to_local remove rmtree copy_if_symlink_fails "
        "list_dir_or_file",
        "mmengine mmengine.fileio mmengine.fileio.io",
    ),
    Offer(
        "mmlight.compat.file_values",
        "load dump",
        "mmcv mmcv.fileio mmcv.fileio.io mmengine mmengine.fileio mmengine.fileio.io",
    ),
    Offer(
        "mmlight.compat.file_values",
        "list_from_file dict_from_file",
        "mmcv mmcv.fileio mmcv.fileio.parse mmengine mmengine.fileio mmengine.fileio.parse",
    ),
    Offer(
        "mmlight.compat.path",
        "is_filepath fopen check_file_exist mkdir_or_exist symlink scandir",
        "mmcv mmcv.utils mmcv.utils.path mmengine mmengine.utils mmengine.utils.path",
    ),
    Offer("mmlight.compat.path", "is_abs", "mmengine mmengine.utils mmengine.utils.path"),
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
    Offer(
        "mmlight.compat.image.file",
        "imread imfrombytes imwrite use_backend supported_backends",
        "mmcv mmcv.image mmcv.image.io",
    ),
    Offer(
        "mmlight.compat.image.size",
        "imresize imresize_like imresize_to_multiple rescale_size imrescale impad "
        "impad_to_multiple",
        "mmcv mmcv.image mmcv.image.geometric",
    ),
    Offer(
        "mmlight.compat.image.geometry",
        "imflip imflip_ imrotate imshear imtranslate",
        "mmcv mmcv.image mmcv.image.geometric",
    ),
    Offer("mmlight.compat.image.patch", "imcrop cutout", "mmcv mmcv.image mmcv.image.geometric"),
    Offer(
        "mmlight.compat.image.color_space",
        "imconvert bgr2gray rgb2gray gray2bgr gray2rgb bgr2rgb rgb2bgr bgr2hsv "
        "hsv2bgr bgr2hls hls2bgr",
        "mmcv mmcv.image mmcv.image.colorspace",
    ),
    Offer(
        "mmlight.compat.image.normalize",
        "imnormalize imnormalize_ imdenormalize",
        "mmcv mmcv.image mmcv.image.photometric",
    ),
    Offer("mmlight.compat.image.normalize", "tensor2imgs", "mmcv mmcv.image mmcv.image.misc"),
    Offer(
        "mmlight.compat.image.colors",
        "iminvert solarize posterize adjust_color adjust_brightness adjust_contrast "
        "adjust_hue adjust_sharpness adjust_lighting auto_contrast imequalize "
        "lut_transform clahe",
        "mmcv mmcv.image mmcv.image.photometric",
    ),
)
