// TraceQL for a model that has to write it, in parts of a page.

import { z } from "zod";
import { type Tool, tool } from "./tool.ts";

// Lines that begin with a brace or a parenthesis are queries as they stand, comments included.
const topics = {
  basics: `A query selects spans by a filter in braces.
Fields: span.http.route, resource.service.name, event.exception.type, link.x, instrumentation.x; .x looks everywhere.
Intrinsics: name, duration, kind (server, client, internal, producer, consumer), status (ok, error, unset), statusMessage,
  rootName, rootServiceName, traceDuration, trace:id, span:id, span:parentID, span:childCount, event:name.
Values: "text", 42, 1.5, true, 100ms, 1m30s, error. Operators: = != < <= > >= =~ !~ (RE2, whole value) && || ! + - * / % ^.
&& and || have the same precedence: use parentheses. A value of another type than the attribute's never matches.
{ resource.service.name = "web" && status = error }
{ span.http.response.status_code >= 500 && (duration > 200ms || kind = server) }
{ span.user.id != nil } // has the attribute; = nil: lacks it
{ name =~ "GET /cart.*" }
{ parent.resource.service.name = "web" } // parent. and root. are Clew's own`,
  structure: `Filters combine inside one trace; the spans of the right side are shown.
{ status = error } && { kind = client } // traces that have both
{ status = error } || { kind = client } // either
{ kind = server } && !{ kind = client } // the first without the second; Clew's own
{ name = "a" } > { name = "b" } // b is a child of a; < the other way round
{ name = "a" } >> { name = "b" } // b is a descendant of a; << the other way round
{ name = "a" } ~ { name = "b" } // b is a sibling of a
{ name = "a" } !>> { name = "b" } // b without such an a above it
{ name = "a" } &>> { name = "b" } // both sides are shown`,
  pipelines: `Stages follow after |.
{ status = error } | count() > 3 // traces with more than three such spans
{} | avg(duration) > 1s // also min, max, sum
{ kind = server } | by(resource.service.name) | count() > 10
{ status = error } | select(span.http.route, resource.service.name) // shows fields`,
  metrics: `Metrics queries are for the tool query_metrics.
{ status = error } | rate() by (resource.service.name)
{} | count_over_time() by (span.http.route)
{ kind = server } | quantile_over_time(duration, .5, .99) by (resource.service.name)
{} | avg_over_time(duration) // also min, max, sum, histogram
{} | rate() by (name) | topk(5)
({ status = error } | rate()) / ({} | rate())
{ resource.service.name = "web" } | compare({ status = error }) // which attributes explain the selection`,
} as const;

export const helpTool: Tool = tool({
  name: "traceql_help",
  title: "TraceQL help",
  description:
    "How to write TraceQL: basics, structure, pipelines or metrics. Read it before the first query.",
  input: z.object({
    topic: z.enum(["basics", "structure", "pipelines", "metrics"]).default("basics"),
  }),
  run: async ({ topic }) => topics[topic],
});

/** The texts, for the test that their queries are TraceQL. */
export const helpTopics: typeof topics = topics;
