"""Checks a timeline that moe-bench wrote: usage: timeline.py FILE FORM

Of each run (process): events are complete, lie within the run, and those of a thread nest; waits ('wait SIGNAL') may be anywhere. Of the form fused or two-kernel: every point of the families 'route', 'plan',
'gather', 'up' and 'down' is there once, and the plan comes after the routes and before the rows. Fused, 'down' tasks of a tile of rows begin before 'up' tasks end that are 4 tiles behind, for which they free a ring's entry: phases overlap, whatever the
times. Of two kernels no 'down' task begins before all of 'up' have ended. Of the form unfused: the ranges of each loop cover it once, and no loop begins before the one before
it ends. Prints how many tasks and ranges there are.
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
            if not event["name"].startswith("wait "):
                families[event["name"]].append(event)
        assert all(nests(own) for own in threads.values()), "events of a thread overlap"
        end = {id(e): e["ts"] + e["dur"] for e in events}
        if form == "unfused":
            assert set(families) == {"range"}, set(families)
        else:
            names_of_form = {"range", "route", "plan", "gather", "up", "down"} | ({"start"} if form == "fused" else set())
            assert set(families) == names_of_form, set(families)
            for name in names_of_form - {"range"}:
                points = [tuple(e["args"]["point"]) for e in families[name]]
                assert len(points) == len(set(points)), f"a point of '{name}' ran twice"
            # One loop holds them all: the plan comes when all blocks are routed, rows when the plan is made.
            plan, = families["plan"]
            assert all(end[id(e)] <= plan["ts"] + plan["dur"] + 1e-3 for e in families["route"]), "the plan ended before a block was routed"
            assert all(end[id(e)] >= end[id(plan)] - 1e-3 for e in families["gather"]), "rows were gathered before the plan was made"
            items = sorted(tuple(e["args"]["point"]) for e in families["gather"])
            ends = {name: collections.defaultdict(list) for name in ("up", "down")}
            for name, of_item in ends.items():
                for event in families[name]:
                    of_item[tuple(event["args"]["point"][:2])].append(end[id(event)])
            if form == "fused":
                assert set(ends["up"]) == set(ends["down"]) == set(items), "a tile of rows without its tasks"
                for item, behind in zip(items, items[4:]):
                    # What a task tells of its end comes after what it tells its waiters.
                    begins = [e["ts"] for e in families["down"] if tuple(e["args"]["point"][:2]) == item]
                    assert max(begins) <= min(ends["up"][behind]) + 1e-3, f"'down' of {item} began after 'up' of {behind} had ended"
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
