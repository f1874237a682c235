from __future__ import annotations

import io

import pytest
import requests

from pronounce_kit.azure import AzureSpeech
from pronounce_kit.errors import ParameterError


def test_a_custom_voice_is_asked_by_its_name_at_its_own_address() -> None:
    """Its host is the service's, so that what is sent is looked at before it goes out."""
    own = "https://westus.voice.speech.microsoft.com/cognitiveservices/v1?deploymentId=b2f3c1de-0000-4000-8000-1234567890ab"
    asked: list[str] = []

    class Looked(requests.Session):
        def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:  # type: ignore[override]
            asked.append(str(request.url))
            answer = requests.Response()
            answer.status_code, answer.raw = 200, io.BytesIO(b"a.b.c")
            return answer

    service = AzureSpeech("k", endpoint=own, session=Looked())
    assert service.synthesize("Hello.", voice="MyVoice") == b"a.b.c"
    assert asked == ["https://westus.api.cognitive.microsoft.com/sts/v1.0/issueToken", own]
    with pytest.raises(ParameterError, match="custom voice"):
        service.synthesize("Hello.")
