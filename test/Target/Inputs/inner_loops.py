"""The inner loops of matmul kernels in a disassembly (llvm-objdump -d --no-show-raw-insn, standard input).

An inner loop ends in a jump back, and holds no other one that multiplies. Prints those that multiply and add, the largest tile first: the number of
registers that sum up, the share of multiply-adds among the instructions, and how many vectors or tiles go to or come from the stack.
"""

import re
import sys

MULTIPLY_ADD = re.compile(r"vfmadd|vdpbf16ps|vfnmadd|tdpbf16ps|vpdpbusd")
# A word that is spread is no vector: digits of rows lie on the stack.
STACK_VECTOR = re.compile(r"(v(?!pbroadcast)|tile)\w+\s.*\(%rsp")
# %rbp is the stack's only where the function keeps its frame there.
FRAME = re.compile(r"movq\s+%rsp, %rbp")
FRAME_VECTOR = re.compile(r"(v(?!pbroadcast)|tile)\w+\s.*\(%r[sb]p")


def functions(lines):
    name, code = None, []
    for line in lines:
        if match := re.match(r"[0-9a-f]+ <(\w+)>:", line):
            if name:
                yield name, code
            name, code = match[1], []
        elif match := re.match(r"\s*([0-9a-f]+):\s+(.*?)\s*$", line):
            code.append((int(match[1], 16), match[2]))
    if name:
        yield name, code


def inner_loops(code):
    """Bodies of the loops that multiply and hold no other such loop."""
    at = {address: position for position, (address, _) in enumerate(code)}
    loops = []
    for end, (address, text) in enumerate(code):
        match = re.match(r"j\w+\s+0x([0-9a-f]+)", text)
        if match and int(match[1], 16) <= address and int(match[1], 16) in at:
            loops.append((at[int(match[1], 16)], end))
    loops = [(begin, end) for begin, end in loops if any(MULTIPLY_ADD.match(text) for _, text in code[begin : end + 1])]
    for begin, end in loops:
        if not any(begin <= b and e < end for b, e in loops):
            yield [text for _, text in code[begin : end + 1]]


for name, code in functions(sys.stdin):
    if not name.startswith("moe_matmul"):
        continue
    print(f"kernel {name}:")
    stack_vector = FRAME_VECTOR if any(FRAME.match(text) for _, text in code) else STACK_VECTOR
    loops = []
    for loop in inner_loops(code):
        products = [text for text in loop if MULTIPLY_ADD.match(text)]
        sums = {text.split("#")[0].rsplit("%", 1)[1].strip() for text in products}
        stack = sum(bool(stack_vector.match(text)) for text in loop)
        loops.append((len(sums), 100 * len(products) // len(loop), stack))
    for sums, share, stack in sorted(loops, reverse=True):
        if sums:
            print(f"  {sums} sums, {share} % multiply-adds, {stack} vectors on the stack")
