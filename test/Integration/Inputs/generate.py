#!/usr/bin/env python3
"""Generates tokens greedily with a compiled model that has a key-value cache: the prompt in one call, then one call per token. The tokens must be those that
transformers recorded.

usage: generate.py MOE_RUN MODEL.so GENERATION.json FOLDER
"""
import ast
import json
import math
import pathlib
import struct
import subprocess
import sys

LAYERS, HEADS, WIDTH = 2, 2, 16
CACHE = [f"past_key_values.layers.{layer}.{part}" for layer in range(LAYERS) for part in ("keys", "values")]


def write(path, kind, code, shape, values):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {tuple(shape)}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}{code}", *values))


def read(path):
    data = path.read_bytes()
    size = struct.unpack_from("<H", data, 8)[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    assert header["descr"] == "<f4", header
    return header["shape"], struct.unpack_from(f"<{math.prod(header['shape'])}f", data, 10 + size)


def main(run, model, recorded, folder):
    recorded, folder = json.loads(pathlib.Path(recorded).read_text()), pathlib.Path(folder)
    caches = {name: [folder / f"{name}.{i}.npy" for i in (0, 1)] for name in CACHE}
    for old, _ in caches.values():
        write(old, "<f4", "f", (1, HEADS, 0, WIDTH), [])
    tokens, fresh = [], recorded["prompt"]
    while len(tokens) < len(recorded["tokens"]):
        length = len(recorded["prompt"]) + len(tokens)
        write(folder / "ids.npy", "<i8", "q", (1, len(fresh)), fresh)
        write(folder / "mask.npy", "<i8", "q", (1, length), [1] * length)
        command = [run, model, "--input", f"input_ids={folder}/ids.npy", "--input", f"attention_mask={folder}/mask.npy", "--output", f"logits={folder}/logits.npy"]
        for name, (old, new) in caches.items():
            command += ["--input", f"input.{name}={old}", "--output", f"output.{name}={new}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        caches = {name: files[::-1] for name, files in caches.items()}
        (_, _, vocabulary), logits = read(folder / "logits.npy")
        last = logits[-vocabulary:]
        fresh = [last.index(max(last))]
        tokens += fresh
    if tokens != recorded["tokens"]:
        first = next(i for i, (a, b) in enumerate(zip(tokens, recorded["tokens"])) if a != b)
        sys.exit(f"token {first} is {tokens[first]}, but transformers chose {recorded['tokens'][first]}")
    print(f"{len(tokens)} tokens, as transformers chose them")


if __name__ == "__main__":
    main(*sys.argv[1:])
