"""Layers of models that transformers lacks, by the formulas of the public code that READ in models.py names.

As modules of torch whose parameters are called as those of transformers, for compare.py. They work on whole matrices: every expert sees every unit, and what a router gives is
a matrix of weights, zero where an expert is not selected. With reference.py, which lists a unit's experts, they share the models' numbers alone.
"""
import torch
from torch.nn import functional


def largest(keys, count):
    """1 for the `count` largest keys of a row, which have no ties, else 0."""
    return (keys >= keys.topk(count).values[:, -1:]).float()


def pangu(model, z, layer):
    """The best of each group by a softmax over all, times a scale of its expert."""
    p = torch.softmax(z, 1)
    groups = p.unflatten(1, (model.groups, -1))
    return p * (groups == groups.amax(2, keepdim=True)).flatten(1) * layer.per_expert_scale


def arctic(model, z, _):
    p = torch.softmax(z, 1)
    return functional.normalize(p * largest(z, model.slots), p=1)


def step_3(model, z, _):
    """Not normalised, as norm_expert_weight = false asks."""
    return torch.softmax(z, 1) * largest(z, model.slots)


def minicpm5(model, z, layer):
    s = torch.sigmoid(z)
    s = s * largest(s + layer.e_score_correction_bias, model.slots)
    return s / (s.sum(1, keepdim=True) + 1e-20) * model.scale


def sigma(_, z, __):
    """Megatron's softmax before the choice of one, which it demands of a router of one."""
    return torch.softmax(z, 1) * functional.one_hot(z.argmax(1), z.shape[1])


ROUTERS = {"pangu-pro-moe": pangu, "arctic": arctic, "step-3": step_3, "minicpm5-moe-16a3": minicpm5, "sigma-moe-tiny": sigma}


class Stack(torch.nn.Module):
    """All experts as two tensors, gate rows before up rows."""

    def __init__(self, count, hidden, width):
        super().__init__()
        self.gate_up_proj = torch.nn.Parameter(torch.empty(count, 2 * width, hidden))
        self.down_proj = torch.nn.Parameter(torch.empty(count, hidden, width))

    def forward(self, x):
        gate, up = torch.einsum("td,efd->etf", x, self.gate_up_proj).chunk(2, 2)
        return torch.einsum("etf,edf->etd", functional.silu(gate) * up, self.down_proj)


class Mlp(torch.nn.Module):
    def __init__(self, hidden, width):
        super().__init__()
        self.gate_proj, self.up_proj = (torch.nn.Linear(hidden, width, bias=False) for _ in range(2))
        self.down_proj = torch.nn.Linear(width, hidden, bias=False)

    def forward(self, x):
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(torch.nn.Module):
    def __init__(self, name, model):
        super().__init__()
        self.model, self.router = model, ROUTERS[name]
        self.gate = torch.nn.Linear(model.hidden, model.experts, bias=False)
        self.experts = Stack(model.experts, model.hidden, model.width)
        self.shared_experts = Mlp(model.hidden, model.shared * model.shared_width) if model.shared else None
        if model.bias:
            self.e_score_correction_bias = torch.nn.Parameter(torch.empty(model.experts))
        if model.expert_scale:
            self.per_expert_scale = torch.nn.Parameter(torch.empty(model.experts))

    def forward(self, x):
        rows = x.reshape(-1, x.shape[-1])
        y = torch.einsum("te,etd->td", self.router(self.model, self.gate(rows), self), self.experts(rows))
        return y + self.shared_experts(rows) if self.shared_experts else y
