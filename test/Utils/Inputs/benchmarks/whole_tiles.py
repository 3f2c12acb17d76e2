"""What rounding.py compares uneven rows with."""

import numpy as np

import rounding


def picked(logits):
    return np.argsort(-logits, axis=1, kind="stable")[:, : rounding.PICKS]


# Rows are no multiple of 6; of 64 there are not enough for each expert.
for experts, unit in ((64, 16), (512, 16), (64, 6), (512, 64)):
    logits = np.random.default_rng(1).standard_normal((rounding.TOKENS, experts)).astype(np.float32)
    picks = picked(logits)
    before = np.bincount(picks.ravel(), minlength=experts)
    whole = picked(rounding.whole_tiles(logits, picks, unit))
    after = np.bincount(whole.ravel(), minlength=experts)
    assert after.sum() == picks.size and np.count_nonzero(after % unit) == (picks.size % unit != 0), (experts, unit, after)
    assert np.count_nonzero(after) == min(experts, picks.size // unit), (experts, unit, after)
    kept = sum(len(np.intersect1d(old, new)) for old, new in zip(picks, whole))
    assert picks.size - kept == np.maximum(before - after, 0).sum(), (experts, unit, kept)
print("tiles are as they should be")
