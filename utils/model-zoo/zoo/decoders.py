"""Hugging Face decoders with random weights that make mistakes visible."""

from __future__ import annotations

import importlib

import torch

from .exporters import past_names
from .spec import ModelSpec

_CLASSES = {
    "mixtral": "Mixtral",
    "qwen2_moe": "Qwen2Moe",
    "qwen3_moe": "Qwen3Moe",
    "olmoe": "Olmoe",
    "deepseek_v2": "DeepseekV2",
    "deepseek_v3": "DeepseekV3",
    "gpt_oss": "GptOss",
    "phimoe": "Phimoe",
    "jetmoe": "JetMoe",
    "llama4": "Llama4",
    "lfm2_moe": "Lfm2Moe",
    "glm4_moe": "Glm4Moe",
    "ernie4_5_moe": "Ernie4_5_Moe",
}

# Architectures whose experts' matrices are stored input first.
_TRANSPOSED = ("gpt_oss", "llama4")

# RMS of a routed branch relative to the residual it is added to. Near one, a
# wrong expert can neither hide behind the residual nor saturate the next layer.
_BRANCH_RATIO = 0.8


def class_name(spec: ModelSpec) -> str:
    return f"transformers.{_CLASSES[spec.arch]}ForCausalLM"


def build(spec: ModelSpec, seed: int):
    """The model in eval mode with weights drawn from `seed`."""
    transformers = importlib.import_module("transformers")
    stem = _CLASSES[spec.arch]
    # Special tokens of the published vocabularies lie outside the small ones.
    options = dict(spec.config, tie_word_embeddings=False, pad_token_id=None, bos_token_id=None, eos_token_id=None)
    # The TorchScript tracer has no symbolic for the fused attention with a
    # dynamic mask; gpt-oss has attention sinks, which exist only there.
    if spec.exporter == "legacy" or spec.arch == "gpt_oss":
        options["attn_implementation"] = "eager"
    if spec.arch == "gpt_oss":
        # The published model's YaRN scaling needs lengths that no tiny test has.
        options.update(rope_parameters={"rope_type": "default", "rope_theta": 10000.0}) if spec.transformers >= "5" \
            else options.update(rope_scaling=None)
    # Of models with several modalities the text model alone is built.
    config_class = getattr(transformers, f"{stem}TextConfig", None) or getattr(transformers, f"{stem}Config")
    config = config_class(**options)
    torch.manual_seed(seed)
    model_class = getattr(transformers, f"{stem}ForCausalLM")
    # Default initialisation of gigabytes is wasted: every value is redrawn.
    with _skip_init(spec.big):
        model = model_class(config).eval()
    if spec.experts:
        model.set_experts_implementation(spec.experts)
    model.requires_grad_(False)
    randomize(model, seed, spec.arch in _TRANSPOSED)
    return model


class _skip_init:
    def __init__(self, active):
        self.active = active

    def __enter__(self):
        if self.active:
            from transformers import modeling_utils

            self.saved = modeling_utils.PreTrainedModel.init_weights
            modeling_utils.PreTrainedModel.init_weights = lambda model: None

    def __exit__(self, *_):
        if self.active:
            from transformers import modeling_utils

            modeling_utils.PreTrainedModel.init_weights = self.saved


def randomize(model, seed: int, transposed: bool) -> None:
    """Redraws every parameter; only shapes and names decide the scale."""
    generator = torch.Generator().manual_seed(seed)

    def draw(tensor, scale, mean=0.0):
        tensor.normal_(mean, scale, generator=generator)

    for name, value in model.named_parameters():
        leaf = name.rsplit(".", 2)
        if value.dim() == 1 and name.endswith("weight"):
            draw(value, 0.1, mean=1.0)  # norm scales, all different so that none can be merged
        elif "embed_tokens" in name:
            draw(value, 1.0)
        elif name.endswith("sinks"):
            draw(value, 1.0)
        elif "bias" in leaf[-1]:
            draw(value, 0.2)
        elif leaf[-2] in ("gate", "router") or "router.layer" in name:
            draw(value, 1.5 / value.shape[-1] ** 0.5)
        else:
            fan_in = value.shape[-2] if transposed and value.dim() == 3 else value.shape[-1]
            draw(value, fan_in**-0.5)
    for name, value in model.named_buffers():
        if name.endswith(("e_score_correction_bias", "expert_bias")):
            # Large enough to change which experts win on some tokens.
            draw(value, 0.2)
    for name, value in model.named_parameters():
        if name.endswith("experts.gate_up_proj_bias"):
            # Columns alternate gate, linear. Biases near the limit of 7 make
            # the clamp of every fourth pair act, on either side for linear.
            value[:, 0::8] += 7.0
            value[:, 1::16] += 7.0
            value[:, 9::16] -= 7.0


