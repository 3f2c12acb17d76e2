#!/usr/bin/env python3
"""Exports a decoder at its published size without its weights: what the compiler needs to import and raise it, in seconds and a few megabytes.

usage: sparse.py --out FOLDER [--layers 48] [--experts 128] [--implementation grouped_mm|batched_mm]

The model is Qwen3-30B-A3B as transformers builds it, exported as transformers exports it: two layers are traced, for tracing takes torch a minute per layer,
and the second is repeated in the graph. No weight is ever in memory: while torch traces, each parameter is one zero that is as wide as its shape says, and in
the file each initializer refers to its own place in FOLDER/model.onnx.data, a file of zeros without blocks on disk. Structure, shapes and offsets are those of
the real export; the numbers are not.

The compile-time goal of the importer is measured with it:

  sparse.py --out qwen3-sparse
  /usr/bin/time -v moe-compile qwen3-sparse/model.onnx --stop-after=moe -o /dev/null
"""
import argparse
import contextlib
import io
import logging
import warnings
from pathlib import Path

import onnx
import onnx_ir
import torch

# Qwen3-30B-A3B; the vocabulary too is its own.
CONFIG = dict(vocab_size=151936, hidden_size=2048, intermediate_size=6144, moe_intermediate_size=768, num_attention_heads=32, num_key_value_heads=4, head_dim=128,
              num_experts_per_tok=8, max_position_embeddings=40960, norm_topk_prob=True, use_sliding_window=False, tie_word_embeddings=False)
# Where mmap of a tensor would begin.
ALIGNMENT = 4096
DATA = "model.onnx.data"
TRACED = 2


def build(layers, experts, implementation):
    """The model, every parameter one element wide in memory."""
    from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

    config = Qwen3MoeConfig(**CONFIG, num_hidden_layers=layers, num_experts=experts)
    with torch.device("meta"):
        model = Qwen3MoeForCausalLM(config).eval()
    for module in model.modules():
        for name, value in list(module.named_parameters(recurse=False)):
            setattr(module, name, torch.nn.Parameter(torch.zeros(()).expand(value.shape), requires_grad=False))
    # Frequencies are computed from the configuration, not stored.
    model.model.rotary_emb = type(model.model.rotary_emb)(config)
    model.set_experts_implementation(implementation)
    return model


def export(model):
    from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter

    dynamic = torch.export.Dim.DYNAMIC
    feeds = {"input_ids": torch.zeros((2, 4), dtype=torch.int64), "use_cache": False}
    config = OnnxConfig(dynamic=True, dynamic_shapes={"input_ids": {0: dynamic, 1: dynamic}}, opset_version=20)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        return OnnxExporter().export(model, feeds, config=config).program


def save(program, folder, limit=4096):
    """Writes the graph, whose large initializers refer to a file that is not there yet; returns where that file ends."""
    end = 0
    for graph in program.graphs():
        for node in graph:
            node.metadata_props.clear()
        for value in graph.initializers.values():
            tensor = value.const_value
            if tensor.nbytes <= limit:
                continue
            offset = -(-end // ALIGNMENT) * ALIGNMENT
            value.const_value = onnx_ir.ExternalTensor(DATA, offset, tensor.nbytes, tensor.dtype, shape=tensor.shape, name=value.name, base_dir=str(folder))
            end = offset + tensor.nbytes
    folder.mkdir(parents=True, exist_ok=True)
    onnx_ir.save(program, str(folder / "model.onnx"))
    return end


class Repeater:
    """Repeats the second of two layers of a graph."""

    def __init__(self, graph, end):
        self.graph, self.end = graph, end
        self.producers = {name: node for node in graph.node for name in node.output}
        self.initializers = {tensor.name: tensor for tensor in graph.initializer}

    def residuals(self):
        """The sums along which the hidden state goes from layer to layer: two per layer."""
        sums = {name: node.output[0] for node in self.graph.node if node.op_type == "Add" for name in node.input}
        value = next(node.output[0] for node in self.graph.node if node.op_type in ("Gather", "GatherND") and "input_ids" in node.input)
        found = []
        while value in sums:
            value = sums[value]
            found.append(value)
        return found

    def ancestors(self, value):
        found, work = set(), [value]
        while work:
            name = work.pop()
            if name not in found and name in self.producers:
                found.add(name)
                work += self.producers[name].input
        return found

    def repeat(self, times):
        residuals = self.residuals()
        assert len(residuals) == 4, residuals
        first, last = residuals[1], residuals[3]
        inner = self.ancestors(last) - self.ancestors(first)
        layer = [node for node in self.graph.node if node.output[0] in inner]
        nodes, copies, current = list(self.graph.node), [], last
        for copy in range(times):
            renamed = {first: current}
            for node in layer:
                new = type(node)()
                new.CopyFrom(node)
                new.name = f"{node.name}.{copy}"
                new.input[:] = [renamed.get(name) or self.weight(name, copy) or (f"{name}.{copy}" if name in inner else name) for name in node.input]
                new.output[:] = [f"{name}.{copy}" for name in node.output]
                copies.append(new)
            current = f"{last}.{copy}"
        at = max(i for i, node in enumerate(nodes) if node.output[0] in inner) + 1
        for node in nodes[at:]:
            node.input[:] = [current if name == last else name for name in node.input]
        del self.graph.node[:]
        self.graph.node.extend(nodes[:at] + copies + nodes[at:])

    def weight(self, name, copy):
        """A copy's own initializer, where this one is large."""
        tensor = self.initializers.get(name)
        if tensor is None or not tensor.external_data:
            return None
        if f"{name}.{copy}" in self.initializers:
            return f"{name}.{copy}"
        new = self.graph.initializer.add()
        new.CopyFrom(tensor)
        new.name = f"{name}.{copy}"
        length = next(int(entry.value) for entry in tensor.external_data if entry.key == "length")
        offset = -(-self.end // ALIGNMENT) * ALIGNMENT
        next(entry for entry in new.external_data if entry.key == "offset").value = str(offset)
        self.end = offset + length
        self.initializers[new.name] = new
        return new.name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--layers", type=int, default=48)
    parser.add_argument("--experts", type=int, default=128)
    parser.add_argument("--implementation", default="grouped_mm", choices=["grouped_mm", "batched_mm"])
    options = parser.parse_args()
    end = save(export(build(TRACED, options.experts, options.implementation)), options.out)
    model = onnx.load(options.out / "model.onnx", load_external_data=False)
    repeater = Repeater(model.graph, end)
    repeater.repeat(options.layers - TRACED)
    onnx.save(model, options.out / "model.onnx")
    with open(options.out / DATA, "wb") as file:
        file.truncate(repeater.end)
    print(f"{len(model.graph.node)} nodes, {repeater.end / 1e9:.1f} GB of weights that are not there")


if __name__ == "__main__":
    main()
