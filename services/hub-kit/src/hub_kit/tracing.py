"""Lets a trace follow a message over the bus: W3C `traceparent` in and out."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.propagate import extract, inject

_TRACER = trace.get_tracer("hub_kit")


def start(service: str, endpoint: str) -> None:
    """Send spans to this OTLP endpoint; an empty one keeps tracing off and free."""
    if not endpoint:
        return
    # The exporter is a third of what a service loads at its start, and few switch it on.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

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
    """Run a step as a span, as a child of the trace that came with the event."""
    token = context.attach(extract({"traceparent": traceparent})) if traceparent else None
    try:
        with _TRACER.start_as_current_span(name):
            yield
    finally:
        if token:
            context.detach(token)
