"""Reading and integrating a folder of metabolic-cart files, whole processes, beside pandas only reading them.

    python benchmarks/carts.py [--files 100] [--rounds 5] [--warm 15] [--only-warm] [--cpu]

The files are made here: workbooks of the COSMED legacy program with 750 breaths and 120 columns, each a session of its
own (signature as in tests/readers/gas_exchange/writers.py; the columns that no reader wants are numbers too). kbstudy
finds out which device it was, checks the archive and the identities, reads, and integrates every session by weir_1949;
pandas turns the same sheets into frames, by calamine and by openpyxl, and does nothing with them. In every round each
runs once, one after the other, in processes of its own; the first round is not counted. Memory is what a process and
its workers hold together at their highest (proportional set size, sampled; Linux only).
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy loads

import numpy as np
import openpyxl

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kbstudy import energy_expenditure, read_gas_exchange  # noqa: E402
from tests.readers.gas_exchange import writers  # noqa: E402

ROWS, COLUMNS, HEAD = 750, 120, 9
TARGET_S = 0.25

KBSTUDY = """
import sys
import kbstudy as kb
recordings = kb.read_gas_exchange_folder(sys.argv[1], workers={}, progress=False)
print(sum(kb.energy_expenditure(each, equation="weir_1949").aerobic_kcal for each in recordings.values()))
"""
PANDAS = """
import sys
from pathlib import Path
import pandas as pd
frames = [pd.read_excel(file, header=None, engine="{}") for file in sorted(Path(sys.argv[1]).glob("*.xlsx"))]
print(sum(len(frame) for frame in frames))
"""
JOBS = {
    "kbstudy, 2 workers: read, check, integrate": KBSTUDY.format(2),
    "kbstudy, 1 worker: read, check, integrate": KBSTUDY.format(1),
    "pandas + calamine: read only": PANDAS.format("calamine"),
    "pandas + openpyxl: read only": PANDAS.format("openpyxl"),
}


# ---- data --------------------------------------------------------------------------------------------------------


def breaths(rng: np.random.Generator) -> list[writers.Breath]:
    """Five minutes of rest, twenty of exercise, recovery; a breath every two to four seconds."""
    seconds = np.cumsum(rng.integers(2, 5, ROWS)).astype(float)
    level = 0.3 + 1.9 * (1 - np.exp(-np.clip(seconds - 300, 0, None) / 40)) * np.exp(
        -np.clip(seconds - 1500, 0, None) / 60
    )
    vo2 = np.round(level * rng.normal(1, 0.05, ROWS), 5)
    vco2 = np.round(vo2 * rng.normal(0.92, 0.03, ROWS), 5)
    return [
        writers.Breath(t, float(o), float(c), 20.0, round(float(25 * o / 20), 3), 120.0, 0.0)
        for t, o, c in zip(seconds.tolist(), vo2, vco2, strict=True)
    ]


def session(seed: int) -> bytes:
    """A workbook with as many columns as the device's program writes."""
    rng = np.random.default_rng(seed)
    book = openpyxl.load_workbook(io.BytesIO(writers.cosmed_legacy(breaths(rng))))
    sheet = book.active
    for column in range(sheet.max_column + 1, HEAD + COLUMNS + 1):
        sheet.cell(1, column, f"X{column}")
        sheet.cell(2, column, "---")
        for row, value in enumerate(rng.normal(50, 10, ROWS), 4):
            sheet.cell(row, column, float(value))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def made(folder: Path, files: int) -> None:
    print(f"making {files} files ...", file=sys.stderr, flush=True)
    for number in range(files):
        (folder / f"P{number + 1:03d}.xlsx").write_bytes(session(number))


# ---- processes ---------------------------------------------------------------------------------------------------


def family(process: int) -> Iterator[int]:
    """A process and everything that it started."""
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            for child in children.read_text().split():
                yield from family(int(child))
        except OSError:  # it ended meanwhile
            pass


def held(process: int) -> int:
    """Kilobytes that a process and its workers hold; shared pages count once."""
    total = 0
    for member in family(process):
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def once(code: str, folder: Path) -> tuple[float, float]:
    """Seconds of the whole process, and megabytes at the highest."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code, str(folder)], cwd=ROOT, stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        most = max(most, held(process.pid))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"a job ended with {process.returncode}")
    return time.perf_counter() - start, most / 1000


def folders(folder: Path, rounds: int) -> None:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in JOBS}
    for number in range(rounds + 1):
        for name, code in JOBS.items():
            found[name].append(once(code, folder))
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
    base = statistics.median(seconds for seconds, _ in found["kbstudy, 1 worker: read, check, integrate"][1:])
    print(f"| {len(list(folder.iterdir()))} files, whole process | s (range) | of kbstudy, 1 worker | peak MB |")
    print("|---|---|---|---|")
    for name, results in found.items():
        seconds = sorted(seconds for seconds, _ in results[1:])
        median, memory = statistics.median(seconds), statistics.median(most for _, most in results[1:])
        print(f"| {name} | {median:.2f} ({seconds[0]:.2f} to {seconds[-1]:.2f}) | {median / base:.2f} | {memory:.0f} |")


# ---- one file, warm ----------------------------------------------------------------------------------------------


def warm(folder: Path, times: int, clock: Callable[[], float]) -> None:
    """Read and integrate one file again and again in this process."""
    import pandas as pd

    file = folder / "P001.xlsx"
    jobs = {
        "kbstudy: read, check, integrate": lambda: energy_expenditure(read_gas_exchange(file), equation="weir_1949"),
        "pandas + calamine: read only": lambda: pd.read_excel(file, header=None, engine="calamine"),
        "pandas + openpyxl: read only": lambda: pd.read_excel(file, header=None, engine="openpyxl"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(times + 1):
        for name, job in jobs.items():
            start = clock()
            job()
            seconds[name].append(clock() - start)
    medians = {name: statistics.median(values[1:]) for name, values in seconds.items()}
    base = medians["kbstudy: read, check, integrate"]
    print(f"\n| one file of {ROWS} rows and {COLUMNS} columns, warm | s | of kbstudy |\n|---|---|---|")
    for name, median in medians.items():
        print(f"| {name} | {median:.3f} | {median / base:.2f} |")
    met = base < TARGET_S
    print(f"\nTarget: below {TARGET_S} s warm; {'met' if met else 'NOT met'} ({base:.3f} s).")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--warm", type=int, default=15)
    parser.add_argument("--only-warm", action="store_true")
    parser.add_argument("--cpu", action="store_true", help="processor time of the warm reading (for a busy machine)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made(folder, 1 if options.only_warm else options.files)
        if not options.only_warm:
            folders(folder, options.rounds)
        warm(folder, options.warm, time.process_time if options.cpu else time.perf_counter)


if __name__ == "__main__":
    main()
