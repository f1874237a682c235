"""All benchmarks, one after the other: `python -m tests.benchmarks` or `make benchmarks`."""

import importlib
import pkgutil
import subprocess
import sys

import tests.benchmarks as here

for module in sorted(info.name for info in pkgutil.iter_modules(here.__path__) if info.name != "__main__"):
    doc = (importlib.import_module(f"tests.benchmarks.{module}").__doc__ or module).splitlines()[0]
    print(f"\n{module}: {doc}", flush=True)
    # Each in a process of its own, so that one's memory is not counted as another's.
    subprocess.run([sys.executable, "-m", f"tests.benchmarks.{module}"], check=True)
