"""The microphone of a web page: JavaScript that the widgets and the server's page share.

`capture.js` has no imports and no exports: whoever uses it puts `script()` in front of a script of its own.
"""

from __future__ import annotations

import json
from importlib.resources import files

from ..flags import VERDICTS


def script() -> str:
    """`Capture`, `decodeUpload` and the words of capture.js, and the names that `quality` has for bad recordings."""
    verdicts = f"const VERDICTS = {json.dumps(dict(VERDICTS))};\n"
    return verdicts + (files(__package__) / "capture.js").read_text("utf-8")
