"""Configurations of released Mixture-of-Experts layers: the table in section 8 of the routing specification.

Every model says its numbers and names its router and its body. What a router computes is said twice: as attributes of the moe dialect in `layer.py`, and as the
formula that its authors published in `reference.py`. What that formula was held against is said here, too.
"""
from dataclasses import dataclass, replace

# What is not in any source that was read.
UNKNOWN = 0


@dataclass(frozen=True)
class Model:
    name: str
    hidden: int
    width: int
    experts: int
    slots: int
    router: str
    body: str = "swiglu"
    # Shared experts and the width of each; whether a sigmoid of the input weighs them.
    shared: int = 0
    shared_width: int = 0
    shared_gate: bool = False
    # Groups, and how many are kept.
    groups: int = 0
    keep: int = 0
    scale: float = 1.0
    # An f32 bias of the keys (selection alone), of the logits, one factor per expert.
    bias: bool = False
    router_bias: bool = False
    expert_scale: bool = False
    # Places of an expert, whatever the number of tokens.
    capacity: int = 0
    # Ids behind the experts that pass their input on.
    copies: int = 0
    softcap: float = 0.0
    apply: str = "output"
    out_bias: bool = False
    # What this file leaves out, or takes from elsewhere.
    note: str = ""

    def reduced(self):
        """The same layer at sizes that a test runs: nothing that the router or body does disappears."""
        experts = 2 * self.groups if self.groups else min(self.experts, 12)
        slots = self.groups if self.router == "pangu" else min(self.slots, 4)
        shared_width = 0 if not self.shared else 20 if self.shared_width == self.width else 28
        return replace(self, hidden=32, width=20, experts=experts, slots=slots, shared_width=shared_width, copies=min(self.copies, 5),
                       capacity=min(self.capacity, 3))


def _sigmoid(name, hidden, width, experts, slots, **more):
    return Model(name, hidden, width, experts, slots, "sigmoid", bias=True, **more)


def _shared(count, width, **more):
    return {"shared": count, "shared_width": width, **more}


