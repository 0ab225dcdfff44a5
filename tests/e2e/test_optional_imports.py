"""No command waits for pandas, and whoever imports it has it: a plugin, a user, and Arrow where a
plugin may need it to.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("pandas")


def check(script):
    begin = """
        import sys
        from birdfall.cli import startup

        sys.meta_path.insert(0, startup.OptionalImports())

        def called_from(module, code):
            exec(code, {"__name__": module})

        ARROW_ASKS = "import pyarrow; pyarrow.array([1, 2])"
    """
    code = textwrap.dedent(begin) + textwrap.dedent(script)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_arrow_does_not_import_pandas_for_a_command():
    check("""
        startup.has_plugins = lambda: False
        called_from("birdfall.sources.table.rows", ARROW_ASKS)
        assert "pandas" not in sys.modules
    """)


def test_a_plugin_may_import_pandas():
    check("""
        startup.has_plugins = lambda: False
        called_from("birdfall.sources.table.rows", ARROW_ASKS)
        called_from("some_plugin.source", "import pandas; assert pandas.Series([1]).sum() == 1")
    """)


def test_where_a_plugin_is_installed_arrow_knows_the_values_of_pandas():
    check("""
        startup.has_plugins = lambda: True
        called_from("birdfall.sources.table.rows", ARROW_ASKS)
        import pandas, pyarrow
        assert pyarrow.array(pandas.Series([1.0, None])).null_count == 1
    """)


def test_other_libraries_may_import_pandas_too():
    check("""
        startup.has_plugins = lambda: False
        called_from("altair.utils", "import pandas")
        assert "pandas" in sys.modules
    """)
