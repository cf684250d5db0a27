#!/usr/bin/python3
"""Compare sn-loss with losses.jsonl, case by case; nothing but the standard library is needed.

    check_losses.py losses.jsonl     (sn-cat and sn-loss on the PATH)"""
import json
import math
import subprocess
import sys

failures = 0


def near(what, got, wanted, scale=1.0):
    global failures
    if not abs(got - wanted) <= 1e-6 * max(scale, abs(wanted)):
        failures += 1
        print(f"{what}: {got!r}, wanted {wanted!r}")


def run(command, data):
    done = subprocess.run(command, input=data, capture_output=True)
    if done.returncode:
        sys.exit(f"{command}: exit {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def stream(case):
    n = len(case["items"])
    header = {"sn": 1, "kind": "pairs"}
    if "head" in case:
        header["model"] = {"xxh3": 1, "dim": len(case["items"][0]), "distance": "weighted-l1",
                           "margin": 1.0, "threshold": None,
                           "head": {"type": "<f4", "data": case["head"]}}
    lines = [header]
    for i, x in enumerate(case["items"]):
        lines.append({"item": i, "key": f"k{i}", "label": None, "x": {"type": "<f4", "data": x}})
    lines += [{"pair": [a, b], "same": s} for a, b, s in case["pairs"]]
    lines.append({"end": len(lines) - 1})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return run(["sn-cat", "--from-json"], text.encode())


def check(case):
    what = " ".join(case["options"]) or "contrastive"
    data = stream(case)
    text = run(["sn-loss", "-t"] + case["options"], data).decode().splitlines()
    near(what + ": mean", float(text[-1].split("\t")[1]), case["mean"])
    each = [float(line.split("\t")[4]) for line in text[:-1]]
    if "each" in case:
        assert len(each) == len(case["each"]), what
        for i, (got, wanted) in enumerate(zip(each, case["each"])):
            near(f"{what}: pair {i}", got, wanted)
    else:
        assert not each, what
    answer = run(["sn-cat", "-t"], run(["sn-loss", "--gradient"] + case["options"], data))
    answer = [json.loads(line) for line in answer.decode().splitlines()]
    near(what + ": loss", answer[0]["loss"], case["mean"])
    for item, wanted in zip(answer[1:-1], case["gradient"]):
        for got, w in zip(item["x"]["data"], wanted):
            near(f"{what}: gradient at item {item['item']}", got, w)
    assert len(answer) == len(case["items"]) + 2, what
    if "head" in case:
        got = answer[0]["head"]["data"]
        assert len(got) == len(case["head"]), what
        for g, w in zip(got, case["head_gradient"]):
            near(what + ": gradient at the head", g, w)
    assert math.isfinite(case["mean"]), what


cases = [json.loads(line) for line in open(sys.argv[1])]
for c in cases:
    check(c)
print(f"{len(cases)} cases, {failures} differences")
sys.exit(failures != 0)
