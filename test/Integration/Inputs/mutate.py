"""Breaks a model at the moe level in one named way, to show that the comparison with its recorded outputs notices.

    mutate.py MODEL.mlir drop-renormalisation|zero-expert|swap-experts > BROKEN.mlir
"""

import re
import sys


def drop_renormalisation(text):
    """A route in canonical form, softmax over the picked logits, becomes one that weighs with the softmax over all experts."""
    canonical = r"score <identity> select <(topk\(\d+\)), key = logits> weight <logits, norm = softmax>"
    return re.subn(canonical, r"score <softmax> select <\1, key = scores> weight <scores>", text)


def rearrange_down(text, piece):
    """Rebuilds the down matrices of every layer, the second parameter of moe.experts, from slices of one expert each."""
    layers = re.findall(r"moe\.experts [^(]*\(%\w+, (%\w+) : [^)]*, tensor<(\d+)x(\d+)x(\d+)xf32>\)", text)
    for name, experts, rows, columns in layers:
        kind = f"tensor<1x{rows}x{columns}xf32>"
        line = re.search(rf"^ *{re.escape(name)} = moe_support\.weight (.*)$", text, re.M)

        def expert(index):
            return f"#moe_support.slice<{line[1]}, [{index}, 0, 0], [1, 1, 1]> : {kind}"

        pieces = ", ".join(piece(index, expert, kind) for index in range(int(experts)))
        value = f"#moe_support.concat<[{pieces}], 0> : tensor<{experts}x{rows}x{columns}xf32>"
        text = text.replace(line[0], f"    {name} = moe_support.weight {value}")
    return text, len(layers)


def zero_expert(text):
    return rearrange_down(text, lambda index, expert, kind: f"dense<0.0> : {kind}" if index == 0 else expert(index))


def swap_experts(text):
    return rearrange_down(text, lambda index, expert, kind: expert({0: 1, 1: 0}.get(index, index)))


def main():
    path, mutation = sys.argv[1:]
    mutations = {"drop-renormalisation": drop_renormalisation, "zero-expert": zero_expert, "swap-experts": swap_experts}
    with open(path, encoding="utf-8") as file:
        text, count = mutations[mutation](file.read())
    if count == 0:
        sys.exit(f"mutate.py: found nothing to mutate for '{mutation}' in {path}")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
