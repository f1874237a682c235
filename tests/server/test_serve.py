from __future__ import annotations

import socket
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pronounce_kit.cli import main, serve
from pronounce_kit.errors import InputError
from pronounce_kit.local import LocalSpeech
from pronounce_kit.server import run


class Started:
    """Takes the place of uvicorn's server: the command ends at once."""

    started = True

    def run(self, sockets: list[socket.socket]) -> None:
        self.sockets = sockets


@pytest.fixture(autouse=True)
def quick(speech: LocalSpeech, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pronounce_kit.local.LocalSpeech", lambda: speech)
    monkeypatch.setattr(run, "server_of", lambda app: Started())
    monkeypatch.setattr(run, "log_to_stderr", lambda: None)
    monkeypatch.delenv("SPEECH_KEY", raising=False)


def invoke(*args: str) -> Result:
    return CliRunner().invoke(main, ["serve", "--port", "0", *args], prog_name="pronounce-kit")


def test_a_key_is_made_and_printed() -> None:
    first, second = (
        line for result in (invoke(), invoke()) for line in result.output.splitlines() if line.startswith("Key: ")
    )
    assert first != second
    assert len(first) == len("Key: ") + 32


def test_a_key_that_was_given_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    by_option = invoke("--key", "my-own-key")
    monkeypatch.setenv("SPEECH_KEY", "my-own-key")
    for result in (by_option, invoke()):
        assert result.exit_code == 0
        assert "my-own-key" not in result.output
        assert "$SPEECH_KEY" in result.output
        assert 'os.environ["SPEECH_KEY"]' in result.output


def test_without_a_key_the_examples_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_KEY", "of-the-cloud")
    result = invoke("--no-key")
    assert "Subscription-Key" not in result.output
    assert 'AzureSpeech(endpoint="http://127.0.0.1:' in result.output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--no-key", "--host", "0.0.0.0"], "--no-key is for this machine only"),  # noqa: S104 - refused
        (["--no-key", "--key", "x"], "contradict"),
        (["--key", " x"], "cannot be sent in a header"),
        (["--host", "no such host"], "cannot listen at no such host"),
        (["--workers", "0"], "0 is not in the range"),
        (["--port", "70000"], "70000 is not in the range"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line_and_exit_code_2(args: list[str], said: str) -> None:
    result = invoke(*args)
    assert result.exit_code == 2
    assert said in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_a_port_in_use_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = CliRunner().invoke(main, ["serve", "--port", str(taken.getsockname()[1])], prog_name="pronounce-kit")
    assert result.exit_code == 2
    assert "Choose another port" in result.output


def test_other_machines_are_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "is_loopback", lambda host: False)
    assert "plain HTTP to other machines" in invoke().output


def test_a_server_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Started, "started", False)
    assert invoke().exit_code == 2


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a.b", False)],  # noqa: S104
)
def test_loopback_addresses_are_known(host: str, local: bool) -> None:
    assert run.is_loopback(host) is local


def test_the_printed_address_can_be_used_from_here() -> None:
    class Listener:
        def __init__(self, *name: Any) -> None:
            self.name = name

        def getsockname(self) -> Any:
            return self.name

    assert run.url_of(Listener("0.0.0.0", 80)) == "http://127.0.0.1:80"  # type: ignore[arg-type]  # noqa: S104
    assert run.url_of(Listener("::", 80, 0, 0)) == "http://[::1]:80"  # type: ignore[arg-type]
    with pytest.raises(InputError):
        run.listen("no such host", 0)


def test_the_command_has_help() -> None:
    assert "Ctrl-C stops" in CliRunner().invoke(main, ["serve", "--help"]).output
    assert serve.serve.short_help
