"""Races moec against other engines on one MoE layer of published models.

All engines get the same weights, inputs and router logits and do the same work, top-k included. moec and one peer are resident at a time and take
turns; a round in which the hypervisor stole more than 1 % of the time does not count, up to 50 of a cell: one that reaches them says "stolen". The first tokens of every engine are compared with f64. Cells are
appended to the results file as they end, and cells that it has are not run again, unless they were timed for less long or with another --schedule.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time

import numpy as np

import layer as layers

HERE = pathlib.Path(__file__).parent
DTYPES = {
    "onnxruntime": ["f32", "int8", "int4"], "torch": ["f32", "bf16"], "zentorch": ["f32", "bf16"], "onednn": ["f32", "bf16"],
    "ggml": ["f32", "bf16", "int8", "int4"], "kt-kernel": ["bf16"], "jax": ["f32", "bf16"], "vllm": ["f32", "bf16"]}
ITSELF = "moec"  # as its own peer, where that is asked for: how far apart two equal engines are
ENVIRONMENTS = {"zentorch": "venv-zentorch"}  # others: venv
# What keeps peers to AVX2; the others have no such switch.
AVX2_PEERS = ["torch", "onednn"]
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
# Every peer, dtype, number of tokens and of threads occurs, and every layer but switch-base-8.
QUICK = """
qwen3-30b-a3b    f32    1 1 onnxruntime
qwen3-30b-a3b    f32  512 1 onednn
qwen3-30b-a3b    f32  512 2 torch
qwen3-30b-a3b   bf16    1 1 ggml
qwen3-30b-a3b   bf16   32 1 onednn
qwen3-30b-a3b   bf16  512 1 zentorch
qwen3-30b-a3b   bf16 2048 2 zentorch
qwen3-30b-a3b   int8    4 1 ggml
qwen3-30b-a3b   int4    1 1 ggml
qwen3-30b-a3b   int4    8 2 onnxruntime
olmoe-1b-7b      f32  512 1 onnxruntime
olmoe-1b-7b      f32   64 2 onednn
olmoe-1b-7b     bf16   16 1 vllm
olmoe-1b-7b     bf16  128 1 kt-kernel
granite-3-1b-a400m f32 512 2 onnxruntime
granite-3-1b-a400m f32   4 1 jax
granite-3-1b-a400m bf16  8 1 ggml
gpt-oss-20b     bf16   32 1 ggml
gpt-oss-20b     int4    1 1 ggml
deepseek-v2-lite bf16 512 1 onednn
lfm2-8b-a1b     bf16    4 2 torch
mixtral-8x7b    bf16    2 1 onednn
phi-3.5-moe     bf16   64 1 zentorch
switch-base-128  f32  128 1 onnxruntime
"""
CHECKED_ROWS = 2
BOUND = {"f32": 1e-4, "bf16": 2e-2, "int8": 2e-2, "int4": 2e-2}
PEER_BOUND = 5e-2  # some peers round activations to int8
MOST_DISCARDED = 50  # rounds of a cell; those after them count, whatever is stolen
KEY = ("layer", "dtype", "tokens", "threads", "peer")


class EngineError(RuntimeError):
    """What an engine answers instead of numbers."""


class Engine:
    """An engine in a process of its own, which ends with the block that it is entered for."""

    def __init__(self, name, layer, dtype, folder, threads, arguments):
        # Large blocks in huge pages, for engines that do not ask for them.
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), GLIBC_TUNABLES="glibc.malloc.hugetlb=1", MOE_PEERS=f"{arguments.peer_root}/native",
                           **AVX2 if arguments.avx2 else {})
        python = f"{arguments.peer_root}/{ENVIRONMENTS.get(name, 'venv')}/bin/python"
        self.name, self.folder, self.refusal = name, folder, None
        self.process = subprocess.Popen(
            [python, HERE / "worker.py", name, json.dumps(layer), dtype, folder, str(threads), arguments.moec],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def __enter__(self):
        try:
            self.answer()
        except EngineError as problem:
            self.refusal = problem
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(self, kind, *_):
        if kind:  # what it is asked for may take minutes
            self.process.kill()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it has ended by itself
        self.process.wait()

    def answer(self):
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"ended with status {self.process.wait()}"}
        if "error" in answer:
            raise EngineError(f"{self.name}: {answer['error']}")
        return answer

    def ask(self, **command):
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its end is the answer
        return self.answer()

    def bind(self, tokens, cache, reference):
        """The error of the first rows."""
        self.ask(tokens=tokens, cache=cache, rows=CHECKED_ROWS)
        y = np.load(f"{self.folder}/{self.name}.npy")
        return float(np.abs(y - reference).max() / np.abs(reference).max())

    def time(self, runs):
        return self.ask(runs=runs)["seconds"]


def steal():
    ticks = [int(word) for word in open("/proc/stat").readline().split()[1:9]]
    return ticks[7], sum(ticks)


def race(ours, peer, seconds):
    """Times of both, interleaved: at least five runs and `seconds` of each. Of a trial, which has no seconds, every round counts."""
    engines = [ours, peer]
    runs = {engine: max(1, int(0.2 / max(min(engine.time(3)), 1e-9))) for engine in engines}
    times = {engine: [] for engine in engines}
    discarded = 0
    while any(len(t) < 5 or sum(t) < seconds for t in times.values()):
        stolen, total = steal()
        round_times = [(engine, engine.time(runs[engine])) for engine in engines]
        stolen_after, total_after = steal()
        if stolen_after - stolen > 0.01 * max(1, total_after - total) and discarded < MOST_DISCARDED and seconds > 0:
            discarded += 1
            continue
        for engine, values in round_times:
            times[engine] += values
    return times, discarded


def read_results(path):
    """The cells of a results file by their keys, the last of each. A line that was not written to its end is removed."""
    if not path.exists():
        return {}
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return {key(cell): cell for cell in map(json.loads, whole.splitlines())}


def is_done(cell, arguments):
    """Whether what was measured is no less than what is asked for; refusals and results of earlier versions do not say how they were."""
    return cell.get("seconds", arguments.seconds) >= arguments.seconds and cell.get("schedule", arguments.schedule) == arguments.schedule


def key(cell):
    return tuple(cell[name] for name in KEY)


def prepare(layer, dtype, folder, arguments):
    weights = layers.Weights(layer, dtype, folder)
    weights.write()
    bench = [f"{arguments.moec}/bin/moe-bench", f"--layer={layer['name']}", f"--dtype={dtype}", "--print-ir"]
    with open(f"{folder}/layer.mlir", "w") as file:
        subprocess.run(bench, check=True, stdout=file)
    subprocess.run([f"{os.path.abspath(arguments.moec)}/bin/moe-compile", "layer.mlir", "--start-from=moe", f"--schedule={arguments.schedule}", "-o", "model.so",
                    *["--cpu=x86-64-v3"] * arguments.avx2], check=True, cwd=folder)
    return weights


def machine_peaks(threads, arguments):
    """The machine's rates by numbers of threads, as moe-bench measures them."""
    command = [f"{arguments.moec}/bin/moe-bench", "--machine", f"--threads={','.join(map(str, threads))}", "--json"]
    machine = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {rates["threads"]: {**{name: machine[name] for name in ("cpu", "last_level_cache_bytes")}, **rates} for rates in machine["rates"]}


