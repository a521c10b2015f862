import { SpanKind, type Telemetry } from 'bullmq';

/** What has a part in a batch: a job, by the place in its trace. */
export interface Traced {
  readonly units: readonly unknown[];
  /** Where in its trace the job stands; undefined while tracing is off. */
  readonly context: unknown;
}

/** Shows a batch in the trace of each of its jobs. */
export class CommitSpans {
  readonly #telemetry: Telemetry | undefined;

  constructor(telemetry: Telemetry | undefined) {
    this.#telemetry = telemetry;
  }

  /** Where the caller stands in its trace. */
  get here(): unknown {
    return this.#telemetry?.contextManager.active();
  }

  /** Does the work of a batch within a span of each of its jobs. What it asks of others, such as the database, stands in that of the first. */
  async around<T>(jobs: readonly Traced[], work: () => Promise<T>): Promise<T> {
    if (!this.#telemetry) return work();
    const { tracer, contextManager } = this.#telemetry;
    const batchUnits = jobs.reduce((sum, { units }) => sum + units.length, 0);
    const spans = jobs.map(({ context, units }) => {
      const span = tracer.startSpan('commit batch', { kind: SpanKind.INTERNAL }, context);
      span.setAttributes({
        'botledger.units': units.length,
        'botledger.batch.units': batchUnits,
        'botledger.batch.jobs': jobs.length,
      });
      return span;
    });
    try {
      return await contextManager.with(spans[0]?.setSpanOnContext(jobs[0]?.context), work);
    } catch (error) {
      for (const span of spans) span.recordException(error as Error);
      throw error;
    } finally {
      for (const span of spans) span.end();
    }
  }
}
