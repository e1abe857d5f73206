"""Built-in hooks as Lightning callbacks; only what Lightning lacks, one class per file."""

from mmlight.callbacks.checkpoint import Checkpoint as Checkpoint
from mmlight.callbacks.ema import EMA as EMA
from mmlight.callbacks.iter_timer import IterTimer as IterTimer
from mmlight.callbacks.prediction_grid import PredictionGrid as PredictionGrid
from mmlight.callbacks.progress_bar import ProgressBar as ProgressBar
from mmlight.callbacks.schedule import ParamSchedule as ParamSchedule
from mmlight.callbacks.text_log import TextLog as TextLog
from mmlight.callbacks.validation import Validation as Validation
