"""Tells where each value of a config comes from and what it becomes, without running anything."""

from mmlight.explain.key import explain_key as explain_key
from mmlight.explain.report import explain_config as explain_config
from mmlight.explain.rows import Row as Row
from mmlight.explain.rows import list_rows as list_rows
