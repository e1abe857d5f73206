"""Logs, messages and what draws them."""

from typing import Final

from mmlight.compat.offers.offer import Offer

OFFERS: Final = (
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
)
