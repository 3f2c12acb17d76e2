#!/usr/bin/env python3
"""Generates tokens greedily with a compiled model that has a key-value cache: the prompt in one call, then one call per token. The tokens must be those that
the model's own framework recorded.

usage: generate.py MOE_RUN GENERATION.json FOLDER MODEL.so
       generate.py MOE_RUN GENERATION.json FOLDER PREFILL.so DECODE.so

One model has a cache that grows (transformers' names), two have one with room for all tokens (those of utils/jax-zoo).
"""
import json
import pathlib
import subprocess
import sys

from npy import read_npy, write_npy


class Model:
    """Runs libraries on files in a folder; the cache stays in files."""

    def __init__(self, run, folder, cache):
        self.run, self.folder = run, folder
        self.cache = {name: [folder / f"{name}.{i}.npy" for i in (0, 1)] for name in cache}

    def call(self, library, inputs, past=True):
        """The logits of the last token; `inputs`: name to elements, shape and type."""
        command = [self.run, library, "--output", f"logits={self.folder}/logits.npy"]
        for name, (values, shape, kind) in inputs.items():
            write_npy(self.folder / f"{name}.npy", values, shape, kind)
            command += ["--input", f"{name}={self.folder}/{name}.npy"]
        for name, (old, new) in self.cache.items():
            command += ["--input", f"{self.PAST}{name}={old}"] if past else []
            command += ["--output", f"{self.PRESENT}{name}={new}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.cache = {name: files[::-1] for name, files in self.cache.items()}
        (_, _, vocabulary), logits = read_npy(self.folder / "logits.npy")
        return logits[-vocabulary:]


class Growing(Model):
    PAST, PRESENT = "input.past_key_values.layers.", "output.past_key_values.layers."
    LAYERS, HEADS, WIDTH = 2, 2, 16

    def __init__(self, run, folder, library):
        super().__init__(run, folder, [f"{layer}.{part}" for layer in range(self.LAYERS) for part in ("keys", "values")])
        self.library = library
        for old, _ in self.cache.values():
            write_npy(old, [], (1, self.HEADS, 0, self.WIDTH))

    def extend(self, tokens, length):
        return self.call(self.library, {"input_ids": (tokens, (1, len(tokens)), "<i8"), "attention_mask": ([1] * length, (1, length), "<i8")})


class Roomy(Model):
    PAST = PRESENT = ""

    def __init__(self, run, folder, prefill, decode):
        super().__init__(run, folder, ["keys", "values"])
        self.prefill, self.decode = prefill, decode

    def extend(self, tokens, length):
        inputs = {"input_ids": (tokens, (1, len(tokens)), "<i4")}
        if len(tokens) == length:
            return self.call(self.prefill, inputs, past=False)
        return self.call(self.decode, {**inputs, "start": ([length - len(tokens)], (), "<i4")})


def main(run, recorded, folder, *libraries):
    recorded = json.loads(pathlib.Path(recorded).read_text())
    model = (Growing if len(libraries) == 1 else Roomy)(run, pathlib.Path(folder), *libraries)
    tokens, fresh = [], recorded["prompt"]
    while len(tokens) < len(recorded["tokens"]):
        logits = model.extend(fresh, len(recorded["prompt"]) + len(tokens))
        fresh = [logits.index(max(logits))]
        tokens += fresh
    if tokens != recorded["tokens"]:
        first = next(i for i, (a, b) in enumerate(zip(tokens, recorded["tokens"])) if a != b)
        sys.exit(f"token {first} is {tokens[first]}, but the recording has {recorded['tokens'][first]}")
    print(f"{len(tokens)} tokens, as recorded")


if __name__ == "__main__":
    main(*sys.argv[1:])
