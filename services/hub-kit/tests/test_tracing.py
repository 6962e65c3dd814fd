"""A trace follows a message through log and bus to its reader, and says nothing personal."""

import asyncio
import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hub_kit import event_log, tracing
from hub_kit.consume import Consumer
from hub_kit.testing import eventually, read_accepted

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture(scope="session")
def provider():
    """The library takes one provider a process; each test listens with an exporter of its own."""
    provider = TracerProvider()
    trace.set_tracer_provider(provider)
    return provider


@pytest.fixture
def spans(provider):
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    yield exporter
    processor.shutdown()


async def test_a_trace_goes_through_the_log_to_the_reader(channel, arrive, spans):
    with tracing.span("hook", PARENT):
        assert tracing.current().split("-")[1] == TRACE
        await channel.accept(arrive(1))
    seen = []

    async def handle(connection, delivered):
        seen.extend(d.record.traceparent for d in delivered)
        with tracing.span("inner"):
            assert tracing.current().split("-")[1] == TRACE

    topics = ["faden.message.received"]
    reader = Consumer("reader", topics, channel.bus, channel.pool, handle)
    task = asyncio.create_task(reader.run())

    async def read() -> bool:
        return bool(seen)

    await eventually(read)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    [row] = await read_accepted(channel.pool, event_log.START, topics)
    by_name = {span.name: span for span in spans.get_finished_spans()}
    hook, handled, inner = by_name["hook"], by_name["reader handle"], by_name["inner"]
    assert {format(s.context.trace_id, "032x") for s in (hook, handled, inner)} == {TRACE}
    assert row.wire.traceparent == seen[0]
    assert handled.parent.span_id == hook.context.span_id, "the reader is a child of the hook"
    assert inner.parent.span_id == handled.context.span_id


def test_a_span_says_what_broke_but_not_its_text(spans):
    with pytest.raises(ValueError, match="erika"), tracing.span("send", PARENT):
        raise ValueError("erika@example.org")
    [span] = spans.get_finished_spans()
    assert span.status.description == "ValueError"
    assert not span.status.is_ok
    assert "erika" not in span.to_json()
    assert not trace.get_current_span().get_span_context().is_valid, "the trace is left again"


@pytest.mark.parametrize("broken", ["", "nonsense", "00-0-0-01"])
def test_a_broken_traceparent_begins_a_new_trace(spans, broken):
    with tracing.span("send", broken):
        assert tracing.current()
    [span] = spans.get_finished_spans()
    assert span.parent is None


OFF = """
import sys
from hub_kit import tracing
tracing.start("probe", "")
with tracing.span("x"):
    assert tracing.current() == ""
with tracing.span("x", "%s"):
    assert tracing.current() == "%s"
assert not any("exporter" in name for name in sys.modules), "it costs half a second"
tracing.start("probe", "http://127.0.0.1:9")
with tracing.span("x"):
    assert tracing.current()
from opentelemetry import trace
processor = trace.get_tracer_provider()._active_span_processor._span_processors[0]
print(processor.span_exporter._endpoint, flush=True)
import os; os._exit(0)  # nobody listens there
"""


def test_without_an_endpoint_it_is_off_and_hands_on_what_came():
    script = OFF % (PARENT, PARENT)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "http://127.0.0.1:9/v1/traces\n"
