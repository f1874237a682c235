"""Where the Speech service answers: one address each for tokens, recognition, synthesis and the list of voices."""

from __future__ import annotations

import ipaddress
import re
import warnings
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from ..errors import ParameterError

PUBLIC_REGIONS: tuple[str, ...] = tuple(
    (
        "southafricanorth eastasia southeastasia australiaeast centralindia japaneast japanwest koreacentral "
        "canadacentral canadaeast northeurope westeurope francecentral germanywestcentral italynorth norwayeast "
        "swedencentral switzerlandnorth switzerlandwest uksouth ukwest uaenorth brazilsouth qatarcentral centralus "
        "eastus eastus2 northcentralus southcentralus westcentralus westus westus2 westus3"
    ).split()
)
US_GOV_REGIONS: tuple[str, ...] = ("usgovarizona", "usgovvirginia")
CHINA_REGIONS: tuple[str, ...] = ("chinaeast2", "chinanorth2", "chinanorth3")
REGIONS: tuple[str, ...] = (*PUBLIC_REGIONS, *US_GOV_REGIONS, *CHINA_REGIONS)
"""The regions known when this was written; new ones appear."""

TOKEN_PATH = "/sts/v1.0/issueToken"  # noqa: S105 - a path, not a secret
RECOGNITION_PATH = "/speech/recognition/conversation/cognitiveservices/v1"
SYNTHESIS_PATH = "/cognitiveservices/v1"
VOICES_PATH = "/cognitiveservices/voices/list"

# Domains by cloud: of tokens, and of speech ("stt." or "tts." goes before it).
_PUBLIC = ("api.cognitive.microsoft.com", "speech.microsoft.com")
_US_GOV = ("api.cognitive.microsoft.us", "speech.azure.us")
_CHINA = ("api.cognitive.azure.cn", "speech.azure.cn")
_CLOUDS = (_PUBLIC, _US_GOV, _CHINA)
# What follows a region in a host name, and what follows the name of a resource with a domain of its own.
_REGION_DOMAINS = frozenset(
    domain for tokens, speech in _CLOUDS for domain in (tokens, f"stt.{speech}", f"tts.{speech}", f"voice.{speech}")
)
_VOICE_DOMAINS = frozenset(f"voice.{speech}" for _, speech in _CLOUDS)
_RESOURCE_DOMAINS = tuple(
    f"{kind}.azure.{ending}" for kind in ("cognitiveservices", "services.ai") for ending in ("com", "us", "cn")
)

