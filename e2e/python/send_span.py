"""Sends one span with OpenTelemetry's own exporter and prints its trace and span id.

Usage: python send_span.py http|grpc <endpoint> [gzip]
"""

import sys

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags


def exporter(protocol, endpoint, gzip):
    if protocol == "grpc":
        import grpc
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
        return OTLPSpanExporter(endpoint=endpoint, insecure=True, compression=compression)
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    compression = Compression.Gzip if gzip else Compression.NoCompression
    return OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", compression=compression)


def main():
    protocol, endpoint = sys.argv[1:3]
    provider = TracerProvider(resource=Resource.create({"service.name": "python-sender"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter(protocol, endpoint, "gzip" in sys.argv)))
    tracer = provider.get_tracer("e2e.python", "1.0")
    linked = SpanContext(0x0AF7651916CD43DD8448EB211C80319C, 0x00F067AA0BA902B7, False, TraceFlags(1))
    with tracer.start_as_current_span(
        "render page", kind=SpanKind.SERVER, links=[Link(linked, {"reason": "retry"})]
    ) as span:
        span.set_attributes({"text": "grüße", "whole": 2**53 + 1, "half": 0.5, "yes": True, "list": ["a", "b"]})
        span.add_event("cache miss", {"key": "page:7"})
        span.set_status(Status(StatusCode.ERROR, "template not found"))
    provider.shutdown()
    context = span.get_span_context()
    print(f"{context.trace_id:032x} {context.span_id:016x}")


main()
