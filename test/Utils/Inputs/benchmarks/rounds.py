"""Rounds of a race between engines that only say how long they took, on a machine that steals time when it is told to, and which cells are run again: usage: rounds.py"""
import types

import race


class Machine:
    """Steals in the rounds whose numbers `steals` has; a stolen round takes nine times as long."""

    def __init__(self, steals):
        self.steals, self.round, self.stolen, self.total, self.order = steals, -1, 0, 0, []

    def steal(self):
        # Asked before a round and after it.
        if self.order and self.order[-1] == "end":
            self.total += 100
            self.stolen += 2 if self.round in self.steals else 1
            self.order.append("asked")
        else:
            self.round += 1
            self.order.append("begin")
        return self.stolen, self.total


class Engine:
    def __init__(self, name, machine, seconds):
        self.name, self.machine, self.seconds = name, machine, seconds

    def time(self, runs):
        if self.machine.round < 0:  # how many runs a round has
            return [self.seconds] * runs
        self.machine.order.append("end" if self.name == "peer" else self.name)
        return [self.seconds * (9 if self.machine.round in self.machine.steals else 1)] * runs


def race_with(steals, seconds):
    machine = Machine(steals)
    race.steal = machine.steal
    times, discarded = race.race(Engine("ours", machine, 0.5), Engine("peer", machine, 0.25), seconds)
    assert machine.order == ["begin", "ours", "end", "asked"] * (machine.round + 1), machine.order
    return {engine.name: values for engine, values in times.items()}, discarded, machine.round + 1


# Five runs each at least, in turns; stolen rounds are run again.
times, discarded, rounds = race_with({0, 3}, 1)
assert times == {"ours": [0.5] * 5, "peer": [0.25] * 5} and discarded == 2 and rounds == 7, (times, discarded, rounds)
# As long as asked of each.
times, discarded, rounds = race_with(set(), 2)
assert times == {"ours": [0.5] * 8, "peer": [0.25] * 8} and discarded == 0 and rounds == 8, (times, discarded, rounds)
# A machine that always steals does not race for ever.
times, discarded, rounds = race_with(set(range(1000)), 1)
assert discarded == race.MOST_DISCARDED and rounds == race.MOST_DISCARDED + 5, (discarded, rounds)
# A trial takes what it gets.
times, discarded, rounds = race_with({0, 1, 2, 3, 4}, 0)
assert discarded == 0 and rounds == 5 and times["ours"] == [4.5] * 5, (times, discarded, rounds)

# A cell is run again where it was timed for less long or otherwise; a refusal, and what earlier versions wrote, is not.
asked = types.SimpleNamespace(seconds=2, schedule="auto")
cells = [{"seconds": 2, "schedule": "auto"}, {"seconds": 3, "schedule": "auto"}, {"seconds": 0, "schedule": "auto"}, {"seconds": 2, "schedule": "fused"}, {"error": "no"}]
assert [race.is_done(cell, asked) for cell in cells] == [True, True, False, False, True]
print("rounds are as they should be")
