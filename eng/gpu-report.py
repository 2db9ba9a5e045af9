"""Gathers what the steps of eng/gpu-check.sh left behind into one table and one JSON file.

usage: gpu-report.py RESULTS STEP...    RESULTS: holds STEP.json (its figures), STEP.gpu (samples), STEP.end (exit code, seconds)
"""
import json
import statistics
import sys
from pathlib import Path


def read(results, step):
    end = results / f"{step}.end"
    if not end.exists():
        return {"state": "not run"}
    code, seconds = map(int, end.read_text().split())
    state = {0: "ok", 124: "ran out of time", 137: "ran out of time"}.get(code, f"failed ({code})")
    record = {"state": state, "seconds": seconds, **samples(results / f"{step}.gpu")}
    text = (results / f"{step}.json").read_text()
    try:
        # A capture's folder may stand before the document.
        record["figures"] = json.loads(text[text.index("{"):])
    except ValueError:
        record["output"] = text[-500:]
    if code:
        record["log"] = (results / f"{step}.log").read_text()[-2000:]
    return record


def samples(path):
    """How busy the GPU was while it was used at all, as nvidia-smi sees it: the share of time with a kernel running."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else []:
        fields = line.split(",")
        if len(fields) == 2 and all(field.strip().isdigit() for field in fields):
            rows.append((int(fields[0]), int(fields[1])))
    busy = [utilisation for utilisation, _ in rows if utilisation > 0]
    if not busy:
        return {}
    return {"gpu_busy_median": statistics.median(busy), "gpu_busy_p90": sorted(busy)[int(0.9 * (len(busy) - 1))],
            "gpu_memory_peak_mib": max(memory for _, memory in rows)}


def flatten(value, prefix=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{prefix}.{key}" if prefix else key)
    elif isinstance(value, list) and any(isinstance(inner, (dict, list)) for inner in value):
        for i, inner in enumerate(value):
            yield from flatten(inner, f"{prefix}[{i}]")
    else:
        yield prefix, value


def main(results, steps):
    records = {step: read(results, step) for step in steps}
    for step, record in records.items():
        print(f"{step}: {record['state']}" + (f" in {record['seconds']} s" if "seconds" in record else ""))
        for key, value in flatten({k: v for k, v in record.items() if k not in ("state", "seconds", "log")}):
            print(f"  {key.removeprefix('figures.'):<52} {value}")
    target = results / "gpu-check.json"
    target.write_text(json.dumps(records, indent=2) + "\n")
    print(f"all of it: {target}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
