"""The Speech service's REST API, served on this machine over any `SpeechService`.

    from pronounce_kit.server import create_app, running
    app = create_app(key="...")                 # an ASGI application; `pronounce-kit serve` runs it
    with running(app) as address: ...           # from a thread, in a notebook or a test

limits        what one request, and all together, may take
failures      refusals and errors -> statuses and bodies of the service
observe       around each request: its id, its line in the log, and no stack trace
auth          key and tokens
body          request bodies: bounded in size and time, whatever the headers claim
work          a bounded thread pool for the engine
audio         content types and containers -> Recording
ssml          SSML -> text and voice, safely
recognition, speech    the endpoints
page          the page at / for people; openapi: the description for programs
app           create_app: all of it together
run           uvicorn: listening, logging, stopping
"""

from ..dependencies import needed

with needed("starlette", "The server"):
    from .app import create_app
    from .limits import Limits
    from .run import running

__all__ = ["Limits", "create_app", "running"]
