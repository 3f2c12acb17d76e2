"""Tensors as .npy files, for tests that must not need NumPy."""
import ast
import math
import struct

_CODES = {"<f4": "f", "<i4": "i", "<i8": "q"}


def write_npy(path, values, shape, kind="<f4"):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}{_CODES[kind]}", *values))


def read_npy(path):
    """The shape, and the elements as one list."""
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack_from("<H", data, 8)[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    return header["shape"], struct.unpack_from(f"<{math.prod(header['shape'])}{_CODES[header['descr']]}", data, 10 + size)
