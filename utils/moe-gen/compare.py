#!/usr/bin/env python3
"""Checks reference.py against the modules of transformers, at reduced sizes and on the same weights; for models that it lacks, against the formulas of their public code
(written.py).

  compare.py                 every model
  compare.py deepseek-v3     one of them

Needs torch and transformers 5.23 (utils/model-zoo/requirements.txt). Prints a line per model: what it is held against, and the largest difference over the largest result.
Ends with status 1 where that passes 1e-5, which is far above the rounding of f32.
"""
import argparse
import functools
import importlib
import math
import random
import sys

sys.dont_write_bytecode = True

import torch  # noqa: E402

import reference  # noqa: E402
import written  # noqa: E402
from layer import Layer  # noqa: E402
from models import MODELS, MODULES, READ, reference_of  # noqa: E402

TOKENS = 29


def configured(model, package, config, options):
    """A configuration of a package of transformers with the numbers of a model, and the package's modules."""
    configuration = importlib.import_module(f"transformers.models.{package}.configuration_{package}")
    modeling = importlib.import_module(f"transformers.models.{package}.modeling_{package}")
    numbers = {key: getattr(model, value) if isinstance(value, str) and hasattr(model, value) else value for key, value in options.items()}
    made = getattr(configuration, config)(hidden_size=model.hidden, **numbers)
    # Configurations keep what they do not know, but not where they compute it.
    for key, value in numbers.items():
        setattr(made, key, value)
    made._experts_implementation = "eager"
    return made, modeling


def block(package, config, name, arguments=None, **options):
    """Of a model: the module called `name` of a package of transformers, made from a configuration."""
    def make(model):
        made, modeling = configured(model, package, config, options)
        return getattr(modeling, name)(made, **(arguments or {}))
    return make


class DbrxFFN(torch.nn.Module):
    """The configuration of DBRX's layers is a part of that of the model, which wants every other part."""

    def __init__(self, model):
        super().__init__()
        numbers = {"ffn_hidden_size": model.width, "moe_num_experts": model.experts, "moe_top_k": model.slots, "moe_normalize_expert_weights": 1.0}
        made, modeling = configured(model, "dbrx", "DbrxFFNConfig", numbers)
        self.ffn = modeling.DbrxFFN(argparse.Namespace(ffn_config=made))

    def forward(self, x):
        return self.ffn(x)


class Gemma4(torch.nn.Module):
    """The parts that a decoder layer puts between its norms. The router normalises its input again: units here have the norm that it would give them."""

    def __init__(self, model):
        super().__init__()
        numbers = {"moe_intermediate_size": "width", "num_experts": "experts", "top_k_experts": "slots", "intermediate_size": "shared_width", "num_hidden_layers": 1,
                   "rms_norm_eps": 0.0}
        made, modeling = configured(model, "gemma4", "Gemma4TextConfig", numbers)
        self.router, self.experts = modeling.Gemma4TextRouter(made), modeling.Gemma4TextExperts(made)
        self.shared = modeling.Gemma4TextMLP(made, 0)

    def forward(self, x):
        rows = x.reshape(-1, x.shape[-1])
        _, weights, ids = self.router(rows)
        return self.experts(rows, ids, weights) + self.shared(rows)


class Nllb(torch.nn.Module):
    """The router's weights of all experts, and the experts. NllbMoeSparseMLP of this version takes the router's mask for ids, and so asks experts 0 and 1 alone."""

    def __init__(self, model):
        super().__init__()
        numbers = {"num_experts": "experts", "activation_function": "relu", "router_bias": False, "moe_eval_capacity_token_fraction": -1.0, "expert_capacity": 2 * math.ceil(TOKENS / model.experts),
                   "d_model": "hidden"}
        made, modeling = configured(model, "nllb_moe", "NllbMoeConfig", numbers)
        self.router = modeling.NllbMoeTop2Router(made)
        self.experts = torch.nn.ModuleList(modeling.NllbMoeDenseActDense(made, model.width) for _ in range(model.experts))

    def forward(self, x):
        rows = x.reshape(-1, x.shape[-1])
        _, weights, _ = self.router(rows)
        return sum(weights[:, [e]] * expert(rows) for e, expert in enumerate(self.experts))


