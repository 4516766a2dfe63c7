"""Damage gas-exchange files at random: a reader may refuse a file with ReadError or DataError, and nothing else.

    python benchmarks/fuzz_readers.py [--inputs 10000] [--device vyntus] [--seed 1]

Every device's made-up export of tests/readers/gas_exchange/writers.py is damaged as bytes, as lines and as cells; for
zipped spreadsheets the sheet inside is damaged too. The first input that ends in another error is kept in
fuzz-failure.bin, and its seed is printed.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kbstudy.errors import DataError, ReadError  # noqa: E402
from kbstudy.readers.gas_exchange import read_gas_exchange  # noqa: E402
from tests.readers.gas_exchange.writers import WRITERS  # noqa: E402

TOKENS = [
    *(b"", b" ", b"-", b"0", b"-1", b"1e999", b"1e308", b"NaN", b"inf", b"99:99:99", b"0:00", b"\x00", b"\x1a", b'"'),
    *(
        b"'",
        b",",
        b";",
        b"\t",
        b"\r",
        b"\n",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"1.234",
        b"1,234.5",
        b"VO2",
        b"t",
        b"=====",
    ),
    *(b"-----", b"mL/min", b"L/min", b"kPa", b"kg", b"SIMULATED", b"#DIV/0!", b"999999999999", b"\xe4", b"1_000"),
    *("\N{SUPERSCRIPT TWO}".encode(), "\N{DEVANAGARI DIGIT ONE}".encode()),
]
NUMBERS = [b"0", b"-1", b"1e308", b"-1e-300", b"0.5", b"999999999999", b"3.5", b"60", b"1000", b"4"]
_NUMBER = re.compile(rb"[-+.0-9eE]+")
_VALUE = re.compile(rb"(?<=>)[^<>]+(?=<)")
_ATTRIBUTE = re.compile(rb"(?<=\")[^\"<>]+(?=\")")


def damage_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """One to four random changes; in XML mostly of values, because hardly any other change leaves it well-formed."""
    markup = data[:200].lstrip().startswith(b"<") and rng.random() < 0.8
    for _ in range(int(rng.integers(1, 5))):
        data = (_value(data, rng) if markup else _one(data, rng)) or b"x"
    return data


def _value(data: bytes, rng: np.random.Generator) -> bytes:
    places = list((_VALUE if rng.random() < 0.9 else _ATTRIBUTE).finditer(data))
    if not places:
        return data
    match, other = (places[int(n)] for n in rng.integers(0, len(places), 2))
    # a number of a workbook must stay one, or the library refuses the whole file before our reader sees it
    tokens = NUMBERS if _NUMBER.fullmatch(match[0]) and rng.random() < 0.9 else TOKENS
    token = tokens[int(rng.integers(0, len(tokens)))].replace(b"\x00", b"").replace(b"\x1a", b"")
    return data[: match.start()] + (token if rng.random() < 0.6 else other[0]) + data[match.end() :]


def _one(data: bytes, rng: np.random.Generator) -> bytes:
    place = int(rng.integers(0, len(data)))
    length = int(rng.choice([1, 4, 40, 400]))
    other = int(rng.integers(0, len(data)))
    match int(rng.integers(0, 8)):
        case 0:
            return data[:place] + bytes([int(rng.integers(0, 256))]) + data[place + 1 :]
        case 1:
            return data[:place] + data[place + length :]
        case 2:
            return data[:place] + TOKENS[int(rng.integers(0, len(TOKENS)))] + data[place:]
        case 3:
            return data[:place] + data[other : other + length] + data[place:]
        case 4:
            return data[:place] if rng.random() < 0.2 else data
        case 5:
            return _lines(data, rng)
        case _:
            return _cells(data, rng)


def _lines(data: bytes, rng: np.random.Generator) -> bytes:
    lines = data.split(b"\n")
    first, second = rng.integers(0, len(lines), 2)
    match int(rng.integers(0, 4)):
        case 0:
            lines[first], lines[second] = lines[second], lines[first]
        case 1:
            del lines[first]
        case 2:
            lines.insert(second, lines[first])
        case _:
            order = rng.permutation(len(lines))
            lines = [lines[n] for n in order] if rng.random() < 0.2 else lines
    return b"\n".join(lines)


def _cells(data: bytes, rng: np.random.Generator) -> bytes:
    """Replace what stands between two separators."""
    mark = max([b",", b";", b"\t", b">"], key=data.count)
    cells = data.split(mark)
    place = int(rng.integers(0, len(cells)))
    cells[place] = TOKENS[int(rng.integers(0, len(TOKENS)))] + (b"</v" if mark == b">" and rng.random() < 0.7 else b"")
    return mark.join(cells)


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file; of most zipped spreadsheets a part inside."""
    if not data.startswith(b"PK") or rng.random() < 0.15:
        return damage_bytes(data, rng)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    likely = [name for name in parts if "sheet1" in name or "sharedStrings" in name]
    name = str(rng.choice(likely if rng.random() < 0.9 else list(parts)))
    parts[name] = damage_bytes(parts[name], rng)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return stream.getvalue()


def attack(device: str, inputs: int, seed: int, folder: Path) -> Counter[str]:
    """Read damaged files; count how each ended. An error that is not one of ours goes through."""
    whole, ends = WRITERS[device](), Counter[str]()
    file = folder / "damaged.bin"
    for number in range(inputs):
        rng = np.random.default_rng([seed, number])
        data = damage(whole, rng)
        file.write_bytes(data)
        try:
            recording = read_gas_exchange(file)
            # what is said about it must be sayable, too
            str(recording), recording._repr_html_()
            ends["read"] += 1
        except (ReadError, DataError) as error:
            str(error)
            ends[type(error).__name__] += 1
        except BaseException as error:
            Path("fuzz-failure.bin").write_bytes(data)
            error.add_note(f"device {device}, seed {seed}, input {number}; kept in fuzz-failure.bin")
            raise
    return ends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--device", choices=list(WRITERS))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as folder:
        for device in [options.device] if options.device else WRITERS:
            start = time.perf_counter()
            ends = attack(device, options.inputs, options.seed, Path(folder))
            print(f"{device}: {dict(ends)} in {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
