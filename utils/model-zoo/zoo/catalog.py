"""The models of the zoo, by name."""

from __future__ import annotations

from .spec import ModelSpec

CURRENT = "5.23.0"

# H = 64 and E = 8 are the smallest sizes the tests use: fewer experts or a
# narrower hidden size would let an indexing error hide.
_TINY = dict(
    vocab_size=64,
    hidden_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=16,
    max_position_embeddings=64,
)


def _tiny(**more):
    return {**_TINY, **more}


def _small(config, inter=8, vocabulary=32):
    """The same model with narrower experts and fewer tokens: what fits the repository's 4 MB for all committed models."""
    keys = ("intermediate_size", "intermediate_size_mlp", "moe_intermediate_size", "shared_expert_intermediate_size")
    return {**config, **{key: inter for key in keys if key in config}, "vocab_size": vocabulary}


_MIXTRAL = _tiny(intermediate_size=32, num_local_experts=8, num_experts_per_tok=2, sliding_window=None)
_QWEN2 = _tiny(
    intermediate_size=32,
    moe_intermediate_size=32,
    shared_expert_intermediate_size=32,
    num_experts=8,
    num_experts_per_tok=2,
    norm_topk_prob=False,
    use_sliding_window=False,
)
_QWEN3 = _tiny(
    intermediate_size=32,
    moe_intermediate_size=32,
    num_experts=8,
    num_experts_per_tok=2,
    norm_topk_prob=True,
    use_sliding_window=False,
)
_OLMOE = _tiny(intermediate_size=32, num_experts=8, num_experts_per_tok=2, norm_topk_prob=False)
_ONE_DENSE = {"mlp_only_layers": [0]}
_DEEPSEEK = dict(
    vocab_size=64,
    hidden_size=64,
    intermediate_size=32,
    moe_intermediate_size=32,
    num_hidden_layers=2,
    first_k_dense_replace=1,
    num_attention_heads=4,
    num_key_value_heads=4,
    q_lora_rank=32,
    kv_lora_rank=16,
    qk_rope_head_dim=8,
    qk_nope_head_dim=8,
    v_head_dim=16,
    n_routed_experts=8,
    n_shared_experts=1,
    n_group=4,
    topk_group=2,
    num_experts_per_tok=2,
    max_position_embeddings=64,
)
_DEEPSEEK_V3 = {**_DEEPSEEK, "routed_scaling_factor": 2.5, "norm_topk_prob": True}
_PHI = _tiny(intermediate_size=32, num_local_experts=8, num_experts_per_tok=2, sliding_window=None, router_jitter_noise=0.01)
_JETMOE = dict(vocab_size=64, hidden_size=64, num_hidden_layers=2, num_key_value_heads=2, kv_channels=4, intermediate_size=32, num_local_experts=8,
               num_experts_per_tok=2, max_position_embeddings=64)
_LLAMA4 = _tiny(intermediate_size=32, intermediate_size_mlp=32, num_local_experts=8, num_experts_per_tok=1, interleave_moe_layer_step=2, no_rope_layers=[0, 0])
_LFM2 = dict(vocab_size=64, hidden_size=64, intermediate_size=32, moe_intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             num_dense_layers=1, num_experts=8, num_experts_per_tok=2, max_position_embeddings=64, layer_types=["conv", "full_attention"])
_GLM4 = _tiny(intermediate_size=32, moe_intermediate_size=32, n_routed_experts=8, n_shared_experts=1, num_experts_per_tok=2, first_k_dense_replace=1,
              n_group=1, topk_group=1, norm_topk_prob=True, routed_scaling_factor=2.5, use_qk_norm=True)
_ERNIE = _tiny(intermediate_size=32, moe_intermediate_size=32, moe_num_experts=8, moe_k=2, moe_num_shared_experts=2, moe_layer_start_index=1)
_GPTOSS = _tiny(intermediate_size=32, num_local_experts=8, num_experts_per_tok=2, sliding_window=4)


def _node(name, **kw):
    return ModelSpec(name=name, kind="node", appearance="O1", **kw)


def _decoder(name, arch, config, **kw):
    kw.setdefault("transformers", CURRENT)
    return ModelSpec(name=name, kind="decoder", arch=arch, config=config, **kw)


def _hf(name, arch, config, experts="grouped_mm", **kw):
    """The export that transformers' own exporter makes."""
    appearance = kw.pop("appearance", {"grouped_mm": "O6", "batched_mm": "O4"}.get(experts))
    return _decoder(name, arch, config, exporter="hf", experts=experts, appearance=appearance, **kw)


