"""A small run of benchmarks/fuzz_readers.py: damaged files end in ReadError or DataError, or are read."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT
from tests.readers.gas_exchange.writers import WRITERS


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    script = ROOT / "benchmarks" / "fuzz_readers.py"
    if not script.exists():
        pytest.skip("benchmarks/ is not part of the source distribution")
    spec = importlib.util.spec_from_file_location("fuzz_readers", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("device", list(WRITERS))
def test_damaged_files(device: str, fuzz: ModuleType, tmp_path: Path) -> None:
    ends = fuzz.attack(device, 24, 7, tmp_path)
    assert sum(ends.values()) == 24
