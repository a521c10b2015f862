import { type Span, type Telemetry, TelemetryAttributes } from 'bullmq';

/**
 * What makes the spans of OpenTelemetry; whoever starts Node.js with an SDK of it decides where they go.
 *
 * @returns undefined while tracing is off, so that BullMQ does not even ask
 */
export async function openTelemetry({ tracing }: { readonly tracing: boolean }): Promise<Telemetry | undefined> {
  if (!tracing) return undefined;
  const { BullMQOtel } = await import('bullmq-otel');
  const { tracer, contextManager } = new BullMQOtel({ tracerName: 'botledger' });
  return {
    contextManager,
    tracer: { startSpan: (name, options, context) => discreet(tracer.startSpan(name, options, context)) },
  };
}

/** BullMQ puts the result of a job into its span, which is what bots are told of their users. */
function discreet(span: Span): Span {
  const addEvent = span.addEvent.bind(span);
  span.addEvent = (name, attributes) => {
    const { [TelemetryAttributes.JobResult]: _, ...rest } = attributes ?? {};
    addEvent(name, rest);
  };
  return span;
}
