"""ONNX Runtime's com.microsoft operators of its CPU provider: MoE for f32, QMoE in blocks of 64 for int8 and int4."""

import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from . import require

# MoE's softmax is over all experts; QMoE's is over the selected ones.
NORMALIZE = {"softmax-topk": 0, "softmax-topk-renorm": 1, "topk-softmax": 1}


class Engine:
    def __init__(self, name, layer, weights, folder, threads):
        require("router", layer["router"], NORMALIZE if weights.dtype == "f32" else ["softmax-topk-renorm", "topk-softmax"])
        if layer["shared_width"]:
            raise NotImplementedError("no shared expert")
        self.path, self.initializers, self.end = pathlib.Path(folder, "onnxruntime.bin"), [], 0
        with open(self.path, "wb") as self.file:
            inputs = self.add_weights(layer, weights)
        session = onnxruntime.SessionOptions()
        session.intra_op_num_threads, session.inter_op_num_threads = threads, 1
        model = f"{folder}/onnxruntime.onnx"
        onnx.save(self.model(layer, weights.dtype, inputs), model)
        self.session = onnxruntime.InferenceSession(model, session, providers=["CPUExecutionProvider"])

    def add_weights(self, layer, weights):
        """The operator's inputs behind the logits; its rows of gate and up alternate."""
        names = []
        for part in ("first", "down"):
            split = part == "first" and layer["body"] == "silu"
            codes = weights.elements(part)
            # QMoE's codes are unsigned.
            names.append(self.add(part, codes, split, lambda block: block.view(np.uint8) ^ 0x80 if codes.dtype == np.int8 else block))
            if weights.dtype != "f32":
                names.append(self.add(part + "_scales", weights.scales(part), split, lambda block: block.astype(np.float32)))
            bias = part + "_bias"
            names.append(self.add(bias, weights.elements(bias), False, lambda block: block.astype(np.float32)) if bias in weights.tensors else "")
        return names

    def add(self, name, array, split, convert):
        offset = self.end
        for block in array:
            block = convert(np.asarray(block))
            if split:
                block = block.reshape(2, len(block) // 2, -1).swapaxes(0, 1)
            self.file.write(np.ascontiguousarray(block).data)
            self.end += block.nbytes
        kind = TensorProto.UINT8 if block.dtype == np.uint8 else TensorProto.FLOAT
        tensor = TensorProto(name=name, data_type=kind, dims=array.shape, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", self.path.name), ("offset", offset), ("length", self.end - offset)):
            tensor.external_data.add(key=key, value=str(value))
        self.initializers.append(tensor)
        return name

    def model(self, layer, dtype, names):
        attributes = {"k": layer["top_k"], "normalize_routing_weights": NORMALIZE[layer["router"]]}
        if layer["body"] == "relu":
            attributes.update(activation_type="relu")
        else:
            attributes.update(activation_type="swiglu", swiglu_fusion=1, activation_alpha=1.0, activation_beta=0.0)
        if layer["body"] == "gpt-oss":
            attributes.update(activation_alpha=1.702, activation_beta=1.0, swiglu_limit=7.0)
        if dtype != "f32":
            attributes.update(expert_weight_bits=int(dtype[3:]), block_size=64)
        node = helper.make_node("MoE" if dtype == "f32" else "QMoE", ["x", "logits", *names], ["y"], domain="com.microsoft", **attributes)
        value = lambda name, size: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["T", size])
        graph = helper.make_graph([node], "layer", [value("x", layer["hidden"]), value("logits", layer["experts"])],
                                  [value("y", layer["hidden"])], self.initializers)
        imports = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=imports, ir_version=10)

    def bind(self, x, logits):
        self.feed = {"x": x, "logits": logits}

    def run(self):
        self.y = self.session.run(None, self.feed)[0]

    def output(self):
        return self.y
