#!/usr/bin/env python3
"""Records what transformers generates with a model of the zoo that has a cache: FOLDER/generation.json, for the test that generates the same tokens.

usage: generate.py NAME --out FOLDER [--length 32]

The weights are those of make.py's export, which draws them from a seed. Prompts are tried until every token wins by a margin that rounding cannot close.
"""
import argparse
import json
from pathlib import Path

import torch

from zoo import decoders
from zoo.builder import MIN_GAP, WEIGHT_SEED
from zoo.catalog import CATALOG

PROMPTS = 400


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--length", type=int, default=32)
    options = parser.parse_args()
    spec = CATALOG[options.name]
    model = decoders.build(spec, WEIGHT_SEED)
    decoders.calibrate(model, decoders.make_inputs(spec, model.config, 1000, spec.batch, spec.sequence, spec.past_length))
    for seed in range(PROMPTS):
        prompt = torch.randint(0, model.config.vocab_size, (1, 6), generator=torch.Generator().manual_seed(seed))
        result = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=options.length, min_new_tokens=options.length, do_sample=False,
                                output_scores=True, return_dict_in_generate=True)
        best = torch.stack(result.scores).topk(2, -1).values
        margin = (best[..., 0] - best[..., 1]).min().item()
        tokens = result.sequences[0, prompt.shape[1]:].tolist()
        if margin >= MIN_GAP and len(set(tokens)) >= options.length // 4:
            break
    else:
        raise SystemExit("no prompt keeps the margin")
    recorded = dict(model=options.name, seed=seed, margin=margin, prompt=prompt[0].tolist(), tokens=tokens)
    (options.out / "generation.json").write_text(json.dumps(recorded) + "\n")
    print(recorded)


if __name__ == "__main__":
    main()