MODELS = {model.name: model for model in [
    Model("mixtral-8x7b", 4096, 14336, 8, 2, "softmax-normalised"),
    Model("mixtral-8x22b", 6144, 16384, 8, 2, "softmax-normalised"),
    Model("dbrx", 6144, 10752, 16, 4, "dbrx"),
    Model("qwen1.5-moe-a2.7b", 2048, 1408, 60, 4, "softmax", **_shared(1, 5632, shared_gate=True)),
    Model("qwen2-57b-a14b", 3584, 2560, 64, 8, "softmax", **_shared(1, 20480, shared_gate=True)),
    Model("qwen3-30b-a3b", 2048, 768, 128, 8, "softmax-normalised"),
    Model("qwen3-235b-a22b", 4096, 1536, 128, 8, "softmax-normalised"),
    Model("qwen3-coder-480b", 6144, 2560, 160, 8, "softmax-normalised"),
    Model("qwen3-next-80b-a3b", 2048, 512, 512, 10, "softmax-normalised", **_shared(1, 512, shared_gate=True)),
    Model("qwen3.5-397b-a17b", 4096, 1024, 512, 10, "softmax-normalised", **_shared(1, 1024, shared_gate=True)),
    Model("deepseek-v2-lite", 2048, 1408, 64, 6, "softmax", **_shared(2, 1408)),
    Model("deepseek-v2", 5120, 1536, 160, 6, "deepseek-v2", groups=8, keep=3, scale=16.0, **_shared(2, 1536)),
    _sigmoid("deepseek-v3", 7168, 2048, 256, 8, groups=8, keep=4, scale=2.5, **_shared(1, 2048)),
    Model("deepseek-v4-flash", 4096, 2048, 256, 6, "deepseek-v4", "clamped-swiglu", bias=True, scale=1.5, **_shared(1, 2048)),
    Model("deepseek-v4-flash-hash", 4096, 2048, 256, 6, "deepseek-v4-hash", "clamped-swiglu", scale=1.5, **_shared(1, 2048),
          note="the first three MoE layers: ids come from a table of token ids, here the input 'ids'"),
    _sigmoid("kimi-k2", 7168, 2048, 384, 8, scale=2.827, **_shared(1, 2048)),
    Model("gpt-oss-120b", 2880, 2880, 128, 4, "picks", "gpt-oss", router_bias=True),
    Model("gpt-oss-20b", 2880, 2880, 32, 4, "picks", "gpt-oss", router_bias=True),
    Model("llama-4-scout", 5120, 8192, 16, 1, "llama-4", apply="input", **_shared(1, 8192)),
    Model("llama-4-maverick", 5120, 8192, 128, 1, "llama-4", apply="input", **_shared(1, 8192)),
    Model("longcat-flash", 6144, 2048, 512, 12, "longcat", bias=True, scale=6.0, copies=256),
    Model("ernie-4.5-21b-a3b", 2560, 1536, 64, 6, "ernie", bias=True, **_shared(2, 1536)),
    Model("lfm2-8b-a1b", 2048, 1792, 32, 4, "lfm2", bias=True, note="the model evaluates the sigmoid in bf16; this layer is f32 throughout"),
    Model("phi-3.5-moe", 4096, 6400, 16, 2, "sparsemixer"),
    _sigmoid("glm-4.5", 5120, 1536, 160, 8, scale=2.5, **_shared(1, 1536)),
    _sigmoid("glm-4.5-air", 4096, 1408, 128, 8, **_shared(1, 1408)),
    _sigmoid("glm-4.7-flash", 2048, 1536, 64, 4, scale=1.8, **_shared(1, 1536)),
    _sigmoid("ling-mini-2.0", 2048, 512, 256, 8, groups=8, keep=4, scale=2.5, **_shared(1, 512)),
    _sigmoid("ling-1t", 8192, 2048, 256, 8, groups=8, keep=4, scale=2.5, **_shared(1, 2048)),
    _sigmoid("trinity-mini", 2048, 1024, 128, 8, scale=2.826, **_shared(1, 1024)),
    Model("step-3.5", UNKNOWN, 1280, 288, 8, "sigmoid", "late-clamped-swiglu", bias=True, scale=3.0, **_shared(1, 1280),
          note="the hidden size was not in the sources; the limit 7 is one of several per layer"),
    Model("laguna", 2048, 512, 256, 8, "laguna", bias=True, softcap=30.0, **_shared(1, 512),
          note="the configuration's soft cap and scale were not in the sources: 30 and 1"),
    _sigmoid("minimax-m3", 6144, 3072, 128, 4, body="clamped-silu", scale=2.0, **_shared(1, 3072)),
    _sigmoid("minimax-m2", 3072, 1536, 256, 8),
    Model("gemma-4-26b-a4b", 2816, 704, 128, 8, "picks", "geglu", expert_scale=True, **_shared(1, 2112),
          note="the norms of router input and parallel MLP are ordinary ops beside the layer"),
    Model("olmoe-1b-7b", 2048, 1024, 64, 8, "softmax"),
    Model("granite-3.0-3b-a800m", 1536, 512, 40, 8, "picks"),
    Model("jetmoe-8b", 2048, 5632, 8, 2, "picks", out_bias=True),
    Model("jamba-v0.1", 4096, 14336, 16, 2, "softmax"),
    Model("hunyuan-a13b", 4096, 3072, 64, 8, "hunyuan", **_shared(1, 3072)),
    Model("pangu-pro-moe", 5120, 1344, 64, 8, "pangu", groups=8, expert_scale=True, **_shared(1, 5376)),
    _sigmoid("dots1", 4096, 1408, 128, 6, scale=2.5, **_shared(2, 1408)),
    Model("mimo-v2-flash", UNKNOWN, 2048, 256, 8, "sigmoid", bias=True,
          note="the hidden size and the configuration's scale were not in the sources"),
    _sigmoid("minicpm5-moe-16a3", 2048, 512, 160, 16, scale=3.66, **_shared(1, 512), note="sizes and scale are from a table of a script"),
    Model("nllb-moe-54b", 2048, 8192, 128, 2, "nllb", "relu-mlp"),
    Model("switch-base-128", 768, 3072, 128, 1, "switch", "relu", capacity=64),
    Model("arctic", 7168, 4864, 128, 2, "softmax-normalised", note="the dense residual is an ordinary MLP beside the layer"),
    Model("step-3", 7168, 5120, 48, 3, "softmax", **_shared(1, 5120), note="whether weights are normalised is the configuration's, which says no"),
    Model("sigma-moe-tiny", UNKNOWN, UNKNOWN, 96, 1, "softmax", note="neither sizes nor the router's configuration were in the sources read: a softmax top-1 is assumed"),
]}

