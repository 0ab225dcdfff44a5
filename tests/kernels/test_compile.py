"""What `birdfall.kernels.compile` compiles ahead is what the commands call."""

import inspect
import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from numba import njit

from birdfall.kernels.compile import argument_types, compile_kernels, kernel_named
from birdfall.kernels.signatures import SIGNATURES
from birdfall.measures.waves import waves
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables
from compiling import list_compiled

NAME = "coaction.edges.index_edges"


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_has_a_type_for_each_argument(name):
    parameters = inspect.signature(kernel_named(name).py_func).parameters
    for signature in SIGNATURES[name]:
        assert len(argument_types(signature)) == len(parameters)


def test_a_call_finds_what_was_compiled_ahead():
    kernel = kernel_named(NAME)
    edges = np.array([0], np.int32), np.array([1], np.int32)
    compile_kernels([NAME])
    with list_compiled() as compiled:
        kernel(*edges, np.full(16, -1))
    assert compiled == []
    with list_compiled() as compiled:
        njit(kernel.py_func)(*edges, np.full(16, -1))
    assert compiled == ["birdfall.kernels." + NAME]


def test_a_case_calls_no_kernel_in_a_way_that_was_not_compiled_ahead(small_case):
    assert json.loads((small_case.parent / "compiled.json").read_text()) == []


def test_a_short_record_calls_none_either():
    minutes = np.r_[np.arange(0, 40_000, 2_000), 20_000 + np.arange(12)]
    statuses = pa.table(
        {
            "account": [f"a{n}" for n in range(len(minutes))],
            "status": ["suspended"] * len(minutes),
            "time": pa.array(minutes * 60_000_000).cast(TIME),
            "observation": ["change"] * len(minutes),
        }
    )
    record = from_tables({"statuses": statuses})
    with list_compiled() as compiled:
        found = waves(record)
    assert found.answer == "found" and found.table("waves").num_rows == 1
    assert compiled == []
    # also where an earlier process left compiled what it called
    for name in ("crowding.crowding_null_maxima", "crowding.most_crowded_window"):
        called = set(map(tuple, kernel_named(name).signatures))
        assert {argument_types(signature) for signature in SIGNATURES[name]} <= called


@pytest.mark.slow
def test_a_process_finds_what_another_one_compiled(tmp_path):
    ask = f"from birdfall.kernels.compile import compile_kernels as c; print(c(['{NAME}']))"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", ask]
    told = [subprocess.check_output(command, env=environment, text=True) for _ in range(2)]
    assert told == ["1\n", "0\n"]
