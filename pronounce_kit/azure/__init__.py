"""The cloud client: the Speech service's REST API over `requests`.

endpoints   regions, sovereign clouds, resources, any host -> addresses
auth        key, token, token from a key; secrets that do not show
retry       the retry policy, as data, and what the client knows of time
ssml        text -> SSML
expect      Expect: 100-continue, really waited for
transport   one request, sent once
failures    a reply that is no success -> an error that says what to do
exchange    credentials, retries, a new token after a 401
upload      recordings, files and live audio on their way out
splitting   recordings over the service's limit
keeping     audio and replies in a folder
client      AzureSpeech
"""

import warnings

with warnings.catch_warnings():
    # requests before 2.33 warns of any chardet newer than itself, which it uses all the same.
    warnings.filterwarnings("ignore", message=r"urllib3 \(.*chardet", category=Warning)
    from .client import AzureSpeech
    from .expect import ExpectAdapter
    from .retry import NO_RETRY, RetryPolicy, Timing

__all__ = ["NO_RETRY", "AzureSpeech", "ExpectAdapter", "RetryPolicy", "Timing"]