# The modules of transformers 5.23 that compare.py runs on the same weights.
MODULES = {name: module for module, names in {
    "mixtral.MixtralSparseMoeBlock": ["mixtral-8x7b", "mixtral-8x22b"],
    "dbrx.DbrxFFN": ["dbrx"],
    "qwen2_moe.Qwen2MoeSparseMoeBlock": ["qwen1.5-moe-a2.7b", "qwen2-57b-a14b"],
    "qwen3_moe.Qwen3MoeSparseMoeBlock": ["qwen3-30b-a3b", "qwen3-235b-a22b", "qwen3-coder-480b"],
    "qwen3_next.Qwen3NextSparseMoeBlock": ["qwen3-next-80b-a3b"],
    "qwen3_5_moe.Qwen3_5MoeSparseMoeBlock": ["qwen3.5-397b-a17b"],
    "deepseek_v2.DeepseekV2Moe": ["deepseek-v2-lite", "deepseek-v2"],
    "deepseek_v3.DeepseekV3MoE": ["deepseek-v3", "kimi-k2"],
    "deepseek_v4.DeepseekV4SparseMoeBlock": ["deepseek-v4-flash", "deepseek-v4-flash-hash"],
    "gpt_oss.GptOssMLP": ["gpt-oss-120b", "gpt-oss-20b"],
    "llama4.Llama4TextMoe": ["llama-4-scout", "llama-4-maverick"],
    "longcat_flash.LongcatFlashMoE": ["longcat-flash"],
    "ernie4_5_moe.Ernie4_5_MoeSparseMoeBlock": ["ernie-4.5-21b-a3b"],
    "lfm2_moe.Lfm2MoeSparseMoeBlock": ["lfm2-8b-a1b"],
    "phimoe.PhimoeSparseMoeBlock": ["phi-3.5-moe"],
    "glm4_moe.Glm4MoeMoE": ["glm-4.5", "glm-4.5-air"],
    "glm4_moe_lite.Glm4MoeLiteMoE": ["glm-4.7-flash"],
    "bailing_hybrid.BailingHybridMoE": ["ling-mini-2.0", "ling-1t"],
    "afmoe.AfmoeSparseMoeBlock": ["trinity-mini"],
    "step3p7.Step3p7SparseMoeBlock": ["step-3.5"],
    "laguna.LagunaSparseMoeBlock": ["laguna"],
    "minimax_m3_vl.MiniMaxM3VLSparseMoeBlock": ["minimax-m3"],
    "minimax_m2.MiniMaxM2SparseMoeBlock": ["minimax-m2"],
    "gemma4.Gemma4TextRouter, Gemma4TextExperts and Gemma4TextMLP": ["gemma-4-26b-a4b"],
    "olmoe.OlmoeSparseMoeBlock": ["olmoe-1b-7b"],
    "granitemoe.GraniteMoeMoE": ["granite-3.0-3b-a800m"],
    "jetmoe.JetMoeMoE": ["jetmoe-8b"],
    "jamba.JambaSparseMoeBlock": ["jamba-v0.1"],
    "hunyuan_v1_moe.HunYuanMoEV1Moe, which has no capacity any more": ["hunyuan-a13b"],
    "dots1.Dots1MoE": ["dots1"],
    "mimo_v2_flash.MiMoV2FlashMoE": ["mimo-v2-flash"],
    "nllb_moe.NllbMoeTop2Router and NllbMoeDenseActDense": ["nllb-moe-54b"],
    "switch_transformers.SwitchTransformersSparseMLP": ["switch-base-128"],
}.items() for name in names}

# Published code that was read where transformers has no module; written.py has its formulas.
READ = {
    "pangu-pro-moe": "vllm-project/vllm-ascend, vllm_ascend/models/pangu_moe.py at 082c2581",
    "arctic": "vllm-project/vllm, vllm/model_executor/models/arctic.py at 00db0119: weights are normalised",
    "step-3": "vllm-project/vllm, vllm/model_executor/models/step3_text.py at 0169d396: a softmax, normalised where norm_expert_weight is, which the configuration has false",
    "minicpm5-moe-16a3": "wyc55069407/vllm, vllm/model_executor/models/minicpm5_moe.py at 5a7b1af3: sigmoid, bias, top 16, normalised, scaled",
    "sigma-moe-tiny": "microsoft/ltp-megatron-lm, megatron/core/transformer/moe/router.py at 02d5e419, which its report names: the model's configuration was not found, the default is a softmax",
}


def reference_of(name):
    """What the formula of a model was held against."""
    if name in MODULES:
        return f"transformers 5.23, {MODULES[name]}"
    return READ[name]
