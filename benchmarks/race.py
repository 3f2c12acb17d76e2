"""Races moec against other engines on one MoE layer of published models.

All engines get the same weights, inputs and router logits (a com.microsoft.MoE node) and do the same work, top-k included. moec and one peer are
resident at a time and take turns; a round in which the hypervisor stole more than 1 % of the time does not count. The first tokens of every
engine are compared with f64. Cells are appended to the results file as they end, and cells that it has are not run again.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import numpy as np

import layer as layers

HERE = pathlib.Path(__file__).parent
PEERS = ["onnxruntime", "torch"]
QUICK = ["qwen3-30b-a3b", "olmoe-1b-7b", "granite-3-1b-a400m", "switch-base-128"]
CHECKED_ROWS, BOUND = 2, 1e-4


class Engine:
    def __init__(self, name, layer, folder, threads, moec):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.name, self.folder = name, folder
        self.process = subprocess.Popen(
            [sys.executable, HERE / "worker.py", name, json.dumps(layer), folder, str(threads), moec],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.error = self.answer().get("error")

    def answer(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": f"{self.name} ended with status {self.process.wait()}"}

    def ask(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self.answer()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def bind(self, tokens, reference):
        self.ask(tokens=tokens, rows=CHECKED_ROWS)
        y = np.load(f"{self.folder}/{self.name}.npy")
        return float(np.abs(y - reference).max() / np.abs(reference).max())

    def time(self, runs):
        return self.ask(runs=runs)["seconds"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def steal():
    ticks = [int(word) for word in open("/proc/stat").readline().split()[1:9]]
    return ticks[7], sum(ticks)


def race(ours, peer, seconds):
    """Times of both, interleaved: at least five runs and `seconds` of each."""
    engines = [ours, peer]
    runs = {engine: max(1, int(0.2 / max(min(engine.time(3)), 1e-9))) for engine in engines}
    times = {engine: [] for engine in engines}
    discarded = 0
    while any(len(t) < 5 or sum(t) < seconds for t in times.values()):
        stolen, total = steal()
        round_times = [(engine, engine.time(runs[engine])) for engine in engines]
        stolen_after, total_after = steal()
        if stolen_after - stolen > 0.01 * max(1, total_after - total) and discarded < 50:
            discarded += 1
            continue
        for engine, values in round_times:
            times[engine] += values
    return times, discarded


def read_results(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def key(cell):
    return tuple(cell[name] for name in ("layer", "tokens", "threads", "peer"))


def prepare(layer, folder, moec):
    weights = layers.Weights(layer, folder)
    weights.write()
    layers.write_model(layer, weights, f"{folder}/model.onnx")
    subprocess.run([f"{moec}/bin/moe-compile", f"{folder}/model.onnx", "-o", f"{folder}/model.so"], check=True)
    return weights


def race_layer(layer, cells, arguments, append):
    folder = pathlib.Path(arguments.work, layer["name"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        print(f"race: {layer['name']}: writing and compiling", file=sys.stderr)
        weights = prepare(layer, str(folder), arguments.moec)
        references = {}
        for threads, peer_name in dict.fromkeys((cell["threads"], cell["peer"]) for cell in cells):
            peer = Engine(peer_name, layer, str(folder), threads, arguments.moec)
            ours = Engine("moec", layer, str(folder), threads, arguments.moec)
            for cell in [c for c in cells if (c["threads"], c["peer"]) == (threads, peer_name)]:
                print(f"race: {' '.join(map(str, key(cell)))}", file=sys.stderr)
                if error := peer.error or ours.error:
                    append({**cell, "error": error})
                    continue
                tokens = cell["tokens"]
                if tokens not in references:
                    x, logits = layers.inputs(layer, tokens)
                    references[tokens] = layers.reference(layer, weights, x[:CHECKED_ROWS], logits[:CHECKED_ROWS])
                errors = {engine.name: engine.bind(tokens, references[tokens]) for engine in (ours, peer)}
                times, discarded = race(ours, peer, arguments.seconds)
                append({
                    **cell, "ms": 1e3 * statistics.median(times[ours]), "peer_ms": 1e3 * statistics.median(times[peer]),
                    "runs": len(times[ours]), "peer_runs": len(times[peer]), "discarded_rounds": discarded,
                    "max_error": errors["moec"], "peer_max_error": errors[peer_name]})
            for engine in (ours, peer):
                engine.stop()
    finally:
        shutil.rmtree(folder)


def table(results):
    lines = [f"{'layer':<20}{'tokens':>7}{'threads':>9}  {'peer':<12}{'moec ms':>10}{'peer ms':>10}{'ratio':>7}{'error':>9}{'peer':>9}"]
    for cell in results:
        start = f"{cell['layer']:<20}{cell['tokens']:>7}{cell['threads']:>9}  {cell['peer']:<12}"
        if "error" in cell:
            lines.append(f"{start}{cell['error']}")
            continue
        wrong = "  WRONG" if not cell["max_error"] <= BOUND else ""
        lines.append(f"{start}{cell['ms']:>10.3f}{cell['peer_ms']:>10.3f}{cell['peer_ms'] / cell['ms']:>7.2f}{cell['max_error']:>9.1e}"
                     f"{cell['peer_max_error']:>9.1e}{wrong}")
    return "\n".join(lines)


def numbers(text):
    return [int(word) for word in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="24 cells: four layers, 1, 32 and 512 tokens, one and two threads, onnxruntime only")
    parser.add_argument("--layers", help="names of moe-bench --list, comma-separated (default: all that the operator can say)")
    parser.add_argument("--tokens", type=numbers, default=[1, 2, 4, 8, 16, 32, 64, 128, 512, 2048])
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--peers", default=",".join(PEERS), help=f"of {', '.join(PEERS)} (default: all)")
    parser.add_argument("--seconds", type=float, default=2, help="time each engine at least this long per cell (default: 2)")
    parser.add_argument("--results", type=pathlib.Path, default=pathlib.Path("race.jsonl"), help="one cell per line (default: race.jsonl)")
    parser.add_argument("--work", default="build/benchmarks/work", help="folder for models, several GB (default: build/benchmarks/work)")
    parser.add_argument("--moec", required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()

    known = layers.shapes(arguments.moec)
    names = arguments.layers.split(",") if arguments.layers else [n for n in known if not layers.refusal(known[n])]
    peers = arguments.peers.split(",")
    if arguments.quick:
        names, peers, arguments.tokens = QUICK, ["onnxruntime"], [1, 32, 512]
    for name in names:
        if name not in known:
            parser.error(f"expects a layer of moe-bench --list, but got '{name}'")
        if reason := layers.refusal(known[name]):
            parser.error(f"cannot race {name}: {reason}")
    for peer in peers:
        if peer not in PEERS:
            parser.error(f"expects a peer of {', '.join(PEERS)}, but got '{peer}'")

    cells = [{"layer": name, "tokens": tokens, "threads": threads, "peer": peer}
             for name in names for threads in arguments.threads for peer in peers for tokens in arguments.tokens]
    results = read_results(arguments.results)
    done = {key(cell) for cell in results}

    def append(cell):
        results.append(cell)
        with open(arguments.results, "a") as file:
            file.write(json.dumps(cell) + "\n")

    for name in names:
        if left := [cell for cell in cells if cell["layer"] == name and key(cell) not in done]:
            race_layer(known[name], left, arguments, append)
    wanted = {key(cell) for cell in cells}
    shown = [cell for cell in results if key(cell) in wanted]
    print(table(shown))
    return any(not cell.get("max_error", 0) <= BOUND for cell in shown)


sys.exit(main())
