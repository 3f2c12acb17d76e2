"""A routing by scores whose greatest are zeros of both signs, or equal numbers, and what ONNX Runtime 1.31.1 makes of the model of top-k-zeros.test with it.

usage: top_k_zeros.py DIR
"""
import pathlib
import struct
import sys

SCORES = [[-1, -0.0, 0.0, 0.0], [0.0, -0.0, -0.0, 0.0], [-0.0, -2, 0.0, -0.0], [-0.0, 1, 0.0, -0.0], [0.5, 0.5, 0.5, 0.5], [-1, -2, -1, -1], [0.0, -0.0, 1, 1]]
RESULTS = [[8.5, 22], [16.5, 20], [-1, 12], [20.890111923217773, 24.621173858642578], [16.5, 20], [-1, 12], [11.5, -7]]


def write(path, rows):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    numbers = [number for row in rows for number in row]
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(numbers)}f", *numbers))


folder = pathlib.Path(sys.argv[1])
write(folder / "x.npy", [[1, 2]] * len(SCORES))
write(folder / "scores.npy", SCORES)
write(folder / "y.npy", RESULTS)
