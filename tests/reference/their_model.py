"""Builds and runs a model of the originals; `twin.py` sends this file to their process."""

import logging

import torch

DROPS = ("Dropout", "Dropout1d", "Dropout2d", "DropPath")
"""Names of the layers that draw random numbers, here and there; they are off while comparing."""


def build(cfg):
    """Build a classifier or a part of one, whichever generation this process has."""
    logging.disable()
    torch.set_num_threads(1)
    try:
        import mmpretrain.models
        from mmpretrain.registry import MODELS

        mmpretrain.models  # noqa: B018 (its import registers the types)
        return MODELS.build(cfg)
    except ImportError:
        from mmcls.models import build_backbone, build_classifier

        return (build_classifier if cfg["type"] == "ImageClassifier" else build_backbone)(cfg)


def count(cfg, on_meta=True):
    """Return the number of parameters; on the meta device they take no memory."""
    linspace = torch.linspace
    torch.linspace = lambda *args, **kwargs: linspace(*args, **{**kwargs, "device": "cpu"})
    try:
        with torch.device("meta" if on_meta else "cpu"):
            return sum(value.numel() for value in build(cfg).parameters())
    finally:
        torch.linspace = linspace


def accept(cfg, path):
    """Load a checkpoint and return the missing and the unexpected names.

    Names that the original misses in its own state too (tables that it always computes) are not
    counted.
    """
    state = torch.load(path, weights_only=True)["state_dict"]
    model = build(cfg)
    own = model.load_state_dict(model.state_dict(), strict=False)
    found = model.load_state_dict(state, strict=False)
    pairs = zip(found, own, strict=True)
    return tuple([name for name in names if name not in known] for names, known in pairs)


def run(cfg, shape, folder, parts, seed=0):
    """Build, describe and run the original; what is found goes to `folder`."""
    torch.manual_seed(seed)
    model = build(cfg)
    drops = [m for m in model.modules() if type(m).__name__ in DROPS]
    result = {"rates": [get_rate(layer) for layer in drops if get_rate(layer)]}
    if "start" in parts:
        torch.manual_seed(seed)
        model.init_weights()
        result["start"] = {name: value.clone() for name, value in model.state_dict().items()}
    switch_off(drops)
    model = model.double()
    for layer in model.modules():  # some originals compute positions in float32 whatever comes in
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_pre_hook(lambda conv, args: (args[0].to(conv.weight.dtype),))
    torch.set_default_dtype(torch.float64)
    try:
        torch.manual_seed(seed + 1)
        images = torch.randn(shape)
        fill(model, images)
        before = {name: value.clone() for name, value in find_entries(model).items()}
        torch.save({"state_dict": before, "meta": {}}, f"{folder}/before.pth")
        result |= compute(model, images, with_grad="train" in parts)
        torch.save({**result, "images": images}, f"{folder}/theirs.pt")
    finally:
        torch.set_default_dtype(torch.float32)


def fill(model, images):
    """Draw random parameters, and running statistics near to what the images give."""
    with torch.no_grad():
        for value in model.parameters():
            if value.ndim > 1:
                value.normal_(std=(1 / max(1, value[0].numel())) ** 0.5)
            else:
                value.normal_(0.5, 0.2)
        norms = [m for m in model.modules() if getattr(m, "running_mean", None) is not None]
        momentums = [norm.momentum for norm in norms]
        # a distilled head refuses to train
        model.train(not getattr(getattr(model, "head", None), "distillation", False))
        for norm in norms:
            norm.momentum, norm.training = 1.0, True
        forward(model, images)
        for norm, momentum in zip(norms, momentums, strict=True):
            norm.momentum = momentum
            norm.running_mean += norm.running_var.sqrt() * torch.randn_like(norm.running_var) * 0.1
            norm.running_var *= torch.rand_like(norm.running_var) * 0.4 + 0.8


def find_entries(model):
    """Return all parameters and persistent buffers, also those that `state_dict` leaves out."""
    return {
        f"{path}.{name}" if path else name: value
        for path, module in model.named_modules(remove_duplicate=False)
        for name, value in [*module._parameters.items(), *module._buffers.items()]
        if value is not None and name not in module._non_persistent_buffers_set
    }


def compute(model, images, with_grad):
    """Run in both modes and return what can be compared."""
    model.eval()
    with torch.no_grad():
        result = {"eval": forward(model, images)}
    model.train()
    result["facts"] = list_facts(model)
    if with_grad:
        outputs = forward(model, images)
        sum(out.sin().sum() for out in outputs).backward()
        result["train"] = [out.detach() for out in outputs]
        result["grads"] = {name: value.grad for name, value in model.named_parameters()}
        result["after"] = model.state_dict()
    return result


def forward(model, images):
    """Return logits, of a headless classifier its features, of a backbone its outputs."""
    if not hasattr(model, "extract_feat"):
        return flatten(model(images))
    features = model.extract_feat(images)
    head = getattr(model, "head", None)
    if head is None:
        return flatten(features)
    if not hasattr(head, "simple_test"):
        return flatten(head(features))
    option = "sigmoid" if "MultiLabel" in type(head).__name__ else "softmax"
    return flatten(head.simple_test(features, post_process=False, **{option: False}))


def flatten(value):
    """Return the tensors of nested lists and tuples, without what is None."""
    if isinstance(value, (list, tuple)):
        return [tensor for item in value if item is not None for tensor in flatten(item)]
    return [value]


def get_rate(layer):
    """Return the probability with which a layer drops."""
    return float(layer.p if hasattr(layer, "p") else layer.drop_prob or 0)


def switch_off(layers):
    """Let layers drop nothing."""
    for layer in layers:
        setattr(layer, "p" if hasattr(layer, "p") else "drop_prob", 0.0)


def list_facts(model):
    """Return what is true of the owner of each parameter and buffer, by its name."""
    facts = {}
    for path, module in model.named_modules():
        own = {**module._parameters, **module._buffers}
        for name, value in own.items():
            if value is not None:
                facts[f"{path}.{name}" if path else name] = {
                    "training": module.training if "running_mean" in own else None,
                    "requires_grad": value.requires_grad,
                    "eps": getattr(module, "eps", None),
                    "momentum": getattr(module, "momentum", None),
                }
    return facts