QWEN = {"moe_intermediate_size": "width", "num_experts": "experts", "num_experts_per_tok": "slots", "shared_expert_intermediate_size": "shared_width"}
DEEPSEEK = {"moe_intermediate_size": "width", "n_routed_experts": "experts", "num_experts_per_tok": "slots", "n_shared_experts": "shared",
            "routed_scaling_factor": "scale", "norm_topk_prob": True}
GROUPS = {"n_group": "groups", "topk_group": "keep"}
NO_GROUPS = {"n_group": 1, "topk_group": 1}
LOCAL = {"intermediate_size": "width", "num_local_experts": "experts", "num_experts_per_tok": "slots"}
V4 = {"num_hidden_layers": 8, "vocab_size": TOKENS, **DEEPSEEK}
LING = block("bailing_hybrid", "BailingHybridConfig", "BailingHybridMoE", num_local_experts="experts", **DEEPSEEK, **GROUPS)

BLOCKS = {
    "mixtral-8x7b": block("mixtral", "MixtralConfig", "MixtralSparseMoeBlock", **LOCAL),
    "qwen2-57b-a14b": block("qwen2_moe", "Qwen2MoeConfig", "Qwen2MoeSparseMoeBlock", norm_topk_prob=False, **QWEN),
    "qwen3-30b-a3b": block("qwen3_moe", "Qwen3MoeConfig", "Qwen3MoeSparseMoeBlock", norm_topk_prob=True, num_local_experts="experts", **QWEN),
    "qwen3-next-80b-a3b": block("qwen3_next", "Qwen3NextConfig", "Qwen3NextSparseMoeBlock", norm_topk_prob=True, **QWEN),
    "qwen3.5-397b-a17b": block("qwen3_5_moe", "Qwen3_5MoeTextConfig", "Qwen3_5MoeSparseMoeBlock", **QWEN),
    "olmoe-1b-7b": block("olmoe", "OlmoeConfig", "OlmoeSparseMoeBlock", intermediate_size="width", num_experts="experts", num_experts_per_tok="slots",
                         norm_topk_prob=False),
    "deepseek-v2-lite": block("deepseek_v2", "DeepseekV2Config", "DeepseekV2Moe", topk_method="greedy", **DEEPSEEK),
    "deepseek-v2": block("deepseek_v2", "DeepseekV2Config", "DeepseekV2Moe", topk_method="group_limited_greedy", **DEEPSEEK, **GROUPS),
    "deepseek-v3": block("deepseek_v3", "DeepseekV3Config", "DeepseekV3MoE", **DEEPSEEK, **GROUPS),
    "deepseek-v4-flash": block("deepseek_v4", "DeepseekV4Config", "DeepseekV4SparseMoeBlock", arguments={"layer_idx": 5}, **V4),
    "deepseek-v4-flash-hash": block("deepseek_v4", "DeepseekV4Config", "DeepseekV4SparseMoeBlock", arguments={"layer_idx": 0}, **V4),
    "kimi-k2": block("deepseek_v3", "DeepseekV3Config", "DeepseekV3MoE", **DEEPSEEK, **NO_GROUPS),
    "glm-4.5": block("glm4_moe", "Glm4MoeConfig", "Glm4MoeMoE", **DEEPSEEK, **NO_GROUPS),
    "glm-4.7-flash": block("glm4_moe_lite", "Glm4MoeLiteConfig", "Glm4MoeLiteMoE", **DEEPSEEK, **NO_GROUPS),
    "dots1": block("dots1", "Dots1Config", "Dots1MoE", **DEEPSEEK, **NO_GROUPS),
    "gpt-oss-20b": block("gpt_oss", "GptOssConfig", "GptOssMLP", **LOCAL),
    "llama-4-scout": block("llama4", "Llama4TextConfig", "Llama4TextMoe", **LOCAL),
    "longcat-flash": block("longcat_flash", "LongcatFlashConfig", "LongcatFlashMoE", moe_topk="slots", n_routed_experts="experts", zero_expert_num="copies",
                           expert_ffn_hidden_size="width", routed_scaling_factor="scale"),
    "ernie-4.5-21b-a3b": block("ernie4_5_moe", "Ernie4_5_MoeConfig", "Ernie4_5_MoeSparseMoeBlock", moe_intermediate_size="width", moe_k="slots",
                               moe_num_experts="experts", moe_num_shared_experts="shared"),
    "lfm2-8b-a1b": block("lfm2_moe", "Lfm2MoeConfig", "Lfm2MoeSparseMoeBlock", norm_topk_prob=True, use_expert_bias=True, **QWEN),
    "phi-3.5-moe": block("phimoe", "PhimoeConfig", "PhimoeSparseMoeBlock", router_jitter_noise=0.01, **LOCAL),
    "granite-3.0-3b-a800m": block("granitemoe", "GraniteMoeConfig", "GraniteMoeMoE", **LOCAL),
    "jamba-v0.1": block("jamba", "JambaConfig", "JambaSparseMoeBlock", intermediate_size="width", num_experts="experts", num_experts_per_tok="slots"),
    "minimax-m2": block("minimax_m2", "MiniMaxM2Config", "MiniMaxM2SparseMoeBlock", **LOCAL),
    "mimo-v2-flash": block("mimo_v2_flash", "MiMoV2FlashConfig", "MiMoV2FlashMoE", **{**DEEPSEEK, "n_shared_experts": None}, **NO_GROUPS),
    "trinity-mini": block("afmoe", "AfmoeConfig", "AfmoeSparseMoeBlock", moe_intermediate_size="width", num_experts="experts", num_experts_per_tok="slots",
                          num_shared_experts="shared", route_scale="scale"),
    "dbrx": DbrxFFN,
    "gemma-4-26b-a4b": Gemma4,
    "hunyuan-a13b": block("hunyuan_v1_moe", "HunYuanMoEV1Config", "HunYuanMoEV1Moe", num_experts="experts", moe_topk="slots", intermediate_size="width"),
    "jetmoe-8b": block("jetmoe", "JetMoeConfig", "JetMoeMoE", **LOCAL),
    "ling-mini-2.0": LING,
    "ling-1t": LING,
    "minimax-m3": block("minimax_m3_vl", "MiniMaxM3VLTextConfig", "MiniMaxM3VLSparseMoeBlock", shared_intermediate_size="shared_width",
                        routed_scaling_factor="scale", **LOCAL),
    "nllb-moe-54b": Nllb,
    "step-3.5": block("step3p7", "Step3p7TextConfig", "Step3p7SparseMoeBlock", arguments={"layer_idx": 0}, moe_intermediate_size="width", n_routed_experts="experts",
                      num_experts_per_tok="slots", share_expert_dim="shared_width", moe_router_scaling_factor="scale", swiglu_limits=[7.0], swiglu_limits_shared=[7.0]),
    "switch-base-128": block("switch_transformers", "SwitchTransformersConfig", "SwitchTransformersSparseMLP", d_model="hidden", d_ff="width", num_experts="experts",
                             expert_capacity="capacity", dense_act_fn="relu"),
    "laguna": block("laguna", "LagunaConfig", "LagunaSparseMoeBlock", moe_router_logit_softcapping="softcap", moe_routed_scaling_factor="scale", **QWEN),
}

