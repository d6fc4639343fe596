"""The search API: its parts, its routes."""

from httpcore import AsyncNetworkBackend
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from search_api.bodies import Bodies
from search_api.content import Content
from search_api.counting import CountSearches
from search_api.documents import Documents
from search_api.facts import Facts
from search_api.fetching.download import Download
from search_api.fetching.fetches import Fetches
from search_api.fetching.pinning import PinnedNetwork
from search_api.guard import Guard, Session
from search_api.health import Health
from search_api.hosts import Hosts, must_be_own
from search_api.images import Images
from search_api.leaving import LastAnswers, Leaving
from search_api.limits import Limits
from search_api.looks import Looks
from search_api.objects import Objects
from search_api.originals import Originals
from search_api.pages import page_routes
from search_api.parts import Parts
from search_api.problems import HANDLERS
from search_api.queries import Queries
from search_api.rates import Rates
from search_api.search import Searcher
from search_api.searches import Searches
from search_api.security import SecurityHeaders, cors
from search_api.tokens import Tokens
from shared.metrics import tell_build
from shared.settings import Settings


def create_app(
    parts: Parts,
    settings: Settings,
    limits: Limits | None = None,
    network: AsyncNetworkBackend | None = None,
    leaving: Leaving | None = None,
) -> Starlette:
    """Build the API over its parts, which stay the caller's to close.

    Args:
        parts: what it reads from.
        settings: what it is to do.
        limits: what it may take of the process.
        network: where search by URL leads; by default to public addresses only.
        leaving: tells when the process was told to end; by default it never is.
    """
    tell_build(parts.embedding.embedder.model_id)
    tokens = Tokens(token.get_secret_value() for token in settings.api_tokens)
    leaving = leaving or Leaving()
    health = Health(parts, leaving)
    app = Starlette(
        routes=[
            *_routes(parts, settings, limits or Limits(), network or PinnedNetwork(), tokens),
            *_watched(health),
        ],
        middleware=_middleware(settings, tokens, leaving),
        exception_handlers=HANDLERS,
    )
    app.router.redirect_slashes = False  # a key may end in a slash
    return app


def _middleware(settings: Settings, tokens: Tokens, leaving: Leaving) -> list[Middleware]:
    """From the outside in: each sees what those before it let pass, and not what they refused."""
    last = Middleware(LastAnswers, leaving=leaving)
    layers = [last, Middleware(CountSearches), Middleware(SecurityHeaders)]
    if must_be_own(settings):
        layers.append(Middleware(Hosts))
    if settings.cors_origins:
        layers.append(cors(settings.cors_origins))
    if tokens:
        layers.append(Middleware(Guard, tokens=tokens))
    if settings.rate_limit:
        layers.append(Middleware(Rates, rate=settings.rate_limit))
    return layers


def _routes(
    parts: Parts, settings: Settings, limits: Limits, network: AsyncNetworkBackend, tokens: Tokens
) -> list[BaseRoute]:
    max_bytes = settings.max_bytes
    by_url = settings.url_search == "on"
    download = Download(network, max_bytes, limits.fetch_s) if by_url else None
    facts = Facts(parts.catalog)
    originals = Originals(parts.store, parts.catalog, max_bytes)
    looks = Looks(parts.index)
    searcher = Searcher(parts, Queries(parts, facts, looks, originals, max_bytes), facts, looks)
    searches = Searches(searcher, Bodies(max_bytes, limits), Fetches(download, limits), limits)
    images = Images(parts, facts, originals, limits)
    objects = Objects(parts, url_search=by_url)
    content = Content(parts.catalog, facts, originals, limits)
    documents = Documents()
    session = Session(tokens)
    return [
        Route("/v1/search", searches.search, methods=["GET", "POST"]),
        Route("/v1/images/{image_id}/similar", searches.similar),
        Route("/v1/images/{image_id}/thumbnail", images.thumbnail),
        Route("/v1/images/{image_id}", images.image),
        Route("/v1/objects", objects.page),
        Route("/v1/objects/{bucket}/{key:key}", objects.one),
        Route("/v1/content/{bucket}/{key:key}", content.answer),
        Route("/v1/buckets", objects.buckets),
        Route("/v1/rejections", objects.rejections),
        Route("/v1/stats", objects.stats),
        Route("/v1/session", session.answer, methods=["POST", "DELETE"]),
        Route("/openapi.json", documents.openapi),
        Route("/docs", documents.page),
        Route("/docs.css", documents.style),
        *page_routes(),
    ]


def _watched(health: Health) -> list[BaseRoute]:
    return [
        Route("/livez", health.live),
        Route("/readyz", health.ready),
        Route("/metrics", health.metrics),
    ]
