"""Ends moe-compile by signals while it writes: usage: interrupted.py MODEL OUTPUT

Waits until files have come beside OUTPUT, then sends the signal, and prints what ended the compiler.
"""
import os
import signal
import subprocess
import sys
import time

model, output = sys.argv[1:]
folder = os.path.dirname(output)
before = set(os.listdir(folder))
for kind in (signal.SIGINT, signal.SIGTERM):
    # Whoever starts the tests may ignore the signal, and processes inherit that.
    compiler = subprocess.Popen(["moe-compile", model, "-o", output], preexec_fn=lambda: signal.signal(kind, signal.SIG_DFL))
    while compiler.poll() is None and set(os.listdir(folder)) == before:
        time.sleep(0.001)
    compiler.send_signal(kind)
    status = compiler.wait()
    print(f"{kind.name}: ended by {signal.Signals(-status).name}" if status < 0 else f"{kind.name}: ended with status {status}")
