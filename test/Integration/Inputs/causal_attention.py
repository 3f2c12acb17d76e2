"""Causal and masked attention in blocks of queries beside its decomposition.

usage: causal_attention.py model                          prints a model with every form in which operators of ONNX say that they are causal, or have masks
       causal_attention.py run MOE-RUN LIBRARY REFERENCE DIR  runs both libraries for numbers of queries around the blocks, and compares what they compute
"""
import math
import random
import struct
import subprocess
import sys

# Outputs: behind a cache, with a mask whose sizes have names of their own; from the first key on, with a mask per head; counts of keys for each sequence, of
# which queries are the last (and some see nothing); as many keys behind a cache as there are queries or not; a window, an extra key and a bias per head, of
# sequences of different length; numbers of 16 bits; a mask that is added to products, as PyTorch exports it, and a boolean one; the former with keys of a part
# for each head and one for all, queries in parts and values of another width (DeepSeek), and with a scale and an extra key (GPT-OSS).
MODEL = """<ir_version: 10, opset_import: ["" : 24, "com.microsoft" : 1]>
g (float[B,4,S,16] q, float[B,2,S,16] k, float[B,2,S,12] v, float[B,2,P,16] pk, float[B,2,P,12] pv, float[B,1,Q,T] mask, float[B,2,L,16] kc,
   float[B,2,L,12] vc, bool[4,1,L] seen, int64[B] counts, float[B,S,64] qf, float[B,S,32] kf, float[B,S,32] vf, int32[B] lengths, int32 total,
   float[1,4,S,A] bias, float[4] sink, float[B,4,S,12] vm, float[B,1,S,S] hide, bool[B,1,S,L] show)
    => (float[B,4,S,12] end, float[B,4,S,12] start, float[B,4,S,12] last, float[B,4,S,12] behind, float[B,S,64] window, float16[B,4,S,12] narrow,
        float[B,4,S,12] added, float[B,4,S,12] shown, float[B,4,S,9] latent, float[B,4,S,12] extra) {
  end, nk, nv = Attention <is_causal = 1> (q, k, v, mask, pk, pv)
  start = Attention <is_causal = 1, scale = 0.5, softcap = 2.0> (q, kc, vc, seen)
  last = Attention <is_causal = 1> (q, kc, vc, , , , counts)
  behind, bk, bv = Attention <is_causal = 1> (q, kc, vc, , pk, pv)
  window, wk, wv = com.microsoft.GroupQueryAttention <num_heads = 4, kv_num_heads = 2, local_window_size = 5>
      (qf, kf, vf, pk, pk, lengths, total, , , , bias, sink)
  qn = Cast <to = 10> (q)
  kn = Cast <to = 10> (k)
  vn = Cast <to = 10> (v)
  narrow = Attention <is_causal = 1> (qn, kn, vn)
  columns = Transpose <perm = [0, 1, 3, 2]> (q)
  products = MatMul (q, columns)
  logits = Add (products, hide)
  weights = Softmax <axis = -1> (logits)
  added = MatMul (weights, vm)
  shown = Attention (q, kc, vc, show)
  zero = Constant <value_ints = [0]> ()
  one = Constant <value_ints = [1]> ()
  three = Constant <value_ints = [3]> ()
  five = Constant <value_ints = [5]> ()
  eight = Constant <value_ints = [8]> ()
  end_of_head = Constant <value_ints = [16]> ()
  plain = Slice (q, zero, five, three)
  unturned = Slice (q, five, end_of_head, three)
  turned = Neg (unturned)
  parts = Concat <axis = 3> (plain, turned)
  own = Slice (vm, zero, eight, three)
  first_head = Slice (k, zero, one, one)
  half = Slice (first_head, eight, end_of_head, three)
  own_shape = Shape (own)
  shared = Expand (half, own_shape)
  keys = Concat <axis = 3> (own, shared)
  key_columns = Transpose <perm = [0, 1, 3, 2]> (keys)
  far = Constant <value_ints = [99]> ()
  narrow_values = Slice (vm, three, far, three)
  key_products = MatMul (parts, key_columns)
  key_logits = Add (hide, key_products)
  key_weights = Softmax <axis = -1> (key_logits)
  latent = MatMul (key_weights, narrow_values)
  sink_shape = Constant <value_ints = [1, 4, 1, 1]> ()
  sinks = Reshape (sink, sink_shape)
  rows = Shape <start = 0, end = 3> (q)
  column = Concat <axis = 0> (rows, one)
  sink_column = Expand (sinks, column)
  quarter = Constant <value_float = 0.25> ()
  value_columns = Transpose <perm = [0, 1, 3, 2]> (vm)
  value_products = MatMul (vm, value_columns)
  scaled = Mul (value_products, quarter)
  hidden = Add (scaled, hide)
  with_sink = Concat <axis = 3> (hidden, sink_column)
  greatest = ReduceMax <keepdims = 1> (with_sink, three)
  below = Sub (with_sink, greatest)
  all_weights = Softmax <axis = -1> (below)
  count = Shape <start = 2, end = 3> (q)
  kept = Slice (all_weights, zero, count, three)
  extra = MatMul (kept, vm)
}"""
OUTPUTS = ("end", "start", "last", "behind", "window", "narrow", "added", "shown", "latent", "extra")
# Sequences, queries S, keys of before P, and keys L of another input.
CASES = [(2, 1, 0, 1), (2, 1, 7, 0), (1, 3, 140, 130), (2, 119, 0, 5), (1, 120, 3, 120), (2, 121, 7, 260), (1, 240, 0, 7), (2, 250, 130, 240), (0, 2, 1, 3), (1, 0, 5, 3)]


