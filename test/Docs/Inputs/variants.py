"""Prints a function for each line of docs/variants.md: a route with its attributes and operands, over 16 experts (or 64 where groups of 8 are kept), or one with
the classes of experts that the line names.

usage: variants.py docs/variants.md
"""
import re
import sys

OPERANDS = {
    "key_offset": "tensor<{E}xf32>", "allow": "tensor<{E}xi1>", "expert_scale": "tensor<{E}xf32>", "score_gain": "tensor<{E}xf32>",
    "weight_source": "tensor<?x{E}xf32>", "thresholds": "tensor<{E}xf32>", "table_ids": "tensor<?x6xi32>", "segments": "tensor<?xi32>",
}
# Instead of a tensor of logits.
LAZY = "lazy_logits"

with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
rows = re.findall(r"^\| ([^|]+) \| `(score [^|]+)` \| ([^|]*) ?\| [^|]*\|$", text, re.M)
classes = re.findall(r"^\| [^|]+ \| (`<[^|]+>`) \| [^|]*\|$", text, re.M)
for model, route, operands in rows:
    experts = 64 if "group" in route else 16
    names = [name.strip() for name in operands.split(",") if name.strip()]
    logits = "!moe.lazy_logits<f32, 4, 4>" if LAZY in names else f"tensor<?x{experts}xf32>"
    names = [name for name in names if name != LAZY]
    types = {name: OPERANDS[name].format(E=experts) for name in names}
    arguments = "".join(f", %{name}: {type_}" for name, type_ in types.items())
    given = "".join(f" {name}(%{name} : {type_})" for name, type_ in types.items())
    carry = ", carry" if "overflow = identity" in route else ""
    encoding = "soft<1>" if "soft_slots" in route else "slots<8>" if "lazy" in logits else "csr"
    plan = f"!moe.plan<{experts}, {encoding}{carry}>"
    print(f"// {model}")
    print(f"func.func @route(%z: {logits}{arguments}) -> {plan} {{")
    print(f"  %p = moe.route %z{given} {route} : {logits} -> {plan}")
    print(f"  return %p : {plan}\n}}\n// -----")
for cell in classes:
    named = ", ".join(f"c{i} = #moe.class{entry}" for i, entry in enumerate(re.findall(r"`(<[^`]+>)`", cell)))
    print(f"func.func private @experts() attributes {{{named}}}\n// -----")
print(f"// {len(rows)} routes, {len(classes)} kinds of experts", file=sys.stderr)
