"""From a spec to a folder: export, choice of inputs, recording, measurement."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from . import nodes, probe, record
from .spec import ModelSpec

# Bounds every correct tiny model must meet on its recorded inputs.
MIN_GAP = 1e-3
MIN_TEETH = 1e-2
RATIO_RANGE = (0.3, 3.0)
# Same computation in two implementations; the tests' own bound is 1e-4.
MAX_TORCH_ERROR = 1e-5

WEIGHT_SEED = 20
INPUT_SEEDS = 400
BIG_INPUT_SEEDS = 6


class ZooError(RuntimeError):
    """A model could not be made, or what was made misses a bound."""


def build(spec: ModelSpec, folder: Path) -> dict:
    """Makes one model; returns its case."""
    folder.mkdir(parents=True, exist_ok=True)
    return _build_node(spec, folder) if spec.kind == "node" else _build_decoder(spec, folder)


def _case(spec, model, feeds, results, **more):
    values = [*model.graph.input, *model.graph.output]
    described = {value.name: record.describe_value(value) for value in values}
    for name, array in {**feeds, **results}.items():
        described[name]["recorded_shape"] = list(array.shape)
    return {
        "name": spec.name,
        "source": more.pop("source"),
        "exporter": more.pop("exporter"),
        "appearance": spec.appearance,
        "verdict": spec.verdict,
        "opset": {item.domain or "ai.onnx": item.version for item in model.opset_import},
        "onnxruntime": ort.__version__,
        "onnx": onnx.__version__,
        **more,
        "inputs": [described[value.name] for value in model.graph.input],
        "outputs": [described[value.name] for value in model.graph.output],
        "notes": spec.notes,
        "onnx_op_histogram": record.histogram(model),
    }


def _build_node(spec, folder):
    ties = spec.config.get("ties", False)
    for seed in range(INPUT_SEEDS):
        model = nodes.build(spec.config, WEIGHT_SEED)
        feeds = nodes.inputs(spec.config, seed)
        gaps = probe.router_gaps(model, feeds)
        if not ties and min(gaps) < MIN_GAP:
            continue
        results = record.run(model, feeds)
        measured = probe.teeth(model, feeds, results, nodes.EXPERTS)
        if min(measured.values()) >= MIN_TEETH:
            break
    else:
        raise ZooError(f"{spec.name}: no input seed meets the bounds; last measured {measured}, gaps {gaps}")
    error = record.relative_error(results["output"], nodes.reference(model, spec.config, feeds))
    if error > MAX_TORCH_ERROR:
        raise ZooError(f"{spec.name}: ONNX Runtime and the numpy reference differ by {error:.2e}")
    more = {}
    if ties:
        low = nodes.reference(model, spec.config, feeds, prefer_high=False)
        more["lower_id_tie_rule_error"] = record.relative_error(low, results["output"])
    single = next(
        one for one in (nodes.inputs(spec.config, seed, rows=1) for seed in range(INPUT_SEEDS))
        if ties or min(probe.router_gaps(model, one)) >= MIN_GAP
    )
    onnx.save(model, folder / "model.onnx")
    record.write_tensors(folder, feeds, results)
    record.write_tensors(folder / "one-token", single, record.run(model, single))
    case = _case(
        spec, model, feeds, results, more_runs=["one-token"],
        source="com.microsoft.MoE node built with onnx.helper", exporter="onnx.helper",
        moe_layers=1, experts=nodes.EXPERTS, top_k=nodes.TOP_K, reference_error=error,
        min_router_gap=min(gaps), teeth=measured, **more,
    )
    record.write_case(folder, case)
    return case


def _numpy(feeds):
    return {name: value.numpy() for name, value in feeds.items()}


def _bind(model_inputs, feeds):
    """Recorded inputs under the graph's names; transformers' exporter names cache tensors its own way."""
    given = list(feeds)
    if len(given) != len(model_inputs):
        given = [name for name in given if name in model_inputs]
    bound = {}
    for position, name in enumerate(model_inputs):
        bound[name] = feeds[name] if name in feeds else feeds[given[position]]
    return bound


def _build_decoder(spec, folder):
    from . import decoders, exporters

    installed = version("transformers")
    if installed != spec.transformers:
        raise ZooError(f"{spec.name} needs transformers {spec.transformers}, found {installed}")
    model = decoders.build(spec, WEIGHT_SEED)
    config = model.config

    def inputs(seed, batch=spec.batch, sequence=spec.sequence, past=spec.past_length):
        return decoders.make_inputs(spec, config, seed, batch, sequence, past)

    decoders.calibrate(model, inputs(1000))
    # A frozen export has to miss experts, hence the short prompt.
    sample = inputs(2000, 1, 1) if spec.verdict == "frozen" else inputs(2000, 2, 4, 6)
    exported = exporters.export(spec, model, sample, folder)
    if spec.big:
        candidates = [inputs(3000 + seed) for seed in range(BIG_INPUT_SEEDS)]
        return _finish_big(spec, folder, model, exported, candidates)
    measured_on = exported
    if spec.reference:
        from .catalog import CATALOG

        measured_on = exporters.export(CATALOG[spec.reference], model, sample, folder)
    for item in {id(exported): exported, id(measured_on): measured_on}.values():
        record.strip_metadata(item, spec.keep_scopes)

    graph_inputs = [value.name for value in exported.graph.input]
    experts, top_k = _routing(config)
    layers = len(list(decoders.moe_blocks(model)))
    # Those of attention heads are two layers each: queries and outputs.
    mixtures = layers + decoders.attention_mixtures(model)
    if spec.verdict == "correct" and len(probe.expert_weights(measured_on, experts)) != mixtures:
        raise ZooError(f"{spec.name}: the experts of {mixtures} mixtures were not all found in the graph")
    for seed in range(INPUT_SEEDS):
        torch_feeds = inputs(seed)
        feeds = _bind(graph_inputs, _numpy(torch_feeds))
        gaps = probe.router_gaps(measured_on, feeds)
        ratios = decoders.branch_ratios(model, torch_feeds)
        if min(gaps) < MIN_GAP or not _in_range(ratios):
            continue
        results = record.run(measured_on, feeds)
        measured = probe.teeth(measured_on, feeds, results, experts) if spec.verdict == "correct" else None
        if measured is None or min(measured.values()) >= MIN_TEETH:
            break
    else:
        raise ZooError(f"{spec.name}: no input seed meets the bounds; last gaps {gaps}, ratios {ratios}")
    expected = list(_numpy(decoders.forward(model, torch_feeds)).values())
    error = max(record.relative_error(y, r) for y, r in zip(results.values(), expected))
    if spec.verdict == "correct" and error > MAX_TORCH_ERROR:
        raise ZooError(f"{spec.name}: ONNX Runtime and torch differ by {error:.2e}")
    if spec.verdict != "correct" and error < MIN_TEETH:
        raise ZooError(f"{spec.name} should be wrong but differs from torch by {error:.2e} only")
    onnx.save(exported, folder / "model.onnx")
    record.write_tensors(folder, feeds, results)
    runs = _more_runs(spec, folder, model, measured_on, graph_inputs, inputs) if spec.verdict == "correct" else []
    case = _case(
        spec, exported, feeds, results, **_origin(spec, model), more_runs=runs,
        moe_layers=2 * mixtures - layers, experts=experts, top_k=top_k,
        torch_error=error, min_router_gap=min(gaps), branch_rms_ratio=ratios, teeth=measured,
    )
    record.write_case(folder, case)
    return case


def _more_runs(spec, folder, model, onnx_model, graph_inputs, inputs) -> list[str]:
    """Records the shapes at the edges: a single token, which leaves most experts empty, and an empty cache."""
    from . import decoders

    shapes = {"one-token": (1, 1, spec.past_length)}
    if spec.past:
        shapes["empty-past"] = (1, 4, 0)
    for name, shape in shapes.items():
        for seed in range(INPUT_SEEDS):
            torch_feeds = inputs(seed, *shape)
            feeds = _bind(graph_inputs, _numpy(torch_feeds))
            if min(probe.router_gaps(onnx_model, feeds)) >= MIN_GAP:
                break
        results = record.run(onnx_model, feeds)
        expected = _numpy(decoders.forward(model, torch_feeds)).values()
        error = max(record.relative_error(y, r) for y, r in zip(results.values(), expected))
        if error > MAX_TORCH_ERROR:
            raise ZooError(f"{spec.name}, run {name}: ONNX Runtime and torch differ by {error:.2e}")
        record.write_tensors(folder / name, feeds, results)
    return list(shapes)


def _origin(spec, model):
    import torch

    how = {
        "hf": "transformers.exporters.OnnxExporter",
        "plain": "torch.onnx.export(dynamo=True)",
        "legacy": "torch.onnx.export(dynamo=False)",
    }[spec.exporter]
    if spec.ort_fusions:
        how += f", ort_fusions={spec.ort_fusions}"
    return dict(
        source=f"transformers.{type(model).__name__} {spec.transformers}",
        exporter=how,
        experts_implementation=spec.experts,
        torch=torch.__version__.split("+")[0],
        onnxscript=version("onnxscript"),
    )


def _routing(config):
    for name in ("num_local_experts", "num_experts", "n_routed_experts"):
        if getattr(config, name, None):
            return getattr(config, name), config.num_experts_per_tok
    raise ZooError("configuration without a number of experts")


def _in_range(ratios):
    low, high = RATIO_RANGE
    return all(low <= value <= high for entry in ratios for value in entry.values())


def _finish_big(spec, folder, model, path, candidates):
    """Records a model whose weights stay on disk.

    With 64 experts and more no prompt keeps a gap of 1e-3: the candidate with
    the largest is taken, still far above the rounding of a probability.
    """
    from . import decoders

    gap, best = max((decoders.softmax_gap(model, feeds), index) for index, feeds in enumerate(candidates))
    torch_feeds = candidates[best]
    ratios = decoders.branch_ratios(model, torch_feeds)
    expected = list(_numpy(decoders.forward(model, torch_feeds)).values())
    origin = _origin(spec, model)
    experts, top_k = _routing(model.config)
    # ONNX Runtime needs the memory that the torch weights hold.
    for parameter in model.parameters():
        parameter.data = parameter.data.new_empty(0)
    del model
    skeleton = onnx.load(path, load_external_data=False)
    feeds = _bind([value.name for value in skeleton.graph.input], _numpy(torch_feeds))
    results = record.run(path, feeds)
    error = max(record.relative_error(y, r) for y, r in zip(results.values(), expected))
    record.strip_metadata(skeleton, spec.keep_scopes)
    onnx.save(skeleton, path)
    record.write_tensors(folder, feeds, results)
    case = _case(
        spec, skeleton, feeds, results, **origin, moe_layers=len(ratios), experts=experts, top_k=top_k,
        torch_error=error, min_router_gap=gap, branch_rms_ratio=ratios, teeth=None,
    )
    record.write_case(folder, case)
    return case


def mutate(folder: Path, source: Path, kind: str) -> bool:
    """Copies `source` with a broken model.onnx and its recorded tensors unchanged; False if it does not apply."""
    case = record.read_case(source)
    broken = probe.mutate(onnx.load(source / "model.onnx"), kind, case["experts"])
    if broken is None:
        return False
    feeds = record.read_tensors(source, [item["name"] for item in case["inputs"]], "inputs")
    results = record.read_tensors(source, [item["name"] for item in case["outputs"]], "outputs")
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(broken, folder / "model.onnx")
    record.write_tensors(folder, feeds, results)
    actual = record.run(broken, feeds)
    errors = [record.relative_error(actual[name], results[name]) for name in results]
    changed = dict(name=folder.name, mutation=kind, mutation_error=float(np.max(errors)), more_runs=[])
    record.write_case(folder, {**case, **changed})
    return True