_SPECS = [
    _node("moe-node", config=dict(inter=96), notes="swiglu, fusion 1 (interleaved), normalised weights"),
    _node("moe-node-relu", config=dict(inter=8, activation="relu", normalize=0), committed=True),
    _node("moe-node-gelu-bias", config=dict(inter=8, activation="gelu", bias=True), committed=True,
          notes="gelu of ONNX Runtime's CPU kernel is the tanh approximation"),
    _node("moe-node-silu", config=dict(inter=16, activation="silu")),
    _node("moe-node-ties", config=dict(inter=16, ties=True), committed=True,
          notes="swiglu; router_probs tie exactly at the k-th place, ONNX Runtime keeps the higher expert id"),
    _hf("mixtral-tiny", "mixtral", _small(_MIXTRAL), committed=True),
    _hf("mixtral-tiny-batched", "mixtral", _MIXTRAL, "batched_mm", keep_scopes=True),
    _decoder("mixtral-tiny-kv", "mixtral", _MIXTRAL, exporter="plain", experts="batched_mm", appearance="O4",
             mask=True, past=True, batch=2, sequence=3),
    _decoder("mixtral-tiny-loop", "mixtral", _MIXTRAL, transformers="4.44.2", exporter="legacy", opset=17,
             appearance="O2", mask=True),
    _decoder("mixtral-tiny-loop-dynamo", "mixtral", _MIXTRAL, transformers="4.44.2", exporter="plain",
             appearance="O2", mask=True),
    _decoder("mixtral-tiny-scatter", "mixtral", _MIXTRAL, transformers="5.0.0rc2", exporter="plain",
             experts="batched_mm", appearance="O4", mask=True,
             notes="combine is index_add -> ScatterND(reduction=add) over duplicate token indices"),
    _hf("mixtral-tiny-ort", "mixtral", _MIXTRAL, "batched_mm", appearance="O1", ort_fusions="cuda",
        reference="mixtral-tiny-batched",
        notes="com.microsoft.MoE with a separate fc3, which ONNX Runtime's CPU kernel refuses; outputs are those of "
              "the same weights exported without fusions (mixtral-tiny-batched)"),
    _hf("qwen2moe-tiny", "qwen2_moe", _QWEN2, mask=True, left_pad=True),
    _hf("qwen2moe-tiny-batched", "qwen2_moe", _small({**_QWEN2, **_ONE_DENSE}), "batched_mm", mask=True,
        left_pad=True, committed=True, notes="layer 0 is dense, layer 1 has 8 experts and a gated shared expert"),
    _hf("qwen3moe-tiny", "qwen3_moe", _QWEN3),
    _hf("qwen3moe-tiny-kv", "qwen3_moe", _small({**_QWEN3, **_ONE_DENSE}), mask=True, past=True, batch=2,
        sequence=3, committed=True, notes="layer 0 is dense; every axis exported with Dim.AUTO"),
    _decoder("qwen3moe-tiny-loop", "qwen3_moe", _small({**_QWEN3, **_ONE_DENSE}), transformers="4.52.4",
             exporter="legacy", opset=17, appearance="O2", mask=True, committed=True,
             notes="layer 0 is dense; static loop over all experts"),
    _hf("olmoe-tiny", "olmoe", _small(_OLMOE), committed=True),
    _decoder("olmoe-tiny-loop", "olmoe", _OLMOE, transformers="4.55.4", exporter="plain", appearance="O2",
             mask=True),
    # k = 3 from two groups: with k <= topk_group and a group's score being its
    # maximum, the group limit could never change the choice.
    _hf("deepseek-v2-tiny", "deepseek_v2",
        _small({**_DEEPSEEK, "topk_method": "group_limited_greedy", "routed_scaling_factor": 1.5,
                "norm_topk_prob": False, "num_experts_per_tok": 3}), committed=True,
        notes="softmax scores, 2 of 4 groups by their greatest score"),
    _hf("deepseek-v3-tiny", "deepseek_v3", _small(_DEEPSEEK_V3), committed=True,
        notes="sigmoid scores, non-zero e_score_correction_bias, 2 of 4 groups"),
    _hf("deepseek-v3-tiny-batched", "deepseek_v3", _DEEPSEEK_V3, "batched_mm"),
    _hf("gptoss-tiny", "gpt_oss", _GPTOSS),
    _hf("gptoss-tiny-batched", "gpt_oss", _GPTOSS, "batched_mm"),
    _hf("phimoe-tiny", "phimoe", _small(_PHI), committed=True, notes="sparsemixer: two arg-maxima, each weighed by a softmax over the logits near it"),
    _hf("jetmoe-tiny", "jetmoe", _small(_JETMOE), None, appearance="O6", committed=True,
        notes="the attention's query and output projections are mixtures too; a bias after the sum"),
    _hf("llama4-tiny", "llama4", _small(_LLAMA4), None, appearance="O5", committed=True,
        notes="sigmoid of the best logit, multiplied to the experts' input; shared expert; layer 0 is dense. No layer rotates: torch has no ONNX for "
              "complex numbers"),
    _hf("lfm2moe-tiny", "lfm2_moe", _small(_LFM2), committed=True, notes="layer 0 is dense and a convolution; biased sigmoid scores"),
    _hf("glm4moe-tiny", "glm4_moe", _small(_GLM4), committed=True,
        notes="GLM-4.5: layer 0 is dense; biased sigmoid scores, one group of all experts, renormalised and scaled, shared expert"),
    _hf("ernie45moe-tiny", "ernie4_5_moe", _small(_ERNIE),
        notes="ERNIE-4.5: layer 0 is dense; biased softmax scores, their sum at least 1e-12, two shared experts"),
    _decoder("gptoss-tiny-dense", "gpt_oss", _small(_GPTOSS, 16, 64), transformers="4.55.4", exporter="plain",
             appearance="O5", mask=True, committed=True),
    _decoder("frozen-qwen2moe", "qwen2_moe", _small({**_QWEN2, **_ONE_DENSE}, 8, 64), transformers="4.52.4",
             exporter="legacy", opset=17, appearance="O3", verdict="frozen", mask=True, committed=True,
             notes="loop over the experts hit by the traced prompt: experts that it missed are absent"),
    _decoder("frozen-deepseek-v3", "deepseek_v3", _DEEPSEEK_V3, transformers="4.52.4", exporter="legacy", opset=17,
             appearance="O3", verdict="frozen", mask=True,
             notes="python branch on numel(): experts without tokens in the traced prompt leave no trace"),
    _decoder("wrong-scatter-qwen3moe", "qwen3_moe", _small({**_QWEN3, **_ONE_DENSE}, 8, 64), transformers="5.0.0rc2",
             exporter="legacy", opset=17, experts="batched_mm", appearance="O4", verdict="wrong", mask=True,
             committed=True,
             notes="index_add with duplicate indices became ScatterElements without reduction"),
    _hf("olmoe-real-2l", "olmoe",
        dict(vocab_size=256, hidden_size=2048, intermediate_size=1024, num_hidden_layers=2, num_attention_heads=16,
             num_key_value_heads=16, num_experts=64, num_experts_per_tok=8, max_position_embeddings=4096,
             norm_topk_prob=False),
        big=True, external_data=True, batch=2, sequence=48,
        notes="two layers of OLMoE-1B-7B at real dimensions, vocabulary cut to 256"),
    _hf("qwen3-30b-a3b-real-2l", "qwen3_moe",
        dict(vocab_size=256, hidden_size=2048, intermediate_size=6144, moe_intermediate_size=768,
             num_hidden_layers=2, num_attention_heads=32, num_key_value_heads=4, head_dim=128, num_experts=128,
             num_experts_per_tok=8, max_position_embeddings=4096, norm_topk_prob=True, use_sliding_window=False),
        big=True, external_data=True, batch=2, sequence=48,
        notes="two layers of Qwen3-30B-A3B at real dimensions, vocabulary cut to 256"),
    _hf("deepseek-v2-lite-real-2l", "deepseek_v2",
        dict(vocab_size=256, hidden_size=2048, intermediate_size=10944, moe_intermediate_size=1408,
             num_hidden_layers=2, first_k_dense_replace=1, num_attention_heads=16, num_key_value_heads=16,
             q_lora_rank=None, kv_lora_rank=512, qk_rope_head_dim=64, qk_nope_head_dim=128, v_head_dim=128,
             n_routed_experts=64, n_shared_experts=2, n_group=1, topk_group=1, topk_method="greedy",
             routed_scaling_factor=1.0, norm_topk_prob=False, num_experts_per_tok=6,
             max_position_embeddings=4096),
        big=True, external_data=True, batch=2, sequence=48,
        notes="two layers of DeepSeek-V2-Lite at real dimensions (layer 0 is dense), vocabulary cut to 256"),
]

CATALOG = {spec.name: spec for spec in _SPECS}