def write(path, shape, values, kind):
    header = f"{{'descr': '{'|b1' if kind == '?' else '<' + {'f': 'f4', 'i': 'i4', 'q': 'i8'}[kind]}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}{kind}", *values))


def hidden(draw, batch, queries, infinite):
    """Masks to add to logits: causal or of a window, hidden by the least number or by -inf, and now and then queries that see nothing: even weights of all."""
    least = struct.unpack("<f", struct.pack("<I", 0xFF7FFFFF))[0]
    numbers = []
    for _ in range(batch):
        first = draw.choice([-queries, 0, 2 - queries // 2])
        for query in range(queries):
            nothing = draw.random() < 0.02
            none = -math.inf if infinite and not nothing else least
            numbers += [none if nothing or not min(first + query, query) <= key <= query else draw.choice([0.0, 0.5]) for key in range(queries)]
    return (batch, 1, queries, queries), numbers, "f"


def inputs(draw, batch, queries, past, keys):
    def normal(*shape):
        count = 1
        for size in shape:
            count *= size
        return shape, [draw.gauss(0, 1) for _ in range(count)], "f"

    everything = queries + past
    lengths = [everything - 1] * min(batch, 1) + [draw.randint(queries - 1, everything - 1) for _ in range(batch - 1)]
    counts = [keys] * min(batch, 1) + [draw.randint(0, keys) for _ in range(batch - 1)]
    return {
        "q": normal(batch, 4, queries, 16), "k": normal(batch, 2, queries, 16), "v": normal(batch, 2, queries, 12),
        "pk": normal(batch, 2, past, 16), "pv": normal(batch, 2, past, 12), "mask": normal(batch, 1, queries, everything),
        "kc": normal(batch, 2, keys, 16), "vc": normal(batch, 2, keys, 12),
        "seen": ((4, 1, keys), [draw.random() < 0.7 for _ in range(4 * keys)], "?"), "counts": ((batch,), counts, "q"),
        "qf": normal(batch, queries, 64), "kf": normal(batch, queries, 32), "vf": normal(batch, queries, 32),
        "vm": normal(batch, 4, queries, 12), "hide": hidden(draw, batch, queries, infinite=past > 0),
        "show": ((batch, 1, queries, keys), [key % 100 < query % 130 for _ in range(batch) for query in range(queries) for key in range(keys)], "?"),
        "lengths": ((batch,), lengths, "i"), "total": ((), [everything], "i"), "bias": normal(1, 4, queries, everything), "sink": normal(4),
    }


def run(runner, library, reference, folder):
    draw = random.Random(11)
    for case in CASES:
        options = []
        for name, (shape, values, kind) in inputs(draw, *case).items():
            write(f"{folder}/{name}.npy", shape, values, kind)
            options += ["--input", f"{name}={folder}/{name}.npy"]
        for program, flag in ((reference, "--output"), (library, "--expect")):
            files = [word for name in OUTPUTS for word in (flag, f"{name}={folder}/{name}.npy")]
            done = subprocess.run([runner, program, "--poison", "--threads", "2", *options, *files], capture_output=True, text=True)
            agree = done.stdout.count(", ok")
            if done.returncode != 0 or (flag == "--expect" and agree != len(OUTPUTS)):
                sys.exit(f"{program} with sizes {case}:\n{done.stdout}{done.stderr}")
    print(f"{len(CASES)} runs agree in {len(OUTPUTS)} outputs")


if __name__ == "__main__":
    if sys.argv[1] == "model":
        print(MODEL)
    else:
        run(*sys.argv[2:])
