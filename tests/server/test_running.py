"""`running`: the server from a thread of this process."""

from __future__ import annotations

import threading

import pytest
import requests

from pronounce_kit import AzureSpeech, NetworkError
from pronounce_kit.azure.retry import RetryPolicy
from pronounce_kit.errors import InputError
from pronounce_kit.local import LocalSpeech
from pronounce_kit.server import create_app, running

from .conftest import Spoken
from .live import TEXT


def test_a_client_is_served_within_the_block_and_nobody_after_it(speech: LocalSpeech, spoken: Spoken) -> None:
    with running(create_app(speech)) as address, AzureSpeech(endpoint=address) as service:
        assert service.assess(spoken.wav, TEXT).scores.pron is not None
    assert not [thread for thread in threading.enumerate() if thread.name == "pronounce-kit-serve"]
    with AzureSpeech(endpoint=address, retry=RetryPolicy(attempts=1)) as service, pytest.raises(NetworkError):
        service.assess(spoken.wav, TEXT)


def test_a_port_that_is_taken_is_refused(speech: LocalSpeech) -> None:
    with running(create_app(speech)) as address:
        assert requests.get(address, timeout=30).ok
        port = int(address.rpartition(":")[2])
        with pytest.raises(InputError, match=str(port)), running(create_app(speech), port=port):
            pass
