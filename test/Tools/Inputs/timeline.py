"""Checks a timeline that moe-bench wrote: usage: timeline.py FILE FORM

Of each run (process): events are complete, lie within the run, and those of a thread nest. Of the form fused or two-kernel: every point of the family 'up' and of 'down'
is there once; a fused 'down' task, which walks all experts, does not end before the last 'up' task has begun; of two kernels no 'down' task begins before all of 'up' have ended. Of
the form unfused: the ranges of each loop cover it once, and no loop begins before the one before it ends. Prints how many tasks and ranges there are.
"""
import collections
import json
import sys


def nests(events):
    """True where intervals of one thread lie within each other or apart."""
    open_ = []
    for event in sorted(events, key=lambda e: (e["ts"], -e["dur"])):
        end = event["ts"] + event["dur"]
        while open_ and open_[-1] <= event["ts"] + 1e-3:
            open_.pop()
        if open_ and end > open_[-1] + 1e-3:
            return False
        open_.append(end)
    return True


def main():
    path, form = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        trace = json.load(file)
    names = {e["pid"]: e["args"]["name"] for e in trace["traceEvents"] if e["ph"] == "M"}
    runs = collections.defaultdict(list)
    for event in trace["traceEvents"]:
        if event["ph"] == "X":
            assert event["ts"] >= 0 and event["dur"] >= 0, event
            runs[event["pid"]].append(event)
    assert set(runs) == set(names), (set(runs), names)
    for pid, events in sorted(runs.items()):
        threads = collections.defaultdict(list)
        families = collections.defaultdict(list)
        for event in events:
            threads[event["tid"]].append(event)
            families[event["name"]].append(event)
        assert all(nests(own) for own in threads.values()), "events of a thread overlap"
        end = {id(e): e["ts"] + e["dur"] for e in events}
        if form == "unfused":
            assert set(families) == {"range"}, set(families)
        else:
            assert set(families) == {"range", "up", "down"}, set(families)
            for name in ("up", "down"):
                points = [tuple(e["args"]["point"]) for e in families[name]]
                assert len(points) == len(set(points)), f"a point of '{name}' ran twice"
            assert sorted(e["args"]["point"] for e in families["down"]) == [[n] for n in range(len(families["down"]))]
            if form == "fused":
                # What a task tells of its end comes after what it tells its waiters.
                last = max(e["ts"] for e in families["up"])
                assert all(end[id(e)] >= last - 1e-3 for e in families["down"]), "a task of 'down' ended before 'up' had begun"
            else:
                last = max(end[id(e)] for e in families["up"])
                assert all(e["ts"] >= last - 1e-3 for e in families["down"]), "a task of 'down' began before 'up' had ended"
        loops = collections.defaultdict(list)
        for event in families["range"]:
            loops[event["args"]["point"][0]].append(event)
        before = 0.0
        for number in sorted(loops):
            at = 0
            for event in sorted(loops[number], key=lambda e: e["args"]["point"][1]):
                assert event["args"]["point"][1] == at, "ranges of a loop leave gaps or overlap"
                at = event["args"]["point"][2]
            assert min(e["ts"] for e in loops[number]) >= before - 1e-3, "loops overlap"
            before = max(end[id(e)] for e in loops[number])
        print(f"{names[pid]}: {len(families['up'])} up, {len(families['down'])} down, {len(loops)} loops")


main()
