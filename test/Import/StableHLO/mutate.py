"""Damages models in many ways and reads them: each is read or refused with an error, and never ends the process.

usage: mutate.py MOE_COMPILE COUNT SEED FILE...
"""
import concurrent.futures
import pathlib
import random
import re
import subprocess
import sys
import tempfile


def mutate_bytes(content, random):
    content = bytearray(content)
    for _ in range(random.choice([1, 1, 1, 3, 8])):
        position = random.randrange(len(content))
        kind = random.randrange(5)
        if kind == 0:
            content[position] ^= 1 << random.randrange(8)
        elif kind == 1:
            content[position] = random.choice([0, 1, 0x7F, 0x80, 0xFE, 0xFF])
        elif kind == 2:
            del content[position : position + random.choice([1, 2, 16])]
        elif kind == 3:
            start = random.randrange(len(content))
            content[position:position] = content[start : start + random.choice([1, 4, 32])]
        else:
            del content[max(position, 8) :]
        if len(content) < 8:
            break
    return bytes(content)


NUMBER = re.compile(r"(?<![\w#%@.])-?\d+(?![\w.\"])")
TYPE = re.compile(r"tensor<[^<>]*>")


def mutate_text(text, random):
    lines = text.split("\n")
    for _ in range(random.choice([1, 1, 2, 5])):
        number = random.randrange(len(lines))
        line = lines[number]
        kind = random.randrange(6)
        numbers, types = list(NUMBER.finditer(line)), list(TYPE.finditer(line))
        if kind == 0 and numbers:
            match = random.choice(numbers)
            value = random.choice(["0", "-1", "1", "7", "9223372036854775807", "-9223372036854775808", "99999999999999999999"])
            lines[number] = line[: match.start()] + value + line[match.end() :]
        elif kind == 1 and types:
            match = random.choice(types)
            value = random.choice(["tensor<f32>", "tensor<?x?xf32>", "tensor<0xi1>", "tensor<4611686018427387904x8xf32>", "tensor<*xf32>", "index", "tensor<2xui8>"])
            lines[number] = line[: match.start()] + value + line[match.end() :]
        elif kind == 2:
            lines.insert(number, lines[random.randrange(len(lines))])
        elif kind == 3:
            del lines[number]
        elif kind == 4 and line:
            position = random.randrange(len(line))
            lines[number] = line[:position] + random.choice(["<", ">", "(", "[", "{", '"', "%", "@", ","]) + line[position + 1 :]
        else:
            other = random.randrange(len(lines))
            lines[number], lines[other] = lines[other], line
        if not lines:
            break
    return "\n".join(lines)


def main():
    compiler, count, seed, *files = sys.argv[1:]
    generator = random.Random(int(seed))
    contents = [(path, pathlib.Path(path).read_bytes()) for path in files]
    read, refused, failures = 0, 0, []
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:

        def check(number, path, content):
            file = pathlib.Path(folder) / f"{number}{pathlib.Path(path).suffix}"
            file.write_bytes(content)
            done = subprocess.run([compiler, file, "--stop-after=graph", "-o", f"{file}.out"], capture_output=True, text=True, errors="replace")
            return number, path, done.returncode, done.stderr

        cases = []
        for number in range(int(count)):
            path, content = generator.choice(contents)
            if path.endswith(".mlir"):
                content = mutate_text(content.decode(), generator).encode()
            else:
                content = mutate_bytes(content, generator)
            cases.append((number, path, content))
        for number, path, code, text in pool.map(lambda case: check(*case), cases):
            read += code == 0
            refused += code == 1 and "error: " in text
            if code not in (0, 1) or (code == 1 and "error: " not in text):
                failures.append(f"mutation {number} of {path}: exit status {code}, {text[:300]}")
    print("\n".join(failures))
    print(f"{count} mutations: {read} read, {refused} refused, {len(failures)} failed")
    return bool(failures) or read == 0 or refused == 0


if __name__ == "__main__":
    sys.exit(main())
