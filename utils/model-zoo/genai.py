#!/usr/bin/env python3
"""Makes a quantised decoder with ONNX Runtime GenAI's model builder: GPT-OSS with QMoE, MatMulNBits and GroupQueryAttention.

usage: genai.py --out FOLDER

  pip install --no-deps onnxruntime-genai==0.18.0 tokenizers safetensors
  genai.py --out test/Integration/Inputs/genai/gptoss-int4

The checkpoint is a tiny one with random weights, in the form of the published one: experts in MXFP4, which the builder makes QMoE's four bits of. FOLDER gets
model.onnx and model.onnx.data as the builder wrote them, prompt/ (no past) and decode/ (one token behind that prompt), each with inputs and the outputs of
ONNX Runtime on a CPU. accuracy_level=1 keeps its activations in f32, and windowed_kv_cache=false the cache as long as the text, so that results can be
compared. The prompt is longer than the window of the first layer.
"""
import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch

LAYERS, EXPERTS, HIDDEN, INNER, HEADS, WIDTH, VOCABULARY = 2, 8, 64, 64, 2, 16, 64
# Below this a difference in rounding could choose another expert.
MIN_GAP = 1e-3


def checkpoint(folder):
    from safetensors.torch import load_file, save_file
    from tokenizers import Tokenizer, models
    from transformers import GptOssConfig, GptOssForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(1)
    rope = dict(rope_type="yarn", rope_theta=10000.0, factor=2.0, beta_fast=32.0, beta_slow=1.0, truncate=False, original_max_position_embeddings=1024)
    model = GptOssForCausalLM(GptOssConfig(
        vocab_size=VOCABULARY, hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=LAYERS, num_attention_heads=2 * HEADS, num_key_value_heads=HEADS,
        head_dim=WIDTH, num_local_experts=EXPERTS, num_experts_per_tok=2, max_position_embeddings=1024, sliding_window=8, tie_word_embeddings=False,
        pad_token_id=None, bos_token_id=1, eos_token_id=2, rope_parameters=rope)).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.endswith("norm.weight"):
                value.normal_(1, 0.1)
            elif "embed" in name or "sinks" in name:
                value.normal_(0, 1)
            elif "bias" in name:
                value.normal_(0, 0.2)
            else:
                value.normal_(0, value.shape[-1] ** -0.5)
    model.save_pretrained(folder)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    for layer in range(LAYERS):
        for name, rows, columns in (("gate_up_proj", 2 * INNER, HIDDEN), ("down_proj", HIDDEN, INNER)):
            prefix = f"model.layers.{layer}.mlp.experts.{name}"
            tensors[prefix + "_blocks"] = torch.randint(0, 256, (EXPERTS, rows, columns // 32, 16), dtype=torch.uint8)
            tensors[prefix + "_scales"] = torch.randint(122, 125, (EXPERTS, rows, columns // 32), dtype=torch.uint8)
    save_file(tensors, path, metadata={"format": "pt"})
    tokenizer = Tokenizer(models.WordLevel({f"t{i}": i for i in range(VOCABULARY)}, unk_token="t0"))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="t0", bos_token="t1", eos_token="t2").save_pretrained(folder)


class Session:
    """The model in ONNX Runtime, which also tells the router's logits."""

    def __init__(self, path):
        model = onnx.load(path)
        self.routers = [node.input[1] for node in model.graph.node if node.op_type == "QMoE"]
        self.outputs = [value.name for value in model.graph.output]
        for name in self.routers:
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self.past = [value.name for value in self.session.get_inputs() if value.name.startswith("past")]

    def run(self, ids, past=None):
        """Inputs, outputs, and the least distance between the second and the third logit of any router."""
        batch, length = ids.shape
        past = past or [np.zeros((batch, HEADS, 0, WIDTH), np.float32)] * len(self.past)
        feeds = {"input_ids": ids, "attention_mask": np.ones((batch, past[0].shape[2] + length), np.int64), **dict(zip(self.past, past))}
        results = dict(zip(self.outputs + self.routers, self.session.run(self.outputs + self.routers, feeds)))
        ordered = [np.sort(results.pop(name), -1) for name in self.routers]
        return feeds, results, min((logits[..., -2] - logits[..., -3]).min() for logits in ordered)


def record(session, folder):
    for seed in range(400):
        rng = np.random.default_rng(seed)
        feeds, results, gap = session.run(rng.integers(3, VOCABULARY, (2, 12)))
        past = [results[name.replace("past_key_values", "present")] for name in session.past]
        next_feeds, next_results, next_gap = session.run(rng.integers(3, VOCABULARY, (2, 1)), past)
        if min(gap, next_gap) >= MIN_GAP:
            break
    else:
        raise SystemExit("no seed keeps the routers' logits apart")
    for run, kinds in (("prompt", (feeds, results)), ("decode", (next_feeds, next_results))):
        for kind, tensors in zip(("inputs", "outputs"), kinds):
            (folder / run / kind).mkdir(parents=True, exist_ok=True)
            for name, array in tensors.items():
                np.save(folder / run / kind / (name + ".npy"), array)
    print(f"seed {seed}, least gap {min(gap, next_gap):.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        source, built = Path(scratch) / "checkpoint", Path(scratch) / "built"
        checkpoint(source)
        subprocess.run([sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", source, "-o", built, "-p", "int4", "-e", "cpu", "--extra_options",
                        "int4_block_size=32", "accuracy_level=1", "windowed_kv_cache=false"], check=True, stdout=subprocess.DEVNULL)
        options.out.mkdir(parents=True, exist_ok=True)
        for name in ("model.onnx", "model.onnx.data"):
            shutil.copyfile(built / name, options.out / name)
    record(Session(options.out / "model.onnx"), options.out)


if __name__ == "__main__":
    main()
