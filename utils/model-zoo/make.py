#!/usr/bin/env python3
"""Makes the models of the zoo: small genuine MoE exports with recorded ONNX Runtime outputs.

Each model becomes a folder:

  NAME/model.onnx           the graph (big models: weights in model.onnx.data)
  NAME/inputs/TENSOR.npy    the recorded inputs; shapes and tokens differ from the traced ones
  NAME/outputs/TENSOR.npy   what ONNX Runtime's CPU provider computed, graph optimisations off
  NAME/one-token/...        the same for one token; models with a cache also have NAME/empty-past/
  NAME/case.json            origin, versions, tensor shapes, operator histogram and measurements

Examples:

  make.py --list
  make.py --out zoo mixtral-tiny moe-node
  make.py --out zoo --all --older ~/older-transformers
  make.py --out zoo --committed
  make.py --out broken --mutate swap-experts --from zoo mixtral-tiny

Some appearances come only from older transformers. --older names a folder with
one sub-folder per version, filled once by --fetch-older; such a model is then
exported in a child process that sees that version.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from zoo import probe
from zoo.catalog import CATALOG, CURRENT

_HERE = Path(__file__).resolve().parent


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="models to make (see --list)")
    parser.add_argument("--out", type=Path, default=Path("zoo-out"), help="folder that receives NAME/ (%(default)s)")
    parser.add_argument("--list", action="store_true", help="print the models and stop")
    parser.add_argument("--all", action="store_true", help="all models but the big ones")
    parser.add_argument("--big", action="store_true", help="the models at real dimensions (3-5 GB each, 16 GB of RAM)")
    parser.add_argument("--committed", action="store_true", help="the models kept in the repository")
    parser.add_argument("--older", type=Path, metavar="DIR", help="folder of older transformers versions")
    parser.add_argument("--fetch-older", action="store_true", help="fill --older with pip and stop")
    parser.add_argument("--mutate", choices=probe.MUTATIONS, help="write broken copies named NAME.MUTATION")
    parser.add_argument("--from", dest="source", type=Path, help="folder of the models to mutate (default: --out)")
    return parser, parser.parse_args()


def _list():
    for spec in CATALOG.values():
        origin = f"transformers {spec.transformers}, {spec.exporter}" if spec.transformers else "onnx.helper"
        flags = [spec.verdict] * (spec.verdict != "correct") + ["committed"] * spec.committed + ["big"] * spec.big
        print(f"{spec.name:26} {spec.appearance}  {origin:32} {' '.join(flags)}")
        if spec.notes:
            print(f"{'':30} {spec.notes}")


def _older_versions():
    return sorted({s.transformers for s in CATALOG.values() if s.transformers} - {CURRENT})


def _fetch_older(folder):
    for release in _older_versions():
        requirements = _HERE / "older" / f"requirements-{release}.txt"
        command = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(folder / release)]
        subprocess.run([*command, "-r", str(requirements)], check=True)


def _make_in_child(spec, out, older):
    site = older / spec.transformers if older else None
    if site is None or not site.is_dir():
        print(f"{spec.name}: skipped, needs transformers {spec.transformers} (see --older)", file=sys.stderr)
        return False
    environment = dict(os.environ, PYTHONPATH=str(site))
    command = [sys.executable, str(_HERE / "make.py"), "--out", str(out), spec.name]
    return subprocess.run(command, env=environment).returncode == 0


def _make(spec, out, older):
    from importlib.metadata import PackageNotFoundError, version

    if spec.transformers:
        try:
            installed = version("transformers")
        except PackageNotFoundError:
            installed = None
        if installed != spec.transformers:
            return _make_in_child(spec, out, older)
    from zoo import builder

    start = time.time()
    try:
        case = builder.build(spec, out / spec.name)
    except builder.ZooError as error:
        print(f"{spec.name}: {error}", file=sys.stderr)
        return False
    error = case.get("torch_error", case.get("reference_error"))
    print(f"{spec.name}: {time.time() - start:.0f} s, error to source {error:.1e}, "
          f"gap {case.get('min_router_gap', float('nan')):.1e}, teeth {_short(case['teeth'])}")
    return True


def _short(teeth):
    return " ".join(f"{kind} {value:.2f}" for kind, value in teeth.items()) if teeth else "not measured"


def _mutate(kind, names, source, out):
    from zoo import builder

    for name in names:
        if builder.mutate(out / f"{name}.{kind}", source / name, kind):
            print(f"{name}.{kind}")
        else:
            print(f"{name}: {kind} does not apply")
    return 0


def main() -> int:
    parser, arguments = _arguments()
    if arguments.list:
        _list()
        return 0
    if arguments.fetch_older:
        if not arguments.older:
            parser.error("--fetch-older needs --older DIR")
        _fetch_older(arguments.older)
        return 0
    names = list(arguments.names)
    for wanted, chosen in (
        (arguments.all, lambda spec: not spec.big),
        (arguments.committed, lambda spec: spec.committed),
        (arguments.big, lambda spec: spec.big),
    ):
        if wanted:
            names += [spec.name for spec in CATALOG.values() if chosen(spec)]
    names = list(dict.fromkeys(names))
    if not names:
        parser.error("no model named; try --list")
    unknown = [name for name in names if name not in CATALOG]
    if unknown:
        parser.error(f"unknown model {', '.join(unknown)}; try --list")
    if arguments.mutate:
        return _mutate(arguments.mutate, names, arguments.source or arguments.out, arguments.out)
    made = [_make(CATALOG[name], arguments.out, arguments.older) for name in names]
    return 0 if all(made) else 1


if __name__ == "__main__":
    sys.exit(main())