# Models of other numbers and the same module.
for one, other in {"mixtral-8x22b": "mixtral-8x7b", "qwen1.5-moe-a2.7b": "qwen2-57b-a14b", "qwen3-235b-a22b": "qwen3-30b-a3b", "qwen3-coder-480b": "qwen3-30b-a3b",
                   "gpt-oss-120b": "gpt-oss-20b", "llama-4-maverick": "llama-4-scout", "glm-4.5-air": "glm-4.5"}.items():
    BLOCKS[one] = BLOCKS[other]

for one in READ:
    BLOCKS[one] = functools.partial(written.Layer, one)


def parameter(model, weights, name, shape):
    """What the module's parameter `name` is, from the weights of a layer."""
    def tensor(role):
        return torch.tensor(weights.values[role]).reshape(weights.shapes[role])

    def joint(prefix):
        return torch.cat([tensor(prefix + "gate"), tensor(prefix + "up")], 1)

    def stack(experts):
        # Some modules have matrices the other way round, some have memory for ids that have none.
        matrix = experts if list(experts.shape[1:]) == shape[1:] else experts.transpose(1, 2)
        return torch.cat([matrix, torch.full([shape[0] - len(matrix), *shape[1:]], torch.nan)])

    def flat(role):
        # Shared experts are one wider one.
        shared = tensor("shared_" + role)
        return shared.transpose(0, 1).reshape(shape) if role == "down" else shared.reshape(shape)

    path = name.split(".")
    last = path[-1]
    if last == "bias" and len(path) == 1:
        return tensor("out_bias")
    if last == "tid2eid":
        return torch.tensor(table(model))
    if last == "per_expert_scale":
        return tensor("expert_scale")
    if last == "scale":
        return torch.full(shape, math.sqrt(model.hidden))
    if last in ("w1", "v1", "w2") and "mlp" in path:
        return (tensor("down").transpose(1, 2) if last == "w2" else tensor("gate" if last == "w1" else "up")).reshape(shape)
    for role, keys in {"up": ("fc1", "wi"), "down": ("fc2", "wo")}.items():
        if len(path) > 2 and path[-2] in keys:
            return tensor(f"{role}_{last}" if last == "bias" else role)[int(path[-3].removeprefix("expert_"))]
    if "shared_expert_gate" in name:
        return tensor("shared_mix")
    if "shared" in name and "gate_up" in name:
        return joint("shared_").reshape(shape)
    if "shared" in name:
        for role, keys in {"gate": ("gate_proj", "w1"), "up": ("up_proj", "w3"), "down": ("down_proj", "w2")}.items():
            if any(key in name for key in keys):
                return flat(role)
    if last in ("e_score_correction_bias", "expert_bias"):
        return tensor("bias").reshape(shape)
    if "down_proj_bias" in name:
        return tensor("down_bias")
    if "gate_up_proj_bias" in name:
        return tensor("first_bias")
    if "experts" in name and "gate_up" in name or name == "input_linear.weight":
        return stack(tensor("first") if model.body == "gpt-oss" else joint(""))
    if "experts" in name and "down" in name or name == "output_linear.weight":
        return stack(tensor("down"))
    if last == "bias" and "router" in name:
        return tensor("router_bias")
    if last == "weight" and ("gate" in name or "router" in name):
        return tensor("router")
    sys.exit(f"compare.py: error: expects the parameter '{name}' of {list(shape)} to be one of a layer's")


