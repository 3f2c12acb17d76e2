"""Runs one engine in a process of its own: reads commands as JSON lines, answers in JSON lines.

{"tokens": T} binds inputs of T tokens, runs once and writes the output to a file; {"runs": n} times n runs.
"""

import ctypes
import json
import pathlib
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

    F32 = 12

    def __init__(self, layer, weights, folder, threads, moec):
        self.layer = layer
        self.runtime = ctypes.CDLL(f"{moec}/lib/libmoe_runtime.so")
        self.runtime.moeRuntimeStatusMessage.restype = ctypes.c_char_p
        self.handles = []
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
        dims = [(ctypes.c_int64 * 2)(*array.shape) for array in (x, logits)]
        types = (self.Type * 2)(*[self.Type(self.F32, 2, d) for d in dims])
        self.check("CallReshape", self.call, types, 2)
        self.arrays = [x, logits, np.empty((len(x), self.layer["hidden"]), np.float32)]
        for index, array in enumerate(self.arrays[:2]):
            self.check("CallBindInput", self.call, index, ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes))
        y = self.arrays[2]
        self.check("CallBindOutput", self.call, 0, ctypes.c_void_p(y.ctypes.data), ctypes.c_size_t(y.nbytes))

    def run(self):
        self.check("CallRun", self.call)
        return self.arrays[2]


class OnnxRuntime:
    def __init__(self, layer, weights, folder, threads, moec):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"])

    def bind(self, x, logits):
        self.feed = {"x": x, "logits": logits}

    def run(self):
        return self.session.run(None, self.feed)[0]


class Torch:
    """The experts of Hugging Face transformers, which calls torch's grouped matrix product, behind a softmax and a top-k."""

    implementation = "grouped_mm"

    def __init__(self, layer, weights, folder, threads, moec):
        import torch
        from transformers import Qwen3MoeConfig
        from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeExperts

        if layer["body"] != "silu":
            raise NotImplementedError("this peer has gated silu experts only")
        torch.set_num_threads(threads)
        self.torch, self.layer = torch, layer
        config = Qwen3MoeConfig(hidden_size=layer["hidden"], moe_intermediate_size=layer["width"], num_experts=layer["experts"])
        config._experts_implementation = self.implementation
        with torch.device("meta"):
            self.experts = Qwen3MoeExperts(config)
        self.experts.to_empty(device="cpu")
        parameters = self.experts.state_dict()
        for e in range(layer["experts"]):
            fc1 = torch.from_numpy(np.array(weights.get("fc1")[e]))
            parameters["gate_up_proj"][e] = torch.cat([fc1[::2], fc1[1::2]])
            parameters["down_proj"][e] = torch.from_numpy(np.array(weights.get("fc2")[e]))

    def bind(self, x, logits):
        self.x, self.logits = self.torch.from_numpy(x), self.torch.from_numpy(logits)

    def run(self):
        with self.torch.inference_mode():
            weights, ids = self.torch.topk(self.torch.softmax(self.logits, -1), self.layer["top_k"])
            if layers.NORMALIZE[self.layer["router"]]:
                weights = weights / weights.sum(-1, keepdim=True)
            return self.experts(self.x, ids, weights).numpy()


ENGINES = {"moec": Moec, "onnxruntime": OnnxRuntime, "torch": Torch}


def main():
    name, layer, folder, threads, moec = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5]
    answers = sys.stdout
    sys.stdout = sys.stderr  # libraries may print
    answer = lambda value: print(json.dumps(value), file=answers, flush=True)
    try:
        engine = ENGINES[name](layer, layers.Weights(layer, folder), folder, threads, moec)
    except (NotImplementedError, RuntimeError) as error:
        return answer({"error": str(error)})
    answer({"ready": True})
    for line in sys.stdin:
        command = json.loads(line)
        if "tokens" in command:
            engine.bind(*layers.inputs(layer, command["tokens"]))
            np.save(pathlib.Path(folder, f"{name}.npy"), engine.run()[: command["rows"]])
            answer({})
            continue
        seconds = []
        for _ in range(command["runs"]):
            start = time.perf_counter()
            engine.run()
            seconds.append(time.perf_counter() - start)
        answer({"seconds": seconds})


if __name__ == "__main__":
    main()
