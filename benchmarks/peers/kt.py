"""kt-kernel's MoE in bf16 behind torch's softmax and top-k."""

import torch
from kt_kernel import kt_kernel_ext

from . import require
from .grouped_mm import route, tensor


class Engine:
    def __init__(self, name, layer, weights, folder, threads):
        require("body", layer["body"], ["silu"])
        if layer["shared_width"]:
            raise NotImplementedError("no shared expert")
        torch.set_num_threads(threads)
        self.layer, width = layer, layer["width"]
        first = weights.elements("first")
        self.tensors = [tensor(first[:, :width]), tensor(first[:, width:]), tensor(weights.elements("down"))]
        self.pool = kt_kernel_ext.CPUInfer(threads)
        config = kt_kernel_ext.moe.MOEConfig(layer["experts"], layer["top_k"], layer["hidden"], width, 0)
        config.max_len = 2048
        config.gate_proj, config.up_proj, config.down_proj = (own.data_ptr() for own in self.tensors)
        config.pool = self.pool.backend_
        self.moe = kt_kernel_ext.moe.AMXBF16_MOE(config)
        order = torch.arange(layer["experts"], dtype=torch.int64)
        self.pool.submit(self.moe.load_weights_task(order.data_ptr()))
        self.pool.sync()

    def bind(self, x, logits):
        self.x, self.logits = torch.from_numpy(x).to(torch.bfloat16), torch.from_numpy(logits)
        self.y, self.count = torch.empty_like(self.x), torch.tensor([len(x)], dtype=torch.int32)

    def run(self):
        ids, weights = (value.contiguous() for value in route(self.layer, self.logits))
        self.pool.submit(self.moe.forward_task(
            self.count.data_ptr(), self.layer["top_k"], ids.data_ptr(), weights.data_ptr(), self.x.data_ptr(), self.y.data_ptr(), False))
        self.pool.sync()

    def output(self):
        return self.y.float().numpy()
