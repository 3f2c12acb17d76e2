"""Running ONNX Runtime and writing a model's folder."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort


def relative_error(actual, expected) -> float:
    """The project's error: max|y - r| / max|r| over one output."""
    scale = float(np.max(np.abs(expected))) if expected.size else 0.0
    if scale == 0.0:
        return float(np.max(np.abs(actual))) if actual.size else 0.0
    return float(np.max(np.abs(actual.astype(np.float64) - expected.astype(np.float64)))) / scale


def run(model, feeds, outputs=None) -> dict[str, np.ndarray]:
    """Runs a ModelProto or a path on ONNX Runtime's CPU provider.

    Graph optimisation is off so that what is recorded is what the graph says,
    operator by operator.
    """
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    source = str(model) if isinstance(model, (str, Path)) else model.SerializeToString()
    session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    names = outputs or [output.name for output in session.get_outputs()]
    wanted = {value.name for value in session.get_inputs()}
    values = session.run(names, {name: value for name, value in feeds.items() if name in wanted})
    return dict(zip(names, values))


def histogram(model: onnx.ModelProto) -> dict[str, int]:
    """Operator counts, local functions included, keyed `domain::Op` outside the default domain."""
    counts: Counter[str] = Counter()

    def visit(nodes):
        for node in nodes:
            counts[f"{node.domain}::{node.op_type}" if node.domain else node.op_type] += 1
            for attribute in node.attribute:
                for graph in [attribute.g, *attribute.graphs]:
                    visit(graph.node)

    visit(model.graph.node)
    for function in model.functions:
        visit(function.node)
    return dict(sorted(counts.items()))


_SCOPES = "pkg.torch.onnx.name_scopes"


def strip_metadata(model: onnx.ModelProto, keep_scopes: bool) -> None:
    """Drops exporter metadata: stack traces name local paths and triple the file.

    keep_scopes keeps the module path of each node, the one entry an importer
    can use for names.
    """

    def clean(holder, keep=()):
        kept = [entry for entry in holder.metadata_props if entry.key in keep]
        del holder.metadata_props[:]
        holder.metadata_props.extend(kept)

    for graph in [model.graph, *model.functions]:
        clean(graph)
        for node in graph.node:
            clean(node, (_SCOPES,) if keep_scopes else ())
            node.doc_string = ""
        # Shapes that the exporter guessed for values inside; readers infer them.
        del graph.value_info[:]
    clean(model)
    for value in [*model.graph.initializer, *model.graph.input, *model.graph.output]:
        clean(value)
        value.doc_string = ""


def describe_value(value: onnx.ValueInfoProto) -> dict:
    tensor = value.type.tensor_type
    shape = [dim.dim_param or (dim.dim_value if dim.HasField("dim_value") else "?") for dim in tensor.shape.dim]
    return {"name": value.name, "type": onnx.TensorProto.DataType.Name(tensor.elem_type).lower(), "shape": shape}


def file_name(tensor_name: str) -> str:
    """Tensor names may hold slashes, file names may not."""
    return tensor_name.replace("/", "_") + ".npy"


def write_tensors(folder: Path, feeds: dict, results: dict) -> None:
    for kind, tensors in (("inputs", feeds), ("outputs", results)):
        target = folder / kind
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name, value in tensors.items():
            np.save(target / file_name(name), value)


def read_tensors(folder: Path, names, kind: str) -> dict[str, np.ndarray]:
    return {name: np.load(folder / kind / file_name(name)) for name in names}


def write_case(folder: Path, case: dict) -> None:
    (folder / "case.json").write_text(json.dumps(case, indent=2) + "\n")


def read_case(folder: Path) -> dict:
    return json.loads((folder / "case.json").read_text())
