"""One round at many tasks, seconds by step: 20 new annotations, a batch of 200."""

import argparse
import statistics

from grounds import label_some, workbench, write_texts


def main() -> None:
    """Print the seconds of each step over `--rounds` rounds at `--tasks` tasks."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with workbench() as bench:
        bench.new(str(write_texts(bench.root / "texts.jsonl", chosen.tasks)), demo=True, hold_out=0.0)
        bench.configure(batch=200, refill_below=0.0)
        cold = bench.rank().wait()["seconds"]
        label_some(bench, 100)
        bench.round().wait()
        steps, whole = [], []
        for _ in range(chosen.rounds):
            label_some(bench, 20)
            job = bench.round()
            steps.append(job.wait()["seconds"])
            whole.append(job.state().seconds)
    print(
        f"{chosen.tasks} tasks, {chosen.rounds} rounds; first ranking (first sync included) {sum(cold.values()):.2f} s"
    )
    for name in steps[0]:
        row = sorted(step[name] for step in steps)
        print(f"{name:10} {statistics.median(row):7.2f} s   ({row[0]:.2f} to {row[-1]:.2f})")
    sums = sorted(sum(step.values()) for step in steps)
    print(f"{'all steps':10} {statistics.median(sums):7.2f} s   ({sums[0]:.2f} to {sums[-1]:.2f})")
    print(f"{'process':10} {statistics.median(whole):7.2f} s   with the start of the worker")


if __name__ == "__main__":
    main()
