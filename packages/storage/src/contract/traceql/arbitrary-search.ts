// Generated search queries over the vocabulary of arbitrary-spans.ts.

import fc from "fast-check";
import { join, oneOf } from "./query-text.ts";

const ownAttributes =
  ".user span.user .http.request.method span.http.request.method span.http.response.status_code .http.response.status_code span.mix .mix span.num .num span.flag .flag resource.host .host .service.name resource.service.name span.service.name .shared span.shared resource.shared instrumentation.tier instrumentation.shared span.nowhere .nowhere";
const innerAttributes = "event.key event.other event.shared link.key link.other link.shared .key";
const kinAttributes =
  "parent.span.user parent.num parent.resource.host parent.shared root.span.http.request.method root.mix root.resource.service.name parent.event.key";

/** Several fields of one event, and of events of several spans, in one comparison. */
const EVENT_NUMBERS =
  "event.other+link.other>1 event:timeSinceStart>parent.duration event.other>=parent.event.other -event.other<.other event.other=link.other (event.key=1)=span.flag (event.other>1)!=root.flag link:spanID=parent.span:id event:timeSinceStart<=traceDuration";

const order = oneOf("= != < <= > >=");

const attribute = fc.oneof(
  { weight: 8, arbitrary: oneOf(ownAttributes) },
  { weight: 2, arbitrary: oneOf(innerAttributes) },
  { weight: 1, arbitrary: oneOf(kinAttributes) },
);
const fieldPair = fc.oneof(
  { weight: 3, arbitrary: join(attribute, " ", order, " ", attribute) },
  {
    weight: 2,
    arbitrary: join(
      oneOf("event.key event.other .shared .key link.key event.shared link.shared"),
      " ",
      order,
      " ",
      oneOf(
        "parent.event.key parent.shared root.event.shared link.other parent.num .key root.link.key parent.key span.shared",
      ),
    ),
  },
  { weight: 1, arbitrary: oneOf(EVENT_NUMBERS) },
);

/** Fields of one value for each span, for grouping and aggregates. */
const plainField = fc.oneof(
  oneOf("span.user span.http.request.method span.num resource.host resource.service.name .user"),
  oneOf("name kind status statusMessage parent.name root.span.user instrumentation:version"),
);
const numericField = fc.oneof(
  oneOf("duration span.num .num span.http.response.status_code span:childCount nestedSetLeft"),
  oneOf("traceDuration parent.duration root.span.num"),
);
const textIntrinsic = oneOf(
  "name statusMessage rootName rootServiceName instrumentation:name instrumentation:version parent.name root.name span:name trace:rootName",
);
const idCondition = oneOf(
  'span:id="0000000000000065" span:parentID="0000000000000065" span:id=~"0+6." trace:id="1" trace:id!="1" link:spanID="0000000000000001" link:traceID=~".*abc" parent.span:id=~".*5"',
);

const text = oneOf('"a" "b" "GET" "POST" "ä🧵" "1" "x\'y" "shop" "pay" "own" "h1" "lib" "2.0" ""');
const name = fc.constantFrom('"GET /"', '"query"', '"send"', '"ä"', '"bad"', '"shop"', '"lib"');
const int = oneOf("-2 0 1 2 3 200 500 70000 65536");
const number = fc.oneof(int, oneOf("-0.5 0.5 1.5 2.0 1e10 1ns 1s"));
const duration = oneOf("0s 1ns 1ms 5ms 1s 2s 20s 1500000000");
const equality = oneOf("= !=");
const match = oneOf("=~ !~");
/** Of a service's name that it is nil is an error. */
const absent = oneOf(".user span.mix .shared event.key link.other parent.num root.mix .nowhere");
const regex = fc.constantFrom(
  '"a|b"',
  '".*"',
  '"[A-Z]+"',
  '"G.T( /)?"',
  '""',
  '"ä."',
  "`\\d`",
  '"h[12]"',
);

const comparison = fc.oneof(
  { weight: 4, arbitrary: join(attribute, " ", order, " ", text) },
  { weight: 3, arbitrary: join(attribute, " ", order, " ", number) },
  {
    weight: 2,
    arbitrary: join(attribute, " ", equality, " ", oneOf("true false error server")),
  },
  { weight: 2, arbitrary: join(attribute, " ", match, " ", regex) },
  { weight: 1, arbitrary: fieldPair },
  { weight: 2, arbitrary: join(absent, " ", equality, " nil") },
  { weight: 1, arbitrary: attribute },
  { weight: 2, arbitrary: join(textIntrinsic, " ", order, " ", name) },
  { weight: 1, arbitrary: join(textIntrinsic, " ", match, " ", regex) },
  {
    weight: 2,
    arbitrary: join(
      oneOf("duration traceDuration parent.duration root.duration"),
      " ",
      order,
      " ",
      duration,
    ),
  },
  {
    weight: 2,
    arbitrary: join(oneOf("status parent.status"), " ", equality, " ", oneOf("error ok unset")),
  },
  {
    weight: 1,
    arbitrary: join(oneOf("kind root.kind"), " ", equality, " ", oneOf("server client internal")),
  },
  { weight: 1, arbitrary: join("span:childCount ", order, " ", oneOf("0 1 2")) },
  {
    weight: 1,
    arbitrary: oneOf(
      "nestedSetParent<0 nestedSetParent=1 nestedSetLeft>3 nestedSetRight=2 nestedSetLeft=0",
    ),
  },
  { weight: 1, arbitrary: oneOf("parent=nil parent!=nil name!=nil duration!=nil event:name!=nil") },
  {
    weight: 2,
    arbitrary: join("event:name ", fc.oneof(join(equality, ' "retry"'), join(match, ' "ex.*"'))),
  },
  { weight: 1, arbitrary: join("event:timeSinceStart ", order, " ", oneOf("0s 1us 2ms")) },
  { weight: 1, arbitrary: idCondition },
  {
    weight: 1,
    arbitrary: join(
      "(",
      numericField,
      " ",
      oneOf("+ - * / %"),
      " ",
      number,
      ") ",
      order,
      " ",
      number,
    ),
  },
  { weight: 1, arbitrary: join("-", numericField, " ", order, " ", number) },
  {
    weight: 1,
    arbitrary: join("(", oneOf("span.num .num"), " ^ ", oneOf("0 1 2"), ") ", order, " ", int),
  },
);

