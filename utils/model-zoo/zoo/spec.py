"""What a zoo model is: its name, where it comes from and how it is exported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ModelSpec:
    """One model of the zoo.

    kind        "node" (hand-built graph around com.microsoft.MoE) or "decoder" (Hugging Face model).
    transformers version the model must be exported with; None for hand-built graphs.
    exporter    "hf"     transformers.exporters.OnnxExporter (torch.export based),
                "plain"  torch.onnx.export(dynamo=True) on a wrapper module,
                "legacy" torch.onnx.export(dynamo=False), the TorchScript tracer.
    experts     experts_implementation of transformers >= 5; None before that.
    appearance  tag of the MoE pattern the export shows (O1 .. O6 of the import notes).
    verdict     "correct", "frozen" (specialised to the traced routing) or
                "wrong" (computes something else than the source model).
    inputs      shapes of the recorded run: batch, sequence, past.
    committed   whether the tiny model lives in the repository.
    """

    name: str
    kind: str
    appearance: str
    arch: str = ""
    transformers: str | None = None
    exporter: str = ""
    experts: str | None = None
    opset: int | None = None
    verdict: str = "correct"
    config: dict[str, Any] = field(default_factory=dict)
    mask: bool = False
    left_pad: bool = False
    past: bool = False
    ort_fusions: str | None = None
    reference: str | None = None
    external_data: bool = False
    big: bool = False
    committed: bool = False
    keep_scopes: bool = False
    batch: int = 3
    sequence: int = 7
    past_length: int = 5
    notes: str = ""
