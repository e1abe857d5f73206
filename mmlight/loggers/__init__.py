"""Loggers of Lightning for the places that mm writes to; vendors' packages are optional."""

from mmlight.loggers.aim import Aim as Aim
from mmlight.loggers.clearml import ClearML as ClearML
from mmlight.loggers.dvclive import DVCLive as DVCLive
from mmlight.loggers.mlflow import MLflow as MLflow
from mmlight.loggers.neptune import Neptune as Neptune
from mmlight.loggers.tensorboard import TensorBoard as TensorBoard
from mmlight.loggers.wandb import Wandb as Wandb
