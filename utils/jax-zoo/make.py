#!/usr/bin/env python3
"""Makes the JAX models of the zoo: small genuine exports with recorded outputs.

Each model becomes a folder:

  NAME/model.mlir          jax.jit(f).lower(x).as_text(), weights as constants
  NAME/model.jax           jax.export's serialize()
  NAME/arguments.mlir      the text with weights as arguments; locations carry their names
  NAME/weights.safetensors the weights, under the names of their arguments
  NAME/dynamic.jax         the artifact with a symbolic batch
  NAME/inputs/TENSOR.npy   and NAME/outputs/TENSOR.npy: what JAX computed on its CPU
  NAME/other/...           the same for another batch, for dynamic.jax

Examples:

  make.py --list
  make.py --out zoo mixtral-jax
  make.py --out test/Integration/Inputs/jax --committed
  make.py --sharded test/Import/StableHLO/Inputs/sharded
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

# For the program on several devices.
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"

import jax
import jax.numpy as jnp
import numpy as np
from jax import export
from safetensors.numpy import save_file

import models

# Locations name files without the folders of the machine that made them.
jax.config.update("jax_hlo_source_file_canonicalization_regex", ".*/")

_BOTH = ("model.mlir", "model.jax")
_ALL = ("model.mlir", "model.jax", "arguments.mlir", "weights.safetensors", "dynamic.jax")


@dataclass
class Spec:
    build: Callable
    inputs: Callable  # (batch) -> {name: array}
    forms: tuple = _BOTH
    batch: int = 2
    notes: str = ""


def _tokens(batch, steps=12):
    return {"input_ids": np.random.default_rng(7).integers(0, models.VOCAB, (batch, steps), dtype=np.int32)}


def _image(batch):
    return {"image": np.random.default_rng(8).standard_normal((batch, 16, 16, 3)).astype(np.float32)}


def _gated(experts, hidden):
    return lambda make: models.gated_experts_params(make, experts, hidden)


def _grouped(experts, hidden):
    return lambda make: models.grouped_params(make, experts, hidden)


def _plain(experts, hidden):
    return lambda make: models.plain_experts_params(make, experts, hidden)


CATALOG = {
    "mixtral-jax": Spec(lambda: models.decoder(models.moe_dense, 1, _gated(8, 16), 1), _tokens, _ALL,
                        notes="top-2 of 8, all experts computed densely"),
    "ragged-jax": Spec(lambda: models.decoder(models.moe_ragged, 1, _gated(8, 16), 2), _tokens,
                       notes="rows sorted by expert, ragged_dot (maxtext)"),
    "bfloat16-jax": Spec(lambda: models.decoder(models.moe_ragged, 1, _gated(4, 16), 10, jnp.bfloat16), _tokens,
                         notes="in bf16, of weights in f32; ragged_dot"),
    "scan-jax": Spec(lambda: models.stacked_decoder(models.moe_ragged, 2, _gated(4, 8), 3), _tokens,
                     notes="lax.scan over stacked layers"),
    "switch-jax": Spec(lambda: models.decoder(models.moe_switch, 1, _plain(4, 16), 4), _tokens,
                       notes="top-1, capacity by cumsum, one-hot einsums"),
    "gshard-jax": Spec(lambda: models.decoder(models.moe_gshard, 1, _plain(4, 16), 8), _tokens,
                       notes="top-2, two counts, capacity, one-hot einsums"),
    "deepseek-jax": Spec(lambda: models.decoder(models.moe_grouped, 1, _grouped(8, 16), 9), _tokens,
                         notes="sigmoid scores, biased keys, best groups, shared expert, ragged_dot"),
    "vmoe-jax": Spec(lambda: models.encoder(models.moe_vision, _plain(4, 16), 5), _image,
                     notes="patch convolution, top-2 with batch priority and capacity"),
    "expert-choice-jax": Spec(lambda: models.decoder(models.moe_expert_choice, 1, _plain(4, 16), 6), _tokens,
                              notes="top_k over tokens, scatter-add"),
    "soft-jax": Spec(lambda: models.encoder(models.moe_soft, models.soft_params, 7), _image, notes="Soft MoE"),
}


def _name(path):
    """The name under which a leaf of a tree is bound: keys joined with dots."""
    return ".".join(str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", None)))) for key in path)


def _save(folder, tensors):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in tensors.items():
        np.save(folder / f"{name}.npy", np.asarray(value))


def save_weights(params, file):
    leaves = jax.tree_util.tree_flatten_with_path(params)[0]
    save_file({_name(path): np.ascontiguousarray(leaf) for path, leaf in leaves}, file)


def _dynamic(function, inputs):
    scope = export.SymbolicScope()
    shapes = [
        jax.ShapeDtypeStruct(export.symbolic_shape(",".join(["b", *map(str, x.shape[1:])]), scope=scope), x.dtype)
        for x in inputs.values()
    ]
    return export.export(jax.jit(function))(*shapes)


def make(spec, folder):
    model, params = spec.build()
    inputs = spec.inputs(spec.batch)
    closed = functools.partial(model, jax.tree.map(jnp.asarray, params))
    _save(folder / "inputs", inputs)
    _save(folder / "outputs", jax.jit(closed)(*inputs.values()))
    for form in spec.forms:
        if form == "model.mlir":
            (folder / form).write_text(jax.jit(closed).lower(*inputs.values()).as_text())
        elif form == "model.jax":
            (folder / form).write_bytes(export.export(jax.jit(closed))(*inputs.values()).serialize())
        elif form == "arguments.mlir":
            (folder / form).write_text(jax.jit(model).lower(params, *inputs.values()).as_text(debug_info=True))
        elif form == "weights.safetensors":
            save_weights(params, folder / form)
        elif form == "dynamic.jax":
            (folder / form).write_bytes(_dynamic(closed, inputs).serialize())
            other = spec.inputs(spec.batch + 1)
            _save(folder / "other" / "inputs", other)
            _save(folder / "other" / "outputs", jax.jit(closed)(*other.values()))


def make_sharded(folder):
    """A program with shardings, as text and as an artifact."""
    mesh = jax.sharding.Mesh(np.array(jax.devices()).reshape(2, 2), ("x", "y"))
    place = lambda *axes: jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*axes))
    weight = np.linspace(-1, 1, 32, dtype=np.float32).reshape(4, 8)

    def function(x):
        return 2 * jax.lax.with_sharding_constraint(jnp.tanh(x @ weight), place("x", "y"))

    x = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    program = jax.jit(function, in_shardings=place("x", None))
    _save(folder / "inputs", {"x": x})
    _save(folder / "outputs", {"result": program(x)})
    (folder / "model.mlir").write_text(program.lower(x).as_text())
    (folder / "model.jax").write_bytes(export.export(program)(x).serialize())
    # What one of several devices runs.
    axes = jax.sharding.PartitionSpec("x")
    part = jax.jit(jax.shard_map(lambda x: jax.lax.psum(jnp.tanh(x), "x"), mesh=mesh, in_specs=axes, out_specs=jax.sharding.PartitionSpec()))
    (folder / "collective.jax").write_bytes(export.export(part)(x).serialize())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="models to make (see --list)")
    parser.add_argument("--out", type=Path, default=Path("zoo-out"), help="folder that receives NAME/ (%(default)s)")
    parser.add_argument("--list", action="store_true", help="print the models and stop")
    parser.add_argument("--committed", action="store_true", help="the models kept in the repository: all of them")
    parser.add_argument("--sharded", type=Path, metavar="DIR", help="write the program on several devices to DIR and stop")
    arguments = parser.parse_args()
    if arguments.list:
        for name, spec in CATALOG.items():
            print(f"{name:20} {spec.notes}")
        return 0
    if arguments.sharded:
        make_sharded(arguments.sharded)
        return 0
    names = list(CATALOG) if arguments.committed else arguments.names
    unknown = [name for name in names if name not in CATALOG]
    if unknown or not names:
        parser.error(f"unknown model {', '.join(unknown)}; try --list" if unknown else "no model named; try --list")
    for name in names:
        make(CATALOG[name], arguments.out / name)
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
