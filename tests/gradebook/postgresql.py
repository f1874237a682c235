"""A PostgreSQL server of our own on loopback, for as long as the tests run."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

MISSING = "PostgreSQL is not installed; on Debian the package is `postgresql`"


def programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, which Debian keeps out of the path."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _user() -> str | None:
    """The server refuses to run as root; Debian's package has a user for it."""
    if os.name == "nt" or os.geteuid() != 0:
        return None
    import pwd

    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


@contextlib.contextmanager
def server() -> Iterator[tuple[str, Path]]:
    """A new server: its URL, without a database, and its data folder."""
    bin_ = programs()
    assert bin_ is not None, MISSING
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="pronounce-kit-postgresql-"))
    if user:
        shutil.chown(folder, user)
    data = folder / "data"

    def run(*command: object) -> None:
        subprocess.run([str(part) for part in command], check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        run(bin_ / "initdb", "-D", data, "-U", "teacher", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        # What a crash of the machine would lose is of no interest here; a commit need not wait for the disk.
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
        run(bin_ / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield f"postgresql://teacher@127.0.0.1:{port}", data
        finally:
            run(bin_ / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
