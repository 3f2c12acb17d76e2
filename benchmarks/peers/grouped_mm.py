"""The experts of Hugging Face transformers, which call torch's grouped matrix product, behind torch's softmax and top-k."""

import numpy as np
import torch

from . import require


def mix(layer, logits):
    """SparseMixer at inference: each pick is weighed among the logits near it, and then left out."""
    left, ids, weights = logits, [], []
    for _ in range(layer["top_k"]):
        best, picked = left.max(-1, keepdim=True)
        far = (best - logits) / logits.abs().clamp(min=best) > 2 * 0.01
        weights.append(torch.softmax(left.masked_fill(far, -torch.inf), -1).gather(-1, picked))
        ids.append(picked)
        left = left.scatter(-1, picked, -torch.inf)
    return torch.cat(ids, -1), torch.cat(weights, -1)


def route(layer, logits):
    """Ids and weights of each token's experts, by any router of moe-bench."""
    if layer["router"] == "sparsemixer":
        return mix(layer, logits)
    if layer["router"] == "sigmoid-topk-renorm":
        scores = torch.sigmoid(logits)
    else:
        scores = torch.softmax(logits, -1)
    weights, ids = torch.topk(scores, layer["top_k"])
    if layer["router"] != "softmax-topk":
        weights = weights / weights.sum(-1, keepdim=True)
    return ids, weights


def tensor(array):
    """A copy in memory of its own."""
    if array.dtype == np.float32:
        return torch.from_numpy(np.array(array))
    return torch.from_numpy(np.array(array.view(np.int16))).view(torch.bfloat16)


class Engine:
    bodies = ["silu"]

    def __init__(self, name, layer, weights, folder, threads):
        require("body", layer["body"], self.bodies)
        torch.set_num_threads(threads)
        self.layer = layer
        self.dtype = torch.float32 if weights.dtype == "f32" else torch.bfloat16
        self.tensors = {key: tensor(weights.elements(key)) for key in weights.tensors}
        self.prepare()

    def prepare(self):
        from transformers import Qwen3MoeConfig
        from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeExperts

        config = Qwen3MoeConfig(hidden_size=self.layer["hidden"], moe_intermediate_size=self.layer["width"], num_experts=self.layer["experts"])
        config._experts_implementation = "grouped_mm"
        with torch.device("meta"):
            self.module = Qwen3MoeExperts(config)
        self.module.load_state_dict({"gate_up_proj": self.tensors["first"], "down_proj": self.tensors["down"]}, assign=True)

    def bind(self, x, logits):
        self.x, self.logits = torch.from_numpy(x).to(self.dtype), torch.from_numpy(logits)

    def run(self):
        with torch.inference_mode():
            self.y = self.experts(*route(self.layer, self.logits))
            if self.layer["shared_width"]:
                gate, up = torch.nn.functional.linear(self.x, self.tensors["shared_first"][0]).chunk(2, -1)
                self.y += torch.nn.functional.linear(torch.nn.functional.silu(gate) * up, self.tensors["shared_down"][0])

    def experts(self, ids, weights):
        return self.module(self.x, ids, weights.to(self.dtype))

    def output(self):
        return self.y.float().numpy()
