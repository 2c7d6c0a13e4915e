"""The confidence of a match, written once more from its definition: the figures of tests/matching.rs."""

from math import exp, floor

S, D, WILD, MISSING = 60, 15, 0.05, 0.02


def confidence(wanted, calls, chosen, duration=None, window=86_400):
    """`calls` are pairs of a start and a duration or None; `chosen` is the place of one of them."""

    def f(offset):
        return (1 - WILD) * exp(-offset / S) / (2 * S) + WILD / (2 * window)

    def g(call):
        if duration is None:
            return 1
        return (1 - WILD) * exp(-abs((call[1] or 0) - duration) / D) / (2 * D) + WILD / 1800

    def offset(call):
        return abs(call[0] - wanted)

    numbered = list(enumerate(calls))
    before = sorted((c for c in numbered if c[1][0] < wanted), key=lambda c: offset(c[1]))[:100]
    after = sorted((c for c in numbered if c[1][0] >= wanted), key=lambda c: offset(c[1]))[:100]
    near = before + after
    near += [(chosen, calls[chosen])] if chosen not in [place for place, _ in near] else []
    mean = sum(g(call) for _, call in near) / len(near)
    left_out, count = 0, len(near)
    for side in (before, after):
        if len(side) == 100:
            cut = max(1, offset(side[-1][1]))
            density = 100 / cut
            usual = (1 - WILD) / 2 * (exp(-cut / S) - exp(-window / S))
            left_out += density * (usual + WILD * (window - cut) / (2 * window)) * mean
            count += density * (window - cut)
    absent = MISSING / (1 - MISSING) * count / (2 * window) * (1 / 1800 if duration is not None else 1)
    weights = [f(offset(call)) * g(call) for _, call in near]
    own = f(offset(calls[chosen])) * g(calls[chosen])
    return floor(1000 * own / (sum(weights) + left_out + absent)) / 1000


def spread(count, step):
    return [((at - count // 2) * step, None) for at in range(count)]


DURATIONS = [(10, 60), (-30, 300), (90, None)]

if __name__ == "__main__":
    print("one call", confidence(0, [(0, None)], 0))
    print("one call, an hour away", confidence(0, [(3600, None)], 0))
    print("two calls", confidence(0, [(0, None), (60, None)], 0))
    print("a call each 100 seconds", confidence(0, spread(9, 100), 4))
    print("both sides cut", confidence(0, spread(301, 20), 150))
    print("exactly cut", confidence(0, spread(200, 20), 100))
    print("not quite cut", confidence(0, spread(199, 20), 99))
    print("cut within a second", confidence(0, spread(301, 0), 0))
    print("with a duration", confidence(0, DURATIONS, 0, duration=65))
    print("without the duration", confidence(0, DURATIONS, 0))
