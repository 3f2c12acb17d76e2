"""Peers that are written in C++ against peer.h."""

import ctypes
import os

import numpy as np

from . import require

ROUTERS = ["softmax-topk", "softmax-topk-renorm", "topk-softmax", "sigmoid-topk-renorm"]
BODIES = ["silu", "gpt-oss", "relu"]


class Matrix(ctypes.Structure):
    _fields_ = [("elements", ctypes.c_void_p), ("scales", ctypes.c_void_p)]


class Layer(ctypes.Structure):
    _fields_ = [*((name, ctypes.c_int64) for name in ("hidden", "width", "experts", "top_k", "shared_width", "threads")),
                *((name, ctypes.c_int32) for name in ("router", "body", "format")),
                *((name, Matrix) for name in ("first", "down", "shared_first", "shared_down")),
                *((name, ctypes.c_void_p) for name in ("first_bias", "down_bias"))]


class Engine:
    def __init__(self, name, layer, weights, folder, threads):
        require("router", layer["router"], ROUTERS)
        self.library = ctypes.CDLL(f"{os.environ['MOE_PEERS']}/lib{name}_peer.so")
        self.hidden, self.kept = layer["hidden"], []
        own = Layer(**{key: layer[key] for key in ("hidden", "width", "experts", "top_k", "shared_width")}, threads=threads,
                    router=ROUTERS.index(layer["router"]), body=BODIES.index(layer["body"]),
                    format=["f32", "bf16", "int8", "int4"].index(weights.dtype))
        for tensor in weights.tensors:
            if tensor.endswith("bias"):
                setattr(own, tensor, self.keep(weights.elements(tensor).astype(np.float32)))
                continue
            scales = self.keep(weights.scales(tensor).astype(np.float32)) if weights.tensors[tensor].quantised else None
            setattr(own, tensor, Matrix(self.keep(weights.elements(tensor)), scales))
        self.library.peerCreate.restype = ctypes.c_void_p
        self.peer = ctypes.c_void_p(self.library.peerCreate(ctypes.byref(own)))

    def keep(self, array):
        self.kept.append(array)
        return array.ctypes.data

    def bind(self, x, logits):
        self.tokens = len(x)
        self.library.peerBind(self.peer, ctypes.c_int64(len(x)), ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(logits.ctypes.data))

    def run(self):
        self.library.peerRun(self.peer)

    def output(self):
        y = np.empty((self.tokens, self.hidden), np.float32)
        self.library.peerOutput(self.peer, ctypes.c_void_p(y.ctypes.data))
        return y
