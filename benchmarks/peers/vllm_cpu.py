"""vLLM for CPUs: its fused MoE op behind torch's softmax and top-k. Only the library with its operators is loaded, which needs nothing else of vLLM but torch."""

import importlib.util
import pathlib

import torch

from . import grouped_mm


def load():
    """Loads vLLM's operators for this CPU."""
    folder = pathlib.Path(importlib.util.find_spec("vllm").submodule_search_locations[0])
    library = "_C" if torch.cpu._is_avx512_bf16_supported() else "_C_AVX512" if torch.cpu._is_avx512_supported() else "_C_AVX2"
    torch.ops.load_library(folder / f"{library}.abi3.so")


class Engine(grouped_mm.Engine):
    def prepare(self):
        load()
        has_tiles = self.dtype == torch.bfloat16 and torch.cpu._is_amx_tile_supported() and torch.cpu._init_amx()
        self.isa = "amx" if has_tiles else "vec"
        for name in ("first", "down"):
            packed = torch.empty_like(self.tensors[name])
            torch.ops._C.prepack_moe_weight(self.tensors[name], packed, self.isa)
            self.tensors[name] = packed

    def experts(self, ids, weights):
        y = torch.empty_like(self.x)
        torch.ops._C.cpu_fused_moe(
            y, self.x, self.tensors["first"], self.tensors["down"], None, None, weights.float(), ids.to(torch.int32), False, "silu", self.isa)
        return y
