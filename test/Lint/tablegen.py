"""Records of TableGen files as JSON."""
import json
import os
import subprocess

import lint


def dump(tblgen, root, path, include):
    """All records of the file `path` below `root`."""
    folder = os.path.dirname(os.path.join(root, path))
    command = [tblgen, "--dump-json", f"-I{include}", f"-I{folder}", f"-I{root}", f"-I{root}/include", os.path.join(root, path)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{path}: {tblgen} failed\n{result.stderr}")
    return json.loads(result.stdout)


def records(dump_, superclass):
    """The definitions that derive from a class."""
    return [dump_[name] for name in dump_["!instanceof"].get(superclass, [])]


def our_dialects(dump_):
    """Names of the definitions of this project's dialects."""
    return {record["!name"] for record in records(dump_, "Dialect") if record["cppNamespace"].startswith("::moe")}


def roots(root):
    """The .td files of the tree that no other one includes."""
    paths = lint.files(root, ".td")
    included = set()
    for path in paths:
        for line in lint.read(root, path).splitlines():
            if line.startswith("include "):
                included.add(os.path.basename(line.split('"')[1]))
    return [path for path in paths if os.path.basename(path) not in included or os.path.basename(path) == "Passes.td"]
