from mmlight.spec import Call

C = "mmlight.callbacks"
LATE = [dict(type="Resize", scale=28), dict(type="PackInputs")]
AUGMENTS = dict(augments=[dict(type="Mixup", alpha=0.8), dict(type="CutMix", alpha=1.0)])


def find(spec):
    (call,) = [call for call in spec.callbacks if call.target == f"{C}.SwitchRecipe"]
    return [recipe.kwargs for recipe in call.kwargs["schedule"]]


def hook(*schedule):
    return dict(type="mmpretrain.SwitchRecipeHook", schedule=list(schedule))


def test_recipes_become_calls(translate):
    loss = dict(type="LabelSmoothLoss", label_smooth_val=0.1)
    spec = translate(
        custom_hooks=hook(
            dict(action_epoch=2, train_pipeline=LATE, loss=loss),
            dict(action_epoch=3, batch_augments={**AUGMENTS, "probs": [0.3, 0.2]}),
            dict(action_epoch=4, batch_augments=None),
        )
    )
    first, second, third = find(spec)
    resize, pack = first["train_pipeline"]
    assert resize == Call("mmlight.data.transforms.resize.Resize", {"scale": 28})
    assert pack.target == "mmlight.data.transforms.pack.PackInputs"
    assert first["loss"].kwargs == {"label_smooth_val": 0.1}
    assert first.keys() == {"action_epoch", "train_pipeline", "loss"}
    assert [call.kwargs for call in second["augments"]] == [{"alpha": 0.8}, {"alpha": 1.0}]
    assert (second["action_epoch"], second["probs"]) == (3, [0.3, 0.2])
    assert third == {"action_epoch": 4, "augments": []}
    assert not spec.notes


def test_word_that_the_original_does_not_read_is_told(translate):
    spec = translate(custom_hooks=[hook(dict(action_epoch=37, pipeline=LATE))])
    assert find(spec) == [{"action_epoch": 37}]
    (note,) = spec.notes
    assert note.path == "custom_hooks[0].schedule[0].pipeline"
    assert "write train_pipeline" in note.text


def test_what_is_wrong_is_told(problems):
    bad = dict(train_pipeline=[dict(type="Resise")], batch_augments=dict(augment=[]), losses=1)
    place = "custom_hooks[0].schedule[0]"
    assert problems(custom_hooks=[hook(bad)]) == [
        f"{place}.action_epoch: the recipe has no action_epoch",
        f"{place}.train_pipeline[0].type: unknown transform type 'Resise'",
        f"{place}.batch_augments.augment: unknown key 'augment' with value []",
        f"{place}.losses: unknown key 'losses' with value 1",
    ]
    assert problems(custom_hooks=[dict(type="SwitchRecipeHook")]) == [
        "custom_hooks[0].schedule: the hook has no schedule"
    ]
