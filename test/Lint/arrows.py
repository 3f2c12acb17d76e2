"""Which room may include and link which: the arrows of the architecture page, section 4.

usage: arrows.py ROOT

Reads every #include and every library named in CMake. A room sees itself and the rooms listed for it below; tests, examples and benchmarks may use
anything. Libraries must not depend on each other in a circle, and of MLIR's own libraries only the drivers that libMLIR.so lacks may be linked.
"""
import os
import re
import sys

import lint

# Room -> rooms that it may see beside itself. `std` stands for what every room may include: the language's headers and third parties.
BELOW_PASSES = {"support", "dialects"}
PASSES = {"analysis", "transforms", "conversion"}
COMPILER = BELOW_PASSES | PASSES | {"import", "target", "pipelines", "tools-lib", "capi", "extensions"}
ALLOWED = {
    "support": {"mlir"},
    "dialects": {"support", "mlir"},
    "extensions": {"dialects", "support", "mlir"},
    "analysis": BELOW_PASSES | {"mlir"},
    "transforms": BELOW_PASSES | {"analysis", "mlir"},
    "conversion": BELOW_PASSES | {"analysis", "mlir"},
    "import": BELOW_PASSES | {"mlir"},
    "target": BELOW_PASSES | PASSES | {"mlir", "abi"},
    "pipelines": BELOW_PASSES | PASSES | {"import", "target", "extensions", "mlir"},
    "tools-lib": COMPILER | {"mlir"},
    "capi": COMPILER | {"mlir"},
    "runtime": {"runtime-api", "abi"},
    "runtime-api": {"abi"},
    "abi": set(),
    "runtime-tools": {"runtime-api", "abi"},
    "bench": COMPILER | {"mlir", "runtime-api", "abi"},
    "tools": COMPILER | {"mlir"},
}
# Longest prefix wins. What is not listed (tests, examples, benchmarks, cmake/) may see everything.
ROOMS = {
    "include/moe/Support/": "support",
    "include/moe/Dialect/": "dialects",
    "dialects/": "dialects",
    "include/moe/Analysis/": "analysis",
    "passes/Analysis/": "analysis",
    "include/moe/Transforms/": "transforms",
    "passes/Transforms/": "transforms",
    "include/moe/Conversion/": "conversion",
    "passes/Conversion/": "conversion",
    "include/moe/Import/": "import",
    "lib/Import/": "import",
    "include/moe/Target/": "target",
    "lib/Target/": "target",
    "include/moe/Pipelines/": "pipelines",
    "lib/Pipelines/": "pipelines",
    "include/moe/Tools/": "tools-lib",
    "lib/Tools/": "tools-lib",
    "include/moe-c/": "capi",
    "lib/CAPI/": "capi",
    "include/moe-rt/": "runtime-api",
    "include/moe-rt/abi.h": "abi",
    "runtime/": "runtime",
    "tools/": "tools",
    "tools/moe-run/": "runtime-tools",
    "tools/ptx-emu/": "runtime-tools",
    "tools/moe-bench/": "bench",
}
# Steps that emit code which speaks to the runtime may see the artefact's contract.
ABI_CONVERSIONS = re.compile(r"passes/Conversion/TileTo\w+/")
# Static libraries of MLIR that libMLIR.so does not hold.
MLIR_DRIVERS = {"MLIROptLib", "MLIRReduceLib", "MLIRLspServerLib", "MLIRQueryLib", "MLIRTranslateLib"}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)
COMMAND = re.compile(r"^\s*(\w+)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)", re.M)


def room_of(path):
    if re.match(r"dialects/\w+/Extensions/", path):
        return "extensions"
    best = max((prefix for prefix in ROOMS if path.startswith(prefix)), key=len, default=None)
    return ROOMS.get(best)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def check_includes(root, findings):
    paths = lint.files(root, ".h", ".cpp", ".c")
    known = set(paths)
    for path in paths:
        room = room_of(path)
        if not room:
            continue
        text = lint.read(root, path)
        for match in INCLUDE.finditer(text):
            quote, name = match.groups()
            beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
            if name.startswith(("moe/", "moe-rt/", "moe-c/")):
                other = room_of("include/" + name)
            elif name.startswith(("mlir/", "mlir-c/", "llvm/", "llvm-c/")):
                other = "mlir"
            elif quote == '"' and beside in known:
                other = room_of(beside)
            else:
                continue
            if other == room or other in ALLOWED[room]:
                continue
            if other == "abi" and ABI_CONVERSIONS.match(path):
                continue
            findings.add(path, line_of(text, match.start()), f"'{room}' must not include '{name}' of '{other}'")
    return len(paths)


def libraries(root):
    """Targets defined in CMake: name -> (room, path, [(line, linked name)])."""
    found = {}
    links = []
    for path in lint.files(root, "CMakeLists.txt"):
        text = re.sub(r"#[^\n]*", "", lint.read(root, path))
        for match in COMMAND.finditer(text):
            command, words = match.group(1), match.group(2).split()
            if not words or "$" in words[0] or command in ("function", "macro"):
                continue
            line = line_of(text, match.start(1))
            if command in ("add_library", "add_executable", "moe_add_library", "moe_add_tool"):
                sources = [word for word in words if word.endswith((".cpp", ".c"))]
                folder = os.path.dirname(path)
                # A tool's room is the folder of its sources, not the one CMakeLists.txt of all tools.
                place = os.path.join(folder, sources[0]) if sources else os.path.join(folder, "")
                found.setdefault(words[0], (room_of(place), path, []))
            if "LINK" in words and command.startswith("moe_add_"):
                links += [(words[0], line, name) for name in words[words.index("LINK") + 1 :]]
            if command == "target_link_libraries":
                links += [(words[0], line, name) for name in words[1:]]
    for target, line, name in links:
        if target in found:
            found[target][2].append((line, name))
    return found


def check_links(root, findings):
    targets = libraries(root)
    for target, (room, path, links) in targets.items():
        for line, name in links:
            if re.match(r"MLIR[A-Z]\w+$", name) and name not in MLIR_DRIVERS:
                findings.add(path, line, f"'{target}' must link 'MLIR' (libMLIR.so), not '{name}'")
            if not room or name not in targets:
                continue
            other = targets[name][0]
            if other and other != room and other not in ALLOWED[room]:
                # Who sees the runtime's API links the library behind it.
                if other == "runtime" and "runtime-api" in ALLOWED[room]:
                    continue
                findings.add(path, line, f"'{target}' of '{room}' must not link '{name}' of '{other}'")
    state = {}

    def visit(target, trail):
        if state.get(target) == "done":
            return
        if target in trail:
            circle = " -> ".join(trail[trail.index(target) :] + [target])
            findings.add(targets[target][1], 1, f"libraries depend on each other in a circle: {circle}")
            return
        for _, name in targets[target][2]:
            if name in targets:
                visit(name, trail + [target])
        state[target] = "done"

    for target in targets:
        visit(target, [])
    return len(targets)


def main():
    findings = lint.Findings()
    root = sys.argv[1]
    checked = min(check_includes(root, findings), check_links(root, findings))
    findings.finish(checked, "includes and libraries")


if __name__ == "__main__":
    main()