def table(model):
    """The experts of each token id."""
    numbers = random.Random(10)
    return [numbers.sample(range(model.experts), model.slots) for _ in range(TOKENS)]


def units(model):
    """The layer's input: of a norm that Gemma's router would give it, and no more than places for all where this version has no capacity."""
    numbers = random.Random(9)
    xs = [[numbers.gauss(0, 1) for _ in range(model.hidden)] for _ in range(model.slots if model.router == "hunyuan" else TOKENS)]
    if not model.expert_scale:
        return xs
    return [[v * math.sqrt(len(x) / sum(u * u for u in x)) for v in x] for x in xs]


def compare(name):
    model = MODELS[name].reduced()
    layer = Layer(model)
    layer.weights.make()
    module = BLOCKS[name](model).float().eval()
    state = module.state_dict()
    module.load_state_dict({key: parameter(model, layer.weights, key, list(value.shape)).contiguous() for key, value in state.items()})
    xs = units(model)
    hashed = model.router == "deepseek-v4-hash"
    with torch.no_grad():
        y = module(torch.tensor(xs)[None], *([torch.arange(TOKENS)[None]] if hashed else []))
    y = (y[0] if isinstance(y, tuple) else y).reshape(len(xs), model.hidden).double()
    expected = torch.tensor(reference.layer(model, layer.weights, xs, table(model) if hashed else None), dtype=torch.double)
    error = ((y - expected).abs().max() / expected.abs().max()).item()
    print(f"{name:24} {reference_of(name)}: {error:.1e}{'' if error <= 1e-5 else ' DIFFERS'}")
    return error <= 1e-5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="*", metavar="model", help="as moe-gen --list names them (default: all)")
    options = parser.parse_args()
    if unknown := [name for name in options.model if name not in BLOCKS]:
        parser.error(f"expects names that moe-gen --list prints, but got '{unknown[0]}'")
    held = MODULES.keys() | READ.keys()
    assert BLOCKS.keys() == held == MODELS.keys(), (BLOCKS.keys() ^ held, held ^ MODELS.keys())
    results = [compare(name) for name in options.model or MODELS]
    print(f"{sum(results)} of {len(results)} agree")
    sys.exit(not all(results))


main()
