"""How long a user waits before anything happens: medians of whole processes, side by side."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import kbstudy": ["-c", "import kbstudy"],
    "import pandas": ["-c", "import pandas"],
    "kbstudy --help": ["-m", "kbstudy", "--help"],
}
RUNS = 9


def once(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS + 1):  # the first round warms the file cache and the bytecode, and is not counted
        for name, arguments in COMMANDS.items():
            seconds[name].append(once(arguments))
    bare = statistics.median(seconds["python -c pass"][1:])
    for name, values in seconds.items():
        median = statistics.median(values[1:])
        print(f"{name:<18} {median:6.3f} s   {median / bare:5.1f} x a bare interpreter")


if __name__ == "__main__":
    main()
