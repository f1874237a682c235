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


GUID = "b2f3c1de-0000-4000-8000-1234567890ab"
CLOUDS = [
    ("westeurope", "api.cognitive.microsoft.com", "speech.microsoft.com"),
    ("usgovvirginia", "api.cognitive.microsoft.us", "speech.azure.us"),
    ("chinaeast2", "api.cognitive.azure.cn", "speech.azure.cn"),
]
in_every_cloud = pytest.mark.parametrize(("region", "tokens", "speech"), CLOUDS)


def spellings(address: str) -> list[str]:
    """An address as it is pasted: with a port, a query, other schemes, capitals, blanks, slashes, or without."""
    host = address.removeprefix("https://").partition("/")[0]
    with_port = address.replace(host, f"{host}:443")
    return [
        *(address, f"{address.rstrip('/')}/", f"  {address}\n", address.replace(host, host.upper()), with_port),
        *(address.replace("https", "wss"), address.replace("https", "HTTPS"), address.removeprefix("https://")),
        f"{address}?language=en-US",
    ]


@in_every_cloud
def test_every_address_of_a_region_leads_to_it(region: str, tokens: str, speech: str) -> None:
    for address in (
        f"https://{region}.{tokens}",
        f"https://{region}.{tokens}/sts/v1.0/issueToken",
        f"https://{region}.stt.{speech}",
        f"https://{region}.stt.{speech}{STT}",
        f"https://{region}.stt.{speech}/speech/universal/v2",
        f"https://{region}.tts.{speech}/cognitiveservices/v1",
        f"https://{region}.tts.{speech}/cognitiveservices/voices/list",
    ):
        for spelled in spellings(address):
            assert find_endpoints(endpoint=spelled) == find_endpoints(region), spelled


@pytest.mark.parametrize("ending", ["com", "us", "cn"])
@pytest.mark.parametrize("kind", ["cognitiveservices", "services.ai"])
def test_every_address_of_a_resource_leads_to_its_own_host(kind: str, ending: str) -> None:
    host = f"https://my-school.{kind}.azure.{ending}"
    for address in (host, f"{host}/sts/v1.0/issuetoken", f"{host}/stt/speech/universal/v2"):
        for spelled in spellings(address):
            found = find_endpoints(endpoint=spelled)
            assert (found.name, found.is_own) == ("my-school", False)
            assert found.recognition == f"{host}/stt{STT}"
            assert found.synthesis == f"{host}/tts/cognitiveservices/v1"


@in_every_cloud
def test_the_endpoint_of_a_custom_voice_speaks_with_it_and_leads_to_its_region(
    region: str, tokens: str, speech: str
) -> None:
    own = f"https://{region}.voice.{speech}/cognitiveservices/v1?deploymentId={GUID}"
    for spelled in (own, own.upper(), f" {own} ", f"{own}&x=1", own.replace("v1?", "v1/?"), own.replace("Id", "ID")):
        found = find_endpoints(endpoint=spelled)
        assert found.synthesis == own
        assert found.has_own_voice
        assert (found.recognition, found.token) == (find_endpoints(region).recognition, find_endpoints(region).token)
        assert f"https://{region}.voice.{speech}" in found.hosts


@pytest.mark.parametrize("query", ["", "?deploymentId=", "?deploymentId=x", "?deploymentId=../v2", f"?id={GUID}"])
def test_the_endpoint_of_a_custom_voice_has_to_say_which(query: str) -> None:
    with pytest.raises(ParameterError, match="deploymentId"):
        find_endpoints(endpoint=f"https://westus.voice.speech.microsoft.com/cognitiveservices/v1{query}")


@pytest.mark.parametrize(
    ("endpoint", "base"),
    [
        (f"http://127.0.0.1:8080{STT}?language=en-US", "http://127.0.0.1:8080"),
        ("ws://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("wss://speech.example.org/kit/stt/speech/universal/v2", "https://speech.example.org/kit"),
        ("https://speech.example.org/kit/cognitiveservices/v1/", "https://speech.example.org/kit"),
    ],
)
def test_an_api_address_on_any_host_leads_to_what_is_before_it(endpoint: str, base: str) -> None:
    assert find_endpoints(endpoint=endpoint).recognition == base + STT


def test_a_key_in_a_query_is_not_repeated() -> None:
    with pytest.raises(ParameterError) as caught:
        find_endpoints(endpoint="http://x.example.org/a?Ocp-Apim-Subscription-Key=hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://west us.api.cognitive.microsoft.com",
        "https://.stt.speech.microsoft.com",
        "https://a.b.stt.speech.microsoft.com.evil.example",
    ],
)
def test_a_host_that_only_looks_like_the_services_is_refused_or_taken_as_ones_own(endpoint: str) -> None:
    try:
        found = find_endpoints(endpoint=endpoint)
    except ParameterError:
        return
    assert found.is_own
    assert found.hosts == {endpoint}


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
