#!/usr/bin/env python3
"""Runs the conformance cases: imports every model, and compares what it computes with recorded results where the tools for that are given. Models are
ONNX (results of ONNX Runtime) or StableHLO's text (results of JAX).

usage: run_cases.py CASES --translate MOE_TRANSLATE [--compile MOE_COMPILE --run MOE_RUN --tolerance 1e-5] [--filter TEXT]
"""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile


def call(command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    return done.returncode, (done.stderr + done.stdout).strip()


def check(folder, options, scratch):
    model = folder / "model.onnx"
    if model.exists():
        code, text = call([options.translate, "--import-onnx", model, "-o", scratch / (folder.name + ".mlir")])
        if code != 0 or not options.compile:
            return code == 0, text
    else:
        model = folder / "model.mlir"
    library = scratch / (folder.name + ".so")
    code, text = call([options.compile, model, "-o", library])
    if code != 0:
        return False, text
    command = [options.run, library, "--tolerance", options.tolerance]
    for kind, flag in (("inputs", "--input"), ("outputs", "--expect")):
        for file in sorted((folder / kind).glob("*.npy")):
            command += [flag, f"{file.stem}={file}"]
    code, text = call(command)
    return code == 0, text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=pathlib.Path)
    parser.add_argument("--translate", required=True)
    parser.add_argument("--compile")
    parser.add_argument("--run")
    parser.add_argument("--tolerance", default="1e-5")
    parser.add_argument("--filter", default="")
    options = parser.parse_args()
    folders = sorted(f for f in options.cases.iterdir() if f.is_dir() and options.filter in f.name)
    failed = 0
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda f: check(f, options, pathlib.Path(scratch)), folders)
        for folder, (good, text) in zip(folders, results):
            if not good:
                failed += 1
                print(f"{folder.name}: {text[:1000]}")
    print(f"{len(folders)} cases, {failed} failed")
    return failed != 0 or not folders


if __name__ == "__main__":
    sys.exit(main())