const condition: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    comparison,
    join(tie("node"), " && ", tie("node")),
    join(tie("node"), " || ", tie("node")),
    join("(", tie("node"), ")"),
    join("!(", comparison, ")"),
  ),
})).node;

const filter = fc.oneof(
  { weight: 8, arbitrary: join("{ ", condition, " }") },
  { weight: 1, arbitrary: fc.constant("{ }") },
);

/** Filters that many spans meet, so that structures of them are not empty. */
const broad = fc.oneof(
  filter,
  oneOf(
    "{kind=server} {status=error} {span.flag=true} {duration>1ms} {resource.host=`h1`} {nestedSetParent<0} {}",
  ),
);
const structural = oneOf("> >> < << ~ !> !>> !< !<< !~ &> &>> &< &<< &~");

const aggregate = fc.oneof(
  fc.constant("count()"),
  join(oneOf("min max avg sum"), "(", numericField, ")"),
);
const scalarFilter = fc.oneof(
  join("count() ", order, " ", oneOf("1 2 3")),
  join(aggregate, " ", order, " ", number),
  join(aggregate, " ", order, " ", aggregate),
  join(aggregate, " ", oneOf("+ - *"), " ", aggregate, " ", order, " ", number),
);

const spansets: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    broad,
    join("(", tie("node"), " && ", tie("node"), ")"),
    join("(", tie("node"), " || ", tie("node"), ")"),
    join(broad, " ", structural, " ", broad),
    join(broad, " ", structural, " ", broad, " ", structural, " ", broad),
    join("(", broad, " | ", scalarFilter, ")"),
    join("(", broad, " | by(", plainField, ") | count() > 1)"),
  ),
})).node;

const withAbsence = fc.oneof(
  join("!", broad),
  join("!", broad, " && ", broad),
  join(broad, " && !", broad),
  join("!(", spansets, ") && ", broad),
);

const stage = fc.oneof(
  { weight: 3, arbitrary: scalarFilter },
  { weight: 2, arbitrary: filter },
  {
    weight: 1,
    arbitrary: join("select(", attribute, ", ", fc.oneof(plainField, numericField), ")"),
  },
);
const stages = fc
  .array(stage, { maxLength: 2 })
  .map((all) => all.map((one) => ` | ${one}`).join(""));
/** by() takes any expression. */
const groupKey = fc.oneof(
  { weight: 4, arbitrary: plainField },
  {
    weight: 1,
    arbitrary: join(
      numericField,
      oneOf("+ - * / %").map((sign) => ` ${sign} `),
      "2",
    ),
  },
  { weight: 1, arbitrary: comparison },
  { weight: 1, arbitrary: attribute },
);
const grouped = join(
  " | by(",
  groupKey,
  ")",
  stages,
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("", " | coalesce()") },
    { weight: 1, arbitrary: join(" | by(", plainField, ")", stages) },
    { weight: 1, arbitrary: join(" | coalesce() | ", broad, " ", structural, " ", broad) },
  ),
);

/** Aggregates of pipelines of their own. */
const ofPipeline = fc.oneof(
  join("(", broad, " | ", aggregate, ")"),
  join("(", broad, " ", structural, " ", broad, " | ", aggregate, ")"),
  join("(", broad, " | by(", plainField, ") | count() > 1 | coalesce() | count())"),
);
const acrossPipelines = fc.oneof(
  join(ofPipeline, " ", order, " ", ofPipeline),
  join(ofPipeline, " ", oneOf("+ - * / % ^"), " ", ofPipeline, " ", order, " ", number),
  join(ofPipeline, " ", order, " ", number, " | ", stage),
);

/** Text of a search query. */
export const arbitrarySearch: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: filter },
  { weight: 4, arbitrary: spansets },
  { weight: 3, arbitrary: join(spansets, stages) },
  { weight: 2, arbitrary: join(spansets, grouped) },
  { weight: 1, arbitrary: withAbsence },
  { weight: 2, arbitrary: acrossPipelines },
  { weight: 1, arbitrary: join(scalarFilter, " | ", filter) },
);
