// The answer to a query, in the form that the query asks for.

import type { ReactElement } from "react";
import { answerKind } from "../../../query/rewrite.ts";
import type { AnswerProps } from "./answer-props.ts";
import { currentTab } from "./answer-tabs.tsx";
import { CompareAnswer } from "./compare-answer.tsx";
import { HeatAnswer } from "./heat-answer.tsx";
import { SeriesAnswer } from "./series-answer.tsx";
import { SpansAnswer } from "./spans-answer.tsx";
import { TableAnswer } from "./table-answer.tsx";

export function Answer(props: AnswerProps): ReactElement {
  const kind = answerKind(props.query);
  const { view } = currentTab(kind, props.params.view);
  switch (kind) {
    case "spans":
      return <SpansAnswer {...props} />;
    case "heat":
      return <HeatAnswer {...props} />;
    case "compare":
      return <CompareAnswer {...props} />;
    case "series":
      return view === "table" ? <TableAnswer {...props} /> : <SeriesAnswer {...props} />;
  }
}
