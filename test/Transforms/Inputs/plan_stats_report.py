"""Reads what the routes of print-plan-stats.mlir printed as JSON and compares it with loads counted from the same logits here."""
import json
import math
import sys

LOGITS = [[0.0, 5.0, 4.0, 1.0]] * 3 + [[9.0, 0.0, 0.0, 8.0]]
reports = [json.loads(line) for line in sys.stdin if line.startswith("{")]
assert [(r["function"], r["route"], r.get("layer")) for r in reports] == [("main", 0, None), ("main", 1, 7)], reports
chosen = [sorted(range(4), key=lambda e: (-row[e], e))[:2] for row in LOGITS]
wanted = [sum(e in row for row in chosen) for e in range(4)]
for report, places in zip(reports, (2, 4)):
    load = [min(n, places) for n in wanted]
    shares = [n / sum(load) for n in load if n]
    assert report["units"] == len(LOGITS), report
    assert report["load"] == load, report
    assert report["dropped"] == [n - kept for n, kept in zip(wanted, load)], report
    assert (report["entries"], report["all_dropped"]) == (sum(load), sum(wanted) - sum(load)), report
    assert abs(report["entropy"] + sum(p * math.log(p) for p in shares)) < 1e-5, report
print(f"{len(reports)} reports agree")
