"""What is read of models is read again: as text, and as bytecode.

usage: round_trip.py MOE_COMPILE MOE_OPT PATH...

Each model at or below the paths (ONNX, StableHLO's text, portable artifacts, files of jax.export) is read into a module of the graph level. Its text read
again, and its bytecode read again, must print as it does.
"""
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

ENDINGS = {".onnx", ".mlir", ".mlirbc", ".jax"}


def main():
    compiler, opt, *paths = sys.argv[1:]
    places = [place for path in map(pathlib.Path, paths) for place in (path.rglob("*") if path.is_dir() else [path])]
    models = sorted(place for place in places if place.suffix in ENDINGS)
    with tempfile.TemporaryDirectory() as out, concurrent.futures.ThreadPoolExecutor(2) as pool:

        def read(model, to):
            subprocess.run([compiler, model, "--stop-after=graph", "-o", to], check=True, capture_output=True, text=True)
            return to.read_text()

        def check(number, model):
            text, again, bytecode, back = (pathlib.Path(out) / f"{number}{ending}" for ending in (".mlir", "-again.mlir", ".mlirbc", "-back.mlir"))
            try:
                printed = read(model, text)
                subprocess.run([opt, text, "--emit-bytecode", "-o", bytecode], check=True, capture_output=True, text=True)
                forms = {"text": read(text, again), "bytecode": read(bytecode, back)}
            except subprocess.CalledProcessError as error:
                return [f"{model}: {error.stderr[:300]}"]
            return [f"{model}: its {form} reads back as another module" for form, other in forms.items() if other != printed]

        findings = [finding for found in pool.map(check, range(len(models)), models) for finding in found]
    print("\n".join(findings))
    print(f"{len(models)} models, {len(findings)} differ")
    return bool(findings) or not models


if __name__ == "__main__":
    sys.exit(main())