def roofline(layer, cell, logits, peak, avx2):
    """Seconds that the arithmetic or the reading of weights takes at least."""
    operations, read = layers.work(layer, cell["dtype"], logits)
    rates = peak["peak_gflops"]
    rate = rates["f32"] if cell["dtype"] == "f32" or avx2 else rates["bf16"] or rates["f32"]
    return max(operations / rate, read / peak["read_gb_per_s"]) * 1e-9


def race_cell(layer, weights, cell, ours, peer, arguments):
    peak = arguments.peaks[cell["threads"]]
    cache = peak["last_level_cache_bytes"]
    draws = layers.draws(layer, cell["dtype"], cell["tokens"], cache)
    x, logits = draws[0]
    reference = layers.reference(layer, weights, x[:CHECKED_ROWS], logits[:CHECKED_ROWS])
    errors = {engine: engine.bind(cell["tokens"], cache, reference) for engine in (ours, peer)}
    times, discarded = race(ours, peer, arguments.seconds)
    ms = {engine: 1e3 * statistics.median(times[engine]) for engine in times}
    least = statistics.mean(roofline(layer, cell, logits, peak, arguments.avx2) for _, logits in draws)
    return {
        **cell, "ms": ms[ours], "peer_ms": ms[peer], "roofline_percent": 1e5 * least / ms[ours],
        "max_error": errors[ours], "peer_max_error": errors[peer], "runs": len(times[ours]), "peer_runs": len(times[peer]),
        "discarded_rounds": discarded, "draws": len(draws), "seconds": arguments.seconds, "schedule": arguments.schedule, "machine": peak}


