"""Sphinx, run in this process on the pages of `pages`."""

from __future__ import annotations

import io
from pathlib import Path

from . import pages


def build(folder: Path) -> list[str]:
    """Write `folder`/html; returns what Sphinx warned of, which is nothing in pages that are right."""
    from sphinx.application import Sphinx
    from sphinx.util.console import nocolor

    nocolor()
    source = (folder / "source").resolve()
    pages.write(source)
    warnings = io.StringIO()
    app = Sphinx(
        source,
        Path(__file__).parent,
        (folder / "html").resolve(),
        (folder / "doctrees").resolve(),
        "html",
        status=None,
        warning=warnings,
        freshenv=True,
    )
    app.build(force_all=True)
    return warnings.getvalue().splitlines()
