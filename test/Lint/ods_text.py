"""Ops describe themselves in the order and with the parts that the conventions ask for.

usage: ods_text.py TBLGEN MLIR_INCLUDE ROOT

For each op: a summary of at most 60 characters, without final period, that starts with an imperative and not with the op's name; a description; every
operand, attribute and result named in backticks; numbered constraints whose labels stand in parentheses; an `Example:` with an mlir block. Attributes,
types: a summary without final period. Passes: a summary as of ops, and a description.

Ops of the dialects in MIRRORS have names and attributes that an external specification gives and explains. Of them two things are not asked: that the
description names every attribute (operands and results it must), and that the summary says more than a name that is a verb already.
"""
import re
import sys

import lint
import tablegen

MIRRORS = {"stablehlo", "chlo", "vhlo"}
# First words that are nouns, adjectives or third persons; an imperative is none of them.
THIRD_PERSON = re.compile(r"^(\w+[^s]s)\b")
NOT_IMPERATIVE = {"a", "an", "the", "this", "op", "operation", "operator", "computes", "returns"}
# Imperatives that end in s.
ENDS_IN_S = {"pass", "process", "access", "compress", "express", "address", "discuss", "focus", "toss", "cross", "guess", "press"}


def is_attribute(dump, argument):
    return "Attr" in dump[argument["def"]]["!superclasses"]


def check_summary(summary, name, imperative, mirror=False):
    if not summary:
        yield "needs a summary"
        return
    if imperative and len(summary) > 60:
        yield f"needs a summary of at most 60 characters, but it has {len(summary)}"
    if summary.endswith("."):
        yield "needs a summary without final period"
    first = summary.split()[0].lower()
    if imperative and (first in NOT_IMPERATIVE or (THIRD_PERSON.match(first) and first not in ENDS_IN_S)):
        yield f"needs a summary that starts with an imperative, but it starts with '{summary.split()[0]}'"
    if not mirror and first == name.lower() and len(summary.split()) == 1:
        yield "needs a summary that says more than its name"


def check_op(dump, op, mirror):
    description = op["description"] if isinstance(op["description"], str) else ""
    yield from check_summary(op["summary"], op["opName"], imperative=True, mirror=mirror)
    if not description.strip():
        yield "needs a description"
        return
    if not re.search(r"^\s*Example:\s*\n+\s*```mlir$", description, re.M):
        yield "needs an 'Example:' followed by an mlir block"
    if re.match(r"\s*(Example|Constraints):", description):
        yield "needs a description that starts with the meaning"
    arguments = [(kind, name) for kind, name in op["arguments"]["args"] if not (mirror and is_attribute(dump, kind))]
    names = [name for _, name in arguments + op["results"]["args"]]
    for name in names:
        if not name:
            yield "needs a name for every operand, attribute and result"
        elif not re.search(rf"`{name}`", description):
            yield f"needs '{name}' in backticks in its description"
    constraints = re.search(r"Constraints:\n(.*?)\n\s*\n", description + "\n\n", re.S)
    if constraints:
        items = re.findall(r"^\s*(\d+)\. (.*)$", constraints.group(1), re.M)
        for position, (number, text) in enumerate(items, 1):
            if int(number) != position:
                yield f"needs constraint {position}, but it is numbered {number}"
            if not re.match(r"\((R\d+|\w+_c\d+)\) ", text):
                yield f"needs a label such as (R1) or (op_c1) before constraint {number}"


def main():
    tblgen, include, root = sys.argv[1:]
    findings = lint.Findings()
    checked = 0
    seen = set()
    for td in tablegen.roots(root):
        dump = tablegen.dump(tblgen, root, td, include)
        ours = tablegen.our_dialects(dump)
        for op in tablegen.records(dump, "Op"):
            dialect = op["opDialect"]["def"]
            name = dump[dialect]["name"] + "." + op["opName"]
            if dialect not in ours or name in seen:
                continue
            seen.add(name)
            checked += 1
            for text in check_op(dump, op, dump[dialect]["name"] in MIRRORS):
                findings.add(td, 1, f"'{name}' {text}")
        for kind in ("AttrDef", "TypeDef"):
            for record in tablegen.records(dump, kind):
                if record["dialect"]["def"] not in ours or record["!name"] in seen:
                    continue
                seen.add(record["!name"])
                checked += 1
                for text in check_summary(record["summary"], record["!name"], imperative=False):
                    findings.add(td, 1, f"'{record['!name']}' {text}")
        for record in tablegen.records(dump, "PassBase"):
            if record["!name"] in seen:
                continue
            seen.add(record["!name"])
            checked += 1
            for text in check_summary(record["summary"], record["argument"], imperative=True):
                findings.add(td, 1, f"'{record['argument']}' {text}")
            if not (isinstance(record["description"], str) and record["description"].strip()):
                findings.add(td, 1, f"'{record['argument']}' needs a description")
    findings.finish(checked, "ops, attributes and passes")


main()
