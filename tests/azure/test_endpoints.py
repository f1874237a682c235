from __future__ import annotations

import warnings
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit.azure.endpoints import REGIONS, find_endpoints, is_loopback
from pronounce_kit.errors import ParameterError

STT = "/speech/recognition/conversation/cognitiveservices/v1"


@pytest.mark.parametrize(
    ("region", "tokens", "speech"),
    [
        ("westus", "api.cognitive.microsoft.com", "speech.microsoft.com"),
        ("usgovvirginia", "api.cognitive.microsoft.us", "speech.azure.us"),
        ("chinaeast2", "api.cognitive.azure.cn", "speech.azure.cn"),
    ],
)
def test_a_region_leads_to_the_hosts_of_its_cloud(region: str, tokens: str, speech: str) -> None:
    found = find_endpoints(region)
    stt, tts = f"{region}.stt.{speech}", f"{region}.tts.{speech}"
    assert found.token == f"https://{region}.{tokens}/sts/v1.0/issueToken"
    assert found.recognition == f"https://{stt}{STT}"
    assert found.synthesis == f"https://{tts}/cognitiveservices/v1"
    assert found.voices == f"https://{tts}/cognitiveservices/voices/list"
    assert not found.is_own


def test_all_known_regions_are_known() -> None:
    assert len(REGIONS) == len(set(REGIONS)) == 38
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for region in REGIONS:
            find_endpoints(region)


def test_an_unknown_region_is_used_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="'marswest1' is not a region that pronounce_kit knows"):
        assert urlsplit(find_endpoints("marswest1").recognition).hostname == "marswest1.stt.speech.microsoft.com"


def test_case_and_blanks_around_a_region_do_not_matter() -> None:
    assert find_endpoints(" WestEurope\n") == find_endpoints("westeurope")


@pytest.mark.parametrize(
    "region",
    ["", "West Europe", "west-europe", "evil.example.com/", "a@b", "westus#", "westus:80", "wéstus", 7, "x" * 50],
)
def test_a_malformed_region_is_refused(region: object) -> None:
    with pytest.raises(ParameterError, match="region is"):
        find_endpoints(region)  # type: ignore[arg-type]


def test_the_display_name_of_a_region_gets_a_hint() -> None:
    with pytest.raises(ParameterError, match=r"Did you mean 'westeurope'\?"):
        find_endpoints("West Europe")


@given(st.text())
def test_whatever_is_given_as_a_region_the_key_goes_to_no_other_domain(region: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = find_endpoints(region)
        except ParameterError:
            return
    for url in (found.token, found.recognition, found.synthesis, found.voices):
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert parts.port is None
        assert parts.username is None
        assert parts.hostname is not None
        assert parts.hostname.endswith((".microsoft.com", ".microsoft.us", ".azure.us", ".azure.cn"))
        assert parts.hostname.isascii()


@given(st.text())
def test_whatever_is_given_as_an_endpoint_its_host_is_the_one_that_was_written(endpoint: str) -> None:
    try:
        found = find_endpoints(endpoint="http://" + endpoint)
    except ParameterError:
        return
    assert len(found.hosts) == 1
    host = urlsplit(found.token).hostname or ""
    assert host
    assert host in endpoint.lower()
    assert found.token.isascii()
    assert found.token.isprintable()


def test_a_resource_has_one_host_for_all() -> None:
    found = find_endpoints(resource="my-school")
    base = "https://my-school.cognitiveservices.azure.com"
    assert found.token == f"{base}/sts/v1.0/issueToken"
    assert found.recognition == f"{base}/stt{STT}"
    assert found.voices == f"{base}/tts/cognitiveservices/voices/list"


def test_a_resource_with_a_region_issues_the_tokens_only() -> None:
    found = find_endpoints("westus", "my-school")
    assert found.token == "https://my-school.cognitiveservices.azure.com/sts/v1.0/issueToken"  # noqa: S105
    assert found.recognition == find_endpoints("westus").recognition


@pytest.mark.parametrize("resource", ["", "my.school", "-x", "a/b", "ünï", "x" * 65])
def test_a_malformed_resource_is_refused(resource: str) -> None:
    with pytest.raises(ParameterError, match="resource is"):
        find_endpoints(resource=resource)


@pytest.mark.parametrize(
    ("endpoint", "base"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("HTTP://LocalHost:80", "http://localhost:80"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("https://speech.example.org/proxy/v2/", "https://speech.example.org/proxy/v2"),
    ],
)
def test_an_endpoint_has_the_same_paths_on_any_host(endpoint: str, base: str) -> None:
    found = find_endpoints(endpoint=endpoint)
    assert found.is_own
    assert found.recognition == base + STT
    assert found.token == f"{base}/sts/v1.0/issueToken"


def test_the_endpoint_that_the_portal_shows_leads_to_its_region() -> None:
    assert find_endpoints(endpoint="https://westus.api.cognitive.microsoft.com/") == find_endpoints("westus")
    assert find_endpoints(endpoint="https://me.cognitiveservices.azure.com/") == find_endpoints(resource="me")


@pytest.mark.parametrize(
    "endpoint",
    [
        *("", "westus", "ftp://x", "http://", "http://a b", "http://x:99999", "http://x:y", "http://x?k=1"),
        *("http://x/#f", "http://x\r\nHost: y", "http://x/../y", "http://x\\@y", "http://-", 5, None.__class__),
    ],
)
def test_a_malformed_endpoint_is_refused(endpoint: object) -> None:
    with pytest.raises(ParameterError, match="endpoint"):
        find_endpoints(endpoint=endpoint)  # type: ignore[arg-type]


def test_a_password_in_an_endpoint_is_refused_and_not_repeated() -> None:
    with pytest.raises(ParameterError) as caught:
        find_endpoints(endpoint="https://me:hunter2@example.org")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("given", [{}, {"region": "westus", "endpoint": "http://x"}])
def test_too_little_and_too_much_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(ParameterError):
        find_endpoints(**given)


def test_loopback_is_this_machine_only() -> None:
    assert all(map(is_loopback, ("http://127.0.0.1:1/x", "http://localhost", "http://[::1]:5", "http://a.localhost")))
    assert not any(map(is_loopback, ("http://10.0.0.1", "https://localhost.example.com", "https://example.com")))
