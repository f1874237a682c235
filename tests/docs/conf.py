"""Sphinx's settings for the pages that `pages` writes; nothing is fetched from the network."""

from __future__ import annotations

from typing import Any

from numpydoc import xref

import pronounce_kit
from tests.docs.public import everything

project = "pronounce_kit"
version = release = pronounce_kit.__version__
extensions = ["sphinx.ext.autodoc", "numpydoc", "sphinx_click", "myst_parser"]
default_role = "py:obj"  # `Recording` is a link where there is such a name, and code where there is none
smartquotes = False  # "" is an empty string
html_theme = "furo"
html_title = f"pronounce_kit {version}"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": False}
pygments_style = "tango"
pygments_dark_style = "monokai"

autodoc_typehints = "none"  # the types stand with the parameters, where there is room to say more
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_attributes_as_param_list = True
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {
    name.name.rpartition(".")[2]: name.path for name in everything() if name.kind in ("class", "exception")
} | {name.name: name.path for name in everything() if name.kind in ("class", "exception")}
numpydoc_xref_ignore = "all"
xref.DEFAULT_LINKS.clear()  # they lead to Python's own pages, on the network

myst_heading_anchors = 3
myst_links_external_new_tab = False


def setup(app: Any) -> None:
    """Let examples of commands look like examples, and classes that only the kit makes have no signature."""
    app.connect("sphinx-click-process-epilog", _epilog_as_code)
    app.connect("autodoc-process-signature", _signature)


def _signature(
    _: Any, kind: str, __: str, value: Any, ___: Any, signature: str | None, ____: str | None
) -> tuple[str, None] | None:
    is_not_made = kind in ("class", "exception") and "\n    Parameters\n" not in (value.__doc__ or "")
    return ("", None) if is_not_made and signature else None


def _epilog_as_code(_: Any, context: Any, lines: list[str]) -> None:
    """The end of a command's help as it is in a terminal, its examples as shell code."""
    lines[:] = [*_epilog(context.command.epilog or ""), ""]


def _epilog(text: str) -> list[str]:
    shown: list[str] = []
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.strip() and line != "\b"]
        if "\b" not in block:
            shown += ["", *lines]
            continue
        is_example = lines[0].startswith("Example")
        while lines:
            head = []
            while lines and not lines[0].startswith(" "):
                head.append(lines.pop(0))
            code = []
            while lines and lines[0].startswith(" "):
                code.append(lines.pop(0))
            shown += ["", *(["**Examples**"] if is_example and head else head)]
            if code:
                shown += [
                    "",
                    f".. code-block:: {'sh' if is_example else 'text'}",
                    "",
                    *(f"   {line[2:]}" for line in code),
                ]
    return shown
