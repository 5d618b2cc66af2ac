// Queries to begin with, each with the question that it answers.

export interface Example {
  readonly question: string;
  readonly query: string;
}

export interface ExampleGroup {
  readonly title: string;
  readonly examples: readonly Example[];
}

export const exampleGroups: readonly ExampleGroup[] = [
  {
    title: "Find traces",
    examples: [
      { question: "Which requests failed?", query: "{ status = error }" },
      {
        question: "Which requests to a server took more than half a second?",
        query: "{ kind = server && duration > 500ms }",
      },
      {
        question: "Where did a failure come from a call further down?",
        query: "{ status = error } >> { status = error && kind = client }",
      },
      {
        question: "Which traces make the same call more than ten times?",
        query: "{ kind = client } | by(name) | count() > 10",
      },
    ],
  },
  {
    title: "See numbers over time",
    examples: [
      { question: "How busy is each service?", query: "{ } | rate() by(resource.service.name)" },
      {
        question: "What share of requests fails?",
        query: "({ kind = server && status = error } | rate()) / ({ kind = server } | rate())",
      },
      {
        question: "How slow are requests, by quantile?",
        query: "{ kind = server } | quantile_over_time(duration, .5, .95, .99)",
      },
      {
        question: "Which five operations are the slowest on average?",
        query: "{ kind = server } | avg_over_time(duration) by(name) | topk(5)",
      },
    ],
  },
  {
    title: "Look for causes",
    examples: [
      {
        question: "How are durations spread, and when did that change?",
        query: "{ kind = server } | histogram_over_time(duration)",
      },
      {
        question: "What do failed requests have in common?",
        query: "{ kind = server } | compare({ status = error })",
      },
      {
        question: "Which traces lack a database call?",
        query: "{ kind = server } && !{ span.db.system.name != nil }",
      },
    ],
  },
];