def moe_blocks(model):
    """(decoder layer, MoE block) pairs."""
    for layer in model.model.layers:
        names = ("mlp", "block_sparse_moe", "feed_forward")
        block = next(getattr(layer, name) for name in names if hasattr(layer, name))
        if hasattr(block, "experts") or hasattr(block, "output_linear"):
            yield layer, block


def attention_mixtures(model) -> int:
    """How many layers choose among attention heads, too."""
    return sum(hasattr(getattr(layer, "self_attention", None), "experts") for layer in model.model.layers)


def _down_projections(block):
    if hasattr(block, "output_linear"):
        yield block.output_linear.weight
        yield block.bias
        return
    experts = block.experts
    if hasattr(experts, "down_proj"):
        yield experts.down_proj
        if hasattr(experts, "down_proj_bias"):
            yield experts.down_proj_bias
        return
    for expert in experts:
        yield (expert.down_proj if hasattr(expert, "down_proj") else expert.w2).weight


def branch_ratios(model, feeds: dict) -> list[dict[str, float]]:
    """RMS of each MoE block's output and of its routed part over its residual."""
    seen: list[dict] = []
    handles = []
    for layer, block in moe_blocks(model):
        entry: dict = {}
        seen.append(entry)

        def keep(key, position="output"):
            def hook(module, args, output, entry=entry):
                value = args[0] if position == "input" else output
                entry[key] = (value[0] if isinstance(value, tuple) else value).float().pow(2).mean().sqrt().item()

            return hook

        norm = layer.ffn_norm if hasattr(layer, "ffn_norm") else layer.post_attention_layernorm
        handles.append(norm.register_forward_hook(keep("residual", "input")))
        handles.append(block.register_forward_hook(keep("block")))
        if hasattr(block, "experts") and not isinstance(block.experts, torch.nn.ModuleList):
            handles.append(block.experts.register_forward_hook(keep("routed")))
    try:
        forward(model, feeds)
    finally:
        for handle in handles:
            handle.remove()
    return [
        {key: value / entry["residual"] for key, value in entry.items() if key != "residual"} for entry in seen
    ]


def softmax_gap(model, feeds: dict) -> float:
    """Smallest gap between the k-th and (k+1)-th probability of softmax routers, seen from torch."""
    gaps = []

    def hook(module, args, output):
        best = output[0].softmax(-1).topk(module.top_k + 1).values
        gaps.append((best[:, -2] - best[:, -1]).min().item())

    handles = [block.gate.register_forward_hook(hook) for _, block in moe_blocks(model)]
    try:
        forward(model, feeds)
    finally:
        for handle in handles:
            handle.remove()
    return min(gaps)


def calibrate(model, feeds: dict) -> None:
    """Scales the experts' down projections, layer by layer, to the wanted branch RMS."""
    for index, (_, block) in enumerate(moe_blocks(model)):
        ratios = branch_ratios(model, feeds)[index]
        factor = _BRANCH_RATIO / ratios.get("routed", ratios["block"])
        for weight in _down_projections(block):
            weight.mul_(factor)


def forward(model, feeds: dict) -> dict[str, torch.Tensor]:
    """Runs the torch model on named inputs; names as in the exported graph's `plain` form."""
    layers = model.config.num_hidden_layers
    arguments = dict(input_ids=feeds["input_ids"], attention_mask=feeds.get("attention_mask"))
    past = [feeds[name] for name in past_names(layers, "past_key_values") if name in feeds]
    with torch.no_grad():
        if not past:
            return {"logits": model(**arguments, use_cache=False).logits}
        from transformers import DynamicCache

        cache = DynamicCache(config=model.config)
        for layer in range(layers):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        result = model(**arguments, past_key_values=cache, use_cache=True)
        present = [part for layer in result.past_key_values.layers for part in (layer.keys, layer.values)]
        return dict(zip(["logits", *past_names(layers, "present")], [result.logits, *present]))


def make_inputs(spec: ModelSpec, config, seed: int, batch: int, sequence: int, past: int) -> dict:
    """Named torch inputs of one run."""
    generator = torch.Generator().manual_seed(seed)
    feeds = {"input_ids": torch.randint(0, config.vocab_size, (batch, sequence), generator=generator)}
    past = past if spec.past else 0
    if spec.mask:
        mask = torch.ones(batch, past + sequence, dtype=torch.int64)
        if spec.left_pad and batch > 1:
            mask[0, : (past + sequence) // 3] = 0
        feeds["attention_mask"] = mask
    if spec.past:
        head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        for name in past_names(config.num_hidden_layers, "past_key_values"):
            shape = (batch, config.num_key_value_heads, past, head)
            feeds[name] = torch.randn(shape, generator=generator)
    return feeds