# Paths of the service that are pasted along with a host: what stands before them is the address.
_API_PATHS = re.compile(
    r"(?:/stt|/tts)?(?:/sts/v1\.0/issueToken"
    r"|/speech/recognition/\w+/cognitiveservices/v1|/speech/universal/v2"
    r"|/cognitiveservices/v1|/cognitiveservices/websocket/v1|/cognitiveservices/voices/list)",
    re.IGNORECASE,
)
_SCHEMES = {"https": "https", "http": "http", "wss": "https", "ws": "http"}
_DEPLOYMENT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_REGION = re.compile(r"[a-z][a-z0-9]{2,39}")
_RESOURCE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one service. `name` says which, for people; `is_own` marks a server of the user's own.

    `has_own_voice`: the address of synthesis is that of a custom voice, which knows no other.
    """

    name: str
    token: str
    recognition: str
    synthesis: str
    voices: str
    is_own: bool = False
    has_own_voice: bool = False

    @property
    def hosts(self) -> frozenset[str]:
        """Scheme and host (with port) of each address: the only ones that may see the key."""
        return frozenset(origin(url) for url in (self.token, self.recognition, self.synthesis, self.voices))


def origin(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def find_endpoints(region: str | None = None, resource: str | None = None, endpoint: str | None = None) -> Endpoints:
    """The addresses for a region, a resource with a domain of its own, or any host.

    With `resource` and `region`, the resource issues tokens and the region does the rest. Raises `ParameterError` for
    names that cannot be part of a host name, and if nothing or too much is given; an unknown region is a warning.
    """
    if endpoint is not None:
        if region is not None or resource is not None:
            raise ParameterError("endpoint was given together with region or resource. Give one of them.")
        return of_endpoint(endpoint)
    if region is None and resource is None:
        raise ParameterError(
            "Neither region nor endpoint was given. Give the region of your Speech resource, such as "
            'region="westeurope" (Azure portal, Keys and Endpoint, Location/Region).'
        )
    if resource is None:
        return of_region(region)
    own = of_resource(resource)
    if region is None:
        return own
    speech = of_region(region)
    return Endpoints(own.name, own.token, speech.recognition, speech.synthesis, speech.voices)


def of_region(region: object) -> Endpoints:
    """The addresses of a region, public or sovereign."""
    name = _checked(region, _REGION, "region", "a region is lower-case letters and digits, such as 'westeurope'")
    if name not in REGIONS:
        warnings.warn(
            f"{name!r} is not a region that pronounce_kit knows; it is used all the same. If the service cannot be "
            "reached, compare it with the Azure portal (Keys and Endpoint, Location/Region).",
            stacklevel=2,
        )
    cloud = _US_GOV if name.startswith("usgov") else _CHINA if name.startswith("china") else _PUBLIC
    tokens, speech = f"https://{name}.{cloud[0]}", f"{name}.%s.{cloud[1]}"
    recognition, synthesis = (f"https://{speech % kind}" for kind in ("stt", "tts"))
    return Endpoints(
        name, tokens + TOKEN_PATH, recognition + RECOGNITION_PATH, synthesis + SYNTHESIS_PATH, synthesis + VOICES_PATH
    )


def of_resource(resource: object, domain: str = _RESOURCE_DOMAINS[0]) -> Endpoints:
    """The addresses of a Speech resource with a domain of its own, as private endpoints have."""
    name = _checked(
        resource, _RESOURCE, "resource", f"give the NAME in https://NAME.{domain}, letters, digits and hyphens"
    )
    base = f"https://{name}.{domain}"
    # One host does it all there, so the kind of speech service goes into the path.
    return Endpoints(
        name,
        base + TOKEN_PATH,
        f"{base}/stt{RECOGNITION_PATH}",
        f"{base}/tts{SYNTHESIS_PATH}",
        f"{base}/tts{VOICES_PATH}",
    )


def of_endpoint(endpoint: object) -> Endpoints:
    """The addresses under any base URL: the same paths on that host.

    What the Azure portal, its quickstarts and the documentation show is understood too, and leads to its region,
    resource or custom voice: the address of any of the service's APIs, with or without path, port and query, over
    https or wss. Raises `ParameterError`.
    """
    if not isinstance(endpoint, str):
        raise ParameterError(f'endpoint is {repr(endpoint)[:100]}. Give an address such as "http://127.0.0.1:8080".')
    wrong = f"endpoint is {endpoint.partition('?')[0][:100]!r}"  # its query may hold a key
    text = endpoint.strip()
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise ParameterError(f'{wrong}, which is no address. Give one such as "http://127.0.0.1:8080".') from None
    if "@" in parts.netloc:  # not quoted: it may hold a password
        raise ParameterError("endpoint holds a user name or password. Give the address alone, and the key as key=...")
    scheme = parts.scheme.lower()
    first, _, domain = host.partition(".")
    if scheme in ("", *_SCHEMES) and "\\" not in text and text.isprintable():
        if domain in _VOICE_DOMAINS:
            return _of_voice(first, domain, parts.query)
        if domain in _REGION_DOMAINS:
            return of_region(first)
        if domain in _RESOURCE_DOMAINS:
            return of_resource(first, domain)
    path = parts.path.rstrip("/")
    api = _API_PATHS.search(path)
    is_api = api is not None and api.end() == len(path)
    if scheme not in _SCHEMES or not _is_host(host) or (parts.query and not is_api) or parts.fragment or "\\" in text:
        raise ParameterError(
            f"{wrong}. Give scheme, host and port without a query, such as "
            '"http://127.0.0.1:8080" or "https://speech.example.org".'
        )
    if api is not None and is_api:
        path = path[: api.start()]
    if any(character.isspace() or not character.isprintable() for character in text) or not _PATH.fullmatch(path):
        raise ParameterError(f"{wrong}, which has characters that an address cannot hold. Give scheme, host and port.")
    if ".." in path.split("/") or "." in path.split("/"):
        raise ParameterError(f"{wrong}, whose path has dots. Give scheme, host and port.")
    address = f"[{host}]" if ":" in host else host
    base = f"{_SCHEMES[scheme]}://{address}{'' if port is None else f':{port}'}{path}"
    return Endpoints(
        base, base + TOKEN_PATH, base + RECOGNITION_PATH, base + SYNTHESIS_PATH, base + VOICES_PATH, is_own=True
    )


def _of_voice(region: str, domain: str, query: str) -> Endpoints:
    """The addresses of a region, with a custom voice for synthesis."""
    given = {name.casefold(): values for name, values in parse_qs(query).items()}
    deployment = given.get("deploymentid", [""])[0].strip()
    if not _DEPLOYMENT.fullmatch(deployment):
        raise ParameterError(
            "endpoint is that of a custom voice, but does not say which. Give all of the endpoint that its deployment "
            f"has: https://{region}.{domain}{SYNTHESIS_PATH}?deploymentId=... with a GUID."
        )
    speech = of_region(region)
    own = f"https://{speech.name}.{domain}{SYNTHESIS_PATH}?deploymentId={deployment.lower()}"
    return replace(speech, synthesis=own, has_own_voice=True)


def _checked(value: object, pattern: re.Pattern[str], what: str, rule: str) -> str:
    name = value.strip().lower() if isinstance(value, str) else ""
    if pattern.fullmatch(name):
        return name
    squeezed = re.sub(r"[\W_]", "", name)
    hint = f" Did you mean {squeezed!r}?" if squeezed in REGIONS and what == "region" else ""
    raise ParameterError(f"{what} is {repr(value)[:100]}; {rule}.{hint}")


def _is_host(host: str) -> bool:
    try:
        return ipaddress.ip_address(host) is not None
    except ValueError:
        return _HOST.fullmatch(host) is not None
