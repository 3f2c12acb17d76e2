"""Writes a safetensors file whose tensors count from 0.

usage: make_safetensors.py FILE NAME:DTYPE:SIZES[:BYTES]...
"""
import json
import struct
import sys

FORMATS = {"F32": "f", "I32": "i", "U8": "B", "F4": "B"}

header, data = {"__metadata__": {"format": "test"}}, b""
for argument in sys.argv[2:]:
    name, dtype, sizes, *claimed = argument.split(":")
    shape = [int(size) for size in sizes.split(",")]
    count = 1
    for size in shape:
        count *= size
    content = struct.pack(f"<{count}{FORMATS[dtype]}", *range(count))
    length = int(claimed[0]) if claimed else len(content)
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + length]}
    data += content
text = json.dumps(header).encode()
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
