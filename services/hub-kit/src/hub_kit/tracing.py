"""Lets a trace follow a message over the bus: W3C `traceparent` in and out."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from opentelemetry import context, trace
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import Status, StatusCode

_TRACER = trace.get_tracer("hub_kit")


def start(service: str, endpoint: str) -> None:
    """Send spans to this OTLP endpoint (http://collector:4318); an empty one keeps tracing off."""
    if not endpoint:
        return
    # Not for everyone: it brings half a second of imports.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if not urlsplit(endpoint).path.strip("/"):
        endpoint = endpoint.rstrip("/") + "/v1/traces"
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)


def current() -> str:
    """Return the `traceparent` of the running span, or nothing."""
    if not trace.get_current_span().get_span_context().is_valid:
        return ""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def span(name: str, traceparent: str = "") -> Iterator[None]:
    """Run a step as a span, as a child of the trace that came with the event.

    Of an error only its class is noted: its text may quote, and spans leave the house.
    """
    if not traceparent and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        yield  # nobody listens, and a span that nobody hears costs as much as sealing a message
        return
    token = context.attach(extract({"traceparent": traceparent})) if traceparent else None
    try:
        with _TRACER.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False
        ) as running:
            try:
                yield
            except Exception as error:
                running.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
    finally:
        if token:
            context.detach(token)
