"""Runs one engine in a process of its own: reads commands as JSON lines, answers in JSON lines.

{"tokens": T, "cache": B, "rows": R} binds inputs of T tokens, runs once and writes the first R rows of the output to a file; {"runs": n} times n runs, which take the
draws of inputs for a last-level cache of B bytes in turn.
"""

import ctypes
import importlib
import itertools
import json
import os
import pathlib
import signal
import sys
import time

import numpy as np

import layer as layers


class Moec:
    """The compiled layer through the runtime's C API."""

    class Type(ctypes.Structure):
        _fields_ = [("dtype", ctypes.c_uint32), ("rank", ctypes.c_uint32), ("dims", ctypes.POINTER(ctypes.c_int64))]

    class Params(ctypes.Structure):
        _fields_ = [("struct_size", ctypes.c_size_t), ("num_threads", ctypes.c_uint32), ("flags", ctypes.c_uint32),
                    ("pointers", ctypes.c_void_p * 5)]

    BF16, F32 = 11, 12

    def __init__(self, layer, weights, folder, threads, build):
        self.layer, self.weights = layer, weights
        self.runtime = ctypes.CDLL(f"{build}/lib/libmoe_runtime.so")
        self.runtime.moeRuntimeStatusMessage.restype = ctypes.c_char_p
        params = self.Params(ctypes.sizeof(self.Params), threads)
        instance = self.create("InstanceCreate", ctypes.byref(params))
        module = self.create("ModuleLoad", instance, f"{folder}/model.so".encode(), None)
        self.call = self.create("CallCreate", self.create("ModuleFindEntry", module, None))

    def check(self, function, *arguments):
        function = getattr(self.runtime, "moeRuntime" + function)
        function.restype = ctypes.c_void_p
        if status := function(*arguments):
            raise RuntimeError(self.runtime.moeRuntimeStatusMessage(ctypes.c_void_p(status)).decode())

    def create(self, function, *arguments):
        handle = ctypes.c_void_p()
        self.check(function, *arguments, ctypes.byref(handle))
        return handle

    def bind(self, x, logits):
        activations = self.weights.activations
        x = x.astype(activations)
        dtype = self.F32 if activations is np.float32 else self.BF16
        dims = [(ctypes.c_int64 * 2)(*array.shape) for array in (x, logits)]
        types = (self.Type * 2)(self.Type(dtype, 2, dims[0]), self.Type(self.F32, 2, dims[1]))
        self.check("CallReshape", self.call, types, 2)
        self.arrays = [x, logits, np.empty((len(x), self.layer["hidden"]), activations)]
        for index, array in enumerate(self.arrays[:2]):
            self.check("CallBindInput", self.call, index, ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes))
        y = self.arrays[2]
        self.check("CallBindOutput", self.call, 0, ctypes.c_void_p(y.ctypes.data), ctypes.c_size_t(y.nbytes))

    def run(self):
        self.check("CallRun", self.call)

    def output(self):
        return self.arrays[2]


# Engines by name: the module below peers/ that has a class Engine.
PEERS = {"onnxruntime": "ort", "torch": "grouped_mm", "zentorch": "zentorch_moe", "onednn": "native", "ggml": "native", "kt-kernel": "kt",
         "jax": "ragged_dot", "vllm": "vllm_cpu"}


def make(name, layer, weights, folder, threads, build):
    if name == "moec":
        return Moec(layer, weights, folder, threads, build)
    engine = importlib.import_module("peers." + PEERS[name]).Engine
    return engine(name, layer, weights, folder, threads)


def main():
    name, layer, dtype, folder, threads, build = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]), sys.argv[6]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # race.py ends its engines
    # Libraries print to the standard output, some of them past Python.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answer = lambda value: print(json.dumps(value), file=answers, flush=True)
    try:
        engine = make(name, layer, layers.Weights(layer, dtype, folder), folder, threads, build)
    except (NotImplementedError, RuntimeError, ImportError, OSError) as error:
        return answer({"error": f"{type(error).__name__}: {error}".splitlines()[0]})
    answer({"ready": True})
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if "tokens" in command:
                draws = layers.draws(layer, dtype, command["tokens"], command["cache"])
                turn = itertools.cycle(draws)
                engine.bind(*draws[0])
                engine.run()
                np.save(pathlib.Path(folder, f"{name}.npy"), engine.output()[: command["rows"]].astype(np.float32))
                answer({})
                continue
            seconds = []
            for _ in range(command["runs"]):
                if len(draws) > 1:
                    engine.bind(*next(turn))
                start = time.perf_counter()
                engine.run()
                seconds.append(time.perf_counter() - start)
            answer({"seconds": seconds})
        except RuntimeError as error:
            answer({"error": f"{type(error).__name__}: {error}".splitlines()[0]})


if __name__ == "__main__":
    main()
