"""The three ways in which a torch model becomes ONNX here."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import warnings
from pathlib import Path

import onnx
import torch

from .spec import ModelSpec


class Wrapper(torch.nn.Module):
    """Flat tensors in, flat tensors out, as users wrap models for torch.onnx.export."""

    def __init__(self, model, past_layers: int = 0, additive_mask: bool = False):
        super().__init__()
        self.model = model
        self.past_layers = past_layers
        self.additive_mask = additive_mask

    def forward(self, input_ids, attention_mask=None, *past):
        if not past:
            if self.additive_mask:
                attention_mask = _causal_mask(input_ids)
            return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits
        from transformers import DynamicCache

        cache = DynamicCache()
        for layer in range(self.past_layers):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        result = self.model(
            input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True
        )
        present = []
        for layer in result.past_key_values.layers:
            present += [layer.keys, layer.values]
        return (result.logits, *present)


def _causal_mask(input_ids):
    """A [B,1,S,S] additive mask.

    transformers 5 builds its own with vmap, which the TorchScript tracer cannot
    follow; a ready 4-D mask is taken as it is.
    """
    length = input_ids.shape[1]
    mask = torch.triu(torch.full((length, length), -1e9), 1)
    return mask[None, None].expand(input_ids.shape[0], 1, length, length)


def past_names(layers: int, prefix: str) -> list[str]:
    return [f"{prefix}.{layer}.{part}" for layer in range(layers) for part in ("key", "value")]


def export(spec: ModelSpec, model, sample: dict, directory: Path | None = None) -> onnx.ModelProto | Path:
    """Exports `model`, traced on `sample`. Returns the model, or its path if it has external data."""
    # The exporters report their progress on stdout, which is ours, and warn
    # about annotations of transformers' own translation functions.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return {"hf": _export_hf, "plain": _export_plain, "legacy": _export_legacy}[spec.exporter](
            spec, model, sample, directory
        )


def _export_hf(spec, model, sample, directory):
    import onnx_ir
    from transformers import DynamicCache
    from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter

    dynamic = torch.export.Dim.DYNAMIC
    feeds = {"input_ids": sample["input_ids"], "use_cache": spec.past}
    shapes = {"input_ids": {0: dynamic, 1: dynamic}}
    if spec.mask:
        feeds["attention_mask"] = sample["attention_mask"]
        shapes["attention_mask"] = {0: dynamic, 1: dynamic}
    if spec.past:
        cache = DynamicCache(config=model.config)
        for layer in range(model.config.num_hidden_layers):
            cache.update(*[sample[name] for name in past_names(layer + 1, "past_key_values")[-2:]], layer)
        feeds["past_key_values"] = cache
        # None makes the exporter mark every axis Dim.AUTO, its answer to the
        # relation total = past + sequence.
        shapes = None
    config = OnnxConfig(
        dynamic=True, dynamic_shapes=shapes, opset_version=spec.opset, ort_fusions=spec.ort_fusions
    )
    program = OnnxExporter().export(model, feeds, config=config).program
    if spec.external_data:
        path = directory / "model.onnx"
        for graph in program.graphs():
            for node in graph:
                node.metadata_props.clear()
        onnx_ir.save(program, str(path), external_data="model.onnx.data")
        return path
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.onnx"
        onnx_ir.save(program, str(path))
        return onnx.load(path)


def _flat(spec, sample):
    names = ["input_ids"] + (["attention_mask"] if spec.mask or spec.past else [])
    names += [name for name in sample if name.startswith("past_key_values.")]
    return names, tuple(sample[name] for name in names)


def _axes(name):
    if name.startswith("past_key_values."):
        return {0: "batch", 2: "past"}
    return {0: "batch", 1: "total" if name == "mask_with_past" else "sequence"}


def _export_plain(spec, model, sample, directory):
    names, values = _flat(spec, sample)
    layers = model.config.num_hidden_layers if spec.past else 0
    wrapper = Wrapper(model, layers).eval()
    axes = [_axes("mask_with_past" if spec.past and name == "attention_mask" else name) for name in names]
    fixed, extra = axes[:2], axes[2:]
    if "attention_mask" not in names:
        fixed = axes[:1]
    program = torch.onnx.export(
        wrapper,
        values,
        dynamo=True,
        dynamic_shapes=(*fixed, tuple(extra)) if extra else tuple(fixed),
        input_names=names,
        output_names=["logits", *past_names(layers, "present")],
        opset_version=spec.opset,
        verbose=False,
    )
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.onnx"
        program.save(str(path))
        return onnx.load(path)


def _export_legacy(spec, model, sample, directory):
    names, values = _flat(spec, sample)
    additive = spec.transformers.startswith("5.")
    axes = {0: "batch", 1: "sequence"}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.onnx"
        torch.onnx.export(
            Wrapper(model, additive_mask=additive).eval(),
            values,
            str(path),
            dynamo=False,
            input_names=names,
            output_names=["logits"],
            dynamic_axes={name: axes for name in [*names, "logits"]},
            opset_version=spec.opset,
        )
        return onnx.load(path)
