"""Notebooks without a notebook server: cells are run in order, the last expression of each is its
output, as Jupyter does it.

Run as a program it runs a notebook and writes the outputs into it:  python tests/e2e/notebooks.py
examples/NAME.ipynb
"""

import ast
import contextlib
import io
import json
import sys
from pathlib import Path

from birdfall.model.findings import Finding
from birdfall.tell.notebook import render


def run_cells(path):
    """(cell, text output, HTML or None) of each code cell, run in one namespace."""
    book = json.loads(Path(path).read_text("utf-8"))
    names = {"__name__": "__main__"}
    for cell in book["cells"]:
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        said, value = io.StringIO(), None
        with contextlib.redirect_stdout(said):
            exec(compile(tree, str(path), "exec"), names)  # our own notebook
            if last is not None:
                value = eval(compile(ast.Expression(last.value), str(path), "eval"), names)
        page = as_html(value)
        yield cell, said.getvalue() + ("" if value is None else repr(value)), page


def as_html(value):
    """What IPython shows, once `birdfall` has told it how findings are shown."""
    if isinstance(value, Finding):
        return render(value)
    return value._repr_html_() if hasattr(value, "_repr_html_") else None


def outputs(text, page, count):
    data = {"text/plain": text.splitlines(keepends=True)}
    if page is not None:
        data["text/html"] = page.splitlines(keepends=True)
    return (
        [{"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": data}]
        if text
        else []
    )


def write(path):
    book = json.loads(Path(path).read_text("utf-8"))
    made = [(text, page) for _, text, page in run_cells(path)]
    cells = [c for c in book["cells"] if c["cell_type"] == "code"]
    for count, (cell, (text, page)) in enumerate(zip(cells, made, strict=True), 1):
        cell["execution_count"] = count
        cell["outputs"] = outputs(text, page, count)
    Path(path).write_text(json.dumps(book, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    write(sys.argv[1])
