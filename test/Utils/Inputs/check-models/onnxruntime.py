"""An ONNX Runtime of which one run takes 6 ms, one in seven 90, and all others 8, by a clock of its own."""
import time

clock, runs = 0.0, 0
time.perf_counter = lambda: clock


class SessionOptions:
    pass


class InferenceSession:
    def __init__(self, *_, **__):
        pass

    def run(self, *_):
        global clock, runs
        runs += 1
        clock += 6e-3 if runs == 5 else 90e-3 if runs % 7 == 0 else 8e-3
