// Limits of one span, as in OpenTelemetry's specification of the SDK.

/** How much of a span is kept. */
export interface SpanLimits {
  readonly attributes: number;
  /** UTF-16 units of one text value. */
  readonly valueLength: number;
  readonly events: number;
  readonly links: number;
  readonly attributesPerEvent: number;
  readonly attributesPerLink: number;
}
