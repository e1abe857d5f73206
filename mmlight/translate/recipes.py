"""Translates the arguments of `SwitchRecipeHook`."""

from typing import Any, Final

from mmlight.spec import Call
from mmlight.translate.data import TRANSFORM_TABLE
from mmlight.translate.models import AUGMENT_TABLE, MODEL_TABLE
from mmlight.translate.section import Section

_C: Final = "mmlight.callbacks"
UNREAD: Final = (
    "The original does not read it, the pipeline stays; write train_pipeline to change it."
)


def translate_recipes(section: Section, generation: str) -> list[Call]:
    """Return the callback.

    From: mmpretrain 1.2 `SwitchRecipeHook`.
    """
    section.take("type")
    if section.take("schedule") is None:
        section.refuse("schedule", "the hook has no schedule", expected="a list of recipes")
        return []
    recipes = [_translate_recipe(item) for item in section.take_list("schedule")]
    return [section.call(f"{_C}.SwitchRecipe", {"schedule": recipes})]


def _translate_recipe(item: Section) -> Call:
    kwargs: dict[str, Any] = {"action_epoch": item.take("action_epoch")}
    if kwargs["action_epoch"] is None:
        item.refuse("action_epoch", "the recipe has no action_epoch", expected="a number")
    if "train_pipeline" in item.node:
        kwargs["train_pipeline"] = TRANSFORM_TABLE.translate_list(item, "train_pipeline")
    if "batch_augments" in item.node:
        kwargs |= _translate_augments(item)
    if "loss" in item.node:
        kwargs["loss"] = MODEL_TABLE.translate_entry(item, "loss")
    item.ignore(UNREAD, "pipeline")
    item.finish()
    return item.call(f"{_C}.switch_recipe.Recipe", kwargs, begin="action_epoch")


def _translate_augments(item: Section) -> dict[str, Any]:
    """Return the new batch augments; None, or an empty dict, means none."""
    if item.take("batch_augments") is None:
        item.use("batch_augments", "no batch augments any more")
        return {"augments": []}
    settings = item.take_section("batch_augments")
    kwargs: dict[str, Any] = {"augments": AUGMENT_TABLE.translate_list(settings, "augments")}
    if settings.take("probs", to="how often each is chosen") is not None:
        kwargs["probs"] = settings.node["probs"]
    settings.finish()
    return kwargs