def race_layer(layer, dtype, cells, arguments, append):
    folder = pathlib.Path(arguments.work, layer["name"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        print(f"race: {layer['name']} {dtype}: writing and compiling", file=sys.stderr)
        weights = prepare(layer, dtype, str(folder), arguments)
        for threads, peer_name in dict.fromkeys((cell["threads"], cell["peer"]) for cell in cells):
            own = [cell for cell in cells if (cell["threads"], cell["peer"]) == (threads, peer_name)]

            def start(name):
                return Engine(name, layer, dtype, str(folder), threads, arguments)

            with start(peer_name) as peer, start("moec") as ours:
                refusal = ours.refusal or peer.refusal
                for cell in own:
                    print(f"race: {' '.join(map(str, key(cell)))}", file=sys.stderr)
                    try:
                        if refusal:
                            raise refusal
                        append(race_cell(layer, weights, cell, ours, peer, arguments))
                    except EngineError as problem:
                        append({**cell, "error": str(problem)})
                        if not refusal:
                            break  # it may have ended; the same command goes on with the cells that are left
    finally:
        shutil.rmtree(folder)


def wrong(cell):
    """What is wrong with a cell's numbers, or nothing."""
    if "error" in cell:
        return "  WRONG" if cell["error"].startswith("moec:") else ""
    if not cell["max_error"] <= BOUND[cell["dtype"]]:
        return "  WRONG"
    return "" if cell["peer_max_error"] <= PEER_BOUND else "  peer wrong"


def table(results):
    lines = [f"{'layer':<20}{'dtype':<6}{'tokens':>6}{'threads':>8}  {'peer':<12}{'moec ms':>10}{'peer ms':>10}{'ratio':>7}{'roofline':>10}{'error':>9}{'peer':>9}"]
    for cell in results:
        start = f"{cell['layer']:<20}{cell['dtype']:<6}{cell['tokens']:>6}{cell['threads']:>8}  {cell['peer']:<12}"
        if "error" in cell:
            lines.append(start + cell["error"] + wrong(cell))
            continue
        stolen = "  stolen" if cell["discarded_rounds"] >= MOST_DISCARDED else ""
        lines.append(f"{start}{cell['ms']:>10.3f}{cell['peer_ms']:>10.3f}{cell['peer_ms'] / cell['ms']:>7.2f}{cell['roofline_percent']:>8.1f} %"
                     f"{cell['max_error']:>9.1e}{cell['peer_max_error']:>9.1e}{wrong(cell)}{stolen}")
    return "\n".join(lines)


def summary(cells):
    """Markdown tables, one for each number of threads: by cell the fastest peer, its time as a multiple of moec's, and the median of moec's shares of the roofline."""
    lines = []
    for threads in sorted({cell["threads"] for cell in cells}):
        own = [cell for cell in cells if cell["threads"] == threads and "error" not in cell]
        tokens = sorted({cell["tokens"] for cell in own})
        rivals = [cell["peer_ms"] / cell["ms"] for cell in own]
        lines += [f"{threads} thread{'s' * (threads > 1)}: {len(own)} cells of {len({cell['peer'] for cell in own})} peers, moec ahead in {sum(ratio >= 1 for ratio in rivals)}", "",
                  f"| layer | dtype | {' | '.join(map(str, tokens))} |", "| --- " * (2 + len(tokens)) + "|"]
        for name, dtype in dict.fromkeys((cell["layer"], cell["dtype"]) for cell in own):
            row = [name, dtype]
            for number in tokens:
                there = [cell for cell in own if (cell["layer"], cell["dtype"], cell["tokens"]) == (name, dtype, number)]
                if not there:
                    row.append("")
                    continue
                ratio, peer = min((cell["peer_ms"] / cell["ms"], cell["peer"]) for cell in there)
                text = f"{ratio:.2f} {peer}, {statistics.median(cell['roofline_percent'] for cell in there):.0f} %"
                row.append(f"**{text}**" if ratio < 1 else text)
            lines.append(f"| {' | '.join(row)} |")
        lines.append("")
    return "\n".join(lines[:-1])


def estimate(known, cells, seconds):
    """Minutes that cells take, from what they took on two cores of 3.7 GHz."""
    total = 0
    for name, dtype in dict.fromkeys((cell["layer"], cell["dtype"]) for cell in cells):
        own = [cell for cell in cells if (cell["layer"], cell["dtype"]) == (name, dtype)]
        gigabytes = layers.Weights(known[name], dtype, ".").bytes * 1e-9
        engines = len({(cell["threads"], cell["peer"]) for cell in own})
        total += 4 + 8 * gigabytes + engines * (3 + 2 * gigabytes) + len(own) * (1 + 3 * seconds)
    return total / 60


def numbers(text):
    return [int(word) for word in text.split(",")]


def words(known):
    def parse(text):
        if unknown := [word for word in text.split(",") if word not in known]:
            raise argparse.ArgumentTypeError(f"expects some of {', '.join(known)}, but got '{unknown[0]}'")
        return text.split(",")

    return parse


def main():
    given = argparse.ArgumentParser(add_help=False)  # by the script
    given.add_argument("--moec", required=True, help=argparse.SUPPRESS)
    given.add_argument("--peer-root", required=True, help=argparse.SUPPRESS)
    known = layers.shapes(given.parse_known_args()[0].moec)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, parents=[given])
    parser.add_argument("--quick", action="store_true", help="24 cells: all peers and dtypes, all layers but switch-base-8; under 40 minutes")
    parser.add_argument("--layers", type=words(known), default=list(known), help="names of moe-bench --list, comma-separated (default: all)")
    parser.add_argument("--dtypes", type=words(layers.BITS), default=list(layers.BITS), help="of f32, bf16, int8, int4 (default: all)")
    parser.add_argument("--tokens", type=numbers, default=[1, 2, 4, 8, 16, 32, 64, 128, 512, 2048], help="numbers of tokens (default: 1 to 2048)")
    parser.add_argument("--threads", type=numbers, default=[1, 2], help="numbers of threads (default: 1,2)")
    parser.add_argument("--peers", type=words([*DTYPES, ITSELF]), default=list(DTYPES), help=f"of {', '.join(DTYPES)} (default: all), and {ITSELF}, against itself")
    parser.add_argument("--seconds", type=float, default=2, help="time each engine at least this long per cell (default: 2); 0 for a trial")
    parser.add_argument("--schedule", default="auto", help="how moec runs layers; see moe-compile (default: auto)")
    parser.add_argument("--avx2", action="store_true", help=f"keep all to AVX2 and f32 arithmetic: moec, and those peers that can be told to ({', '.join(AVX2_PEERS)}). The "
                        "roofline stays the f32 peak of moe-bench --machine, in AVX-512 where the CPU has it: right where both have the same peak, as on Zen 4, too high elsewhere")
    parser.add_argument("--summary", action="store_true", help="run nothing: print, of the cells asked for that the results file has, the fastest peer of each as Markdown tables; "
                        "peer's time as a multiple of moec's, moec's share of the roofline, bold where moec is slower")
    parser.add_argument("--results", type=pathlib.Path, help="one cell per line (default: race.jsonl, with --avx2 race-avx2.jsonl)")
    parser.add_argument("--work", default="build/benchmarks/work", help="folder for models, several GB (default: build/benchmarks/work)")
    arguments = parser.parse_args()
    arguments.results = arguments.results or pathlib.Path("race-avx2.jsonl" if arguments.avx2 else "race.jsonl")

    if arguments.quick:
        cells = [dict(zip(KEY, (name, dtype, int(tokens), int(threads), peer)))
                 for name, dtype, tokens, threads, peer in map(str.split, QUICK.split("\n")[1:-1])]
    else:
        cells = [dict(zip(KEY, (name, dtype, tokens, threads, peer)))
                 for name in arguments.layers for dtype in arguments.dtypes for threads in arguments.threads
                 for peer in arguments.peers if dtype in DTYPES.get(peer, [dtype]) for tokens in arguments.tokens]
    cells = [cell for cell in cells if not arguments.avx2 or cell["peer"] in AVX2_PEERS]
    results = read_results(arguments.results)
    if arguments.summary:
        there = [results[key(cell)] for cell in cells if key(cell) in results]
        if not there:
            return f"race: expects cells of these in '{arguments.results}', but it has none; the same command without --summary runs them"
        print(summary(there))
        return 0
    left = [cell for cell in cells if key(cell) not in results or not is_done(results[key(cell)], arguments)]
    print(f"race: {len(left)} of {len(cells)} cells to run, about {estimate(known, left, arguments.seconds):.0f} minutes", file=sys.stderr)
    if left and subprocess.run([HERE / "race", "--setup"]).returncode:
        return "race: cannot set the peers up, for the reason above"
    arguments.peaks = machine_peaks({cell["threads"] for cell in left}, arguments) if left else {}

    def append(cell):
        results[key(cell)] = cell
        with open(arguments.results, "a") as file:
            file.write(json.dumps(cell) + "\n")

    start = time.monotonic()
    for name, dtype in dict.fromkeys((cell["layer"], cell["dtype"]) for cell in left):
        race_layer(known[name], dtype, [cell for cell in left if (cell["layer"], cell["dtype"]) == (name, dtype)], arguments, append)
    print(f"race: took {(time.monotonic() - start) / 60:.0f} minutes", file=sys.stderr)
    wanted = {key(cell) for cell in cells}
    shown = [cell for own, cell in results.items() if own in wanted]
    print(table(shown))
    return any(wrong(cell).strip() == "WRONG" for cell in shown)


if __name__ == "__main__":
    # Whoever ends the race ends its engines and removes its files.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("race: stopped; the same command goes on with the cells that are left")
