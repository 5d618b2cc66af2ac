// From a reference in a query to the places of table `spans`, and of what its rows refer to, where its value
// may lie.

import type { Attribute, FieldReference, Intrinsic } from "@clew/traceql";
import { attributeParts, mapPlaces, type Part, spanPlaces } from "../read/attribute-parts.ts";
import type { SqlParameters } from "../read/sql-parameters.ts";
import { hasInJson, jsonParts } from "./field-json.ts";
import type { ContentCondition, ContentTable, FieldKnowledge } from "./field-knowledge.ts";
import { allOf, anyOf, FALSE, not, TRUE } from "./field-logic.ts";
import { isService, type Many, manyOf } from "./field-references.ts";
import {
  choicesOf,
  type Pair,
  partsOfPair,
  type TypedLayer,
  typedOf,
  typedOfLayers,
} from "./field-typed.ts";

/** What the SQL under construction stands in: inside a lambda over events or links their fields have names. */
export interface Frame {
  readonly parameters: SqlParameters;
  readonly bound: ReadonlySet<Many>;
  /** Unscoped names whose values on events and links do not count. */
  readonly plain: ReadonlySet<string>;
}

/** Outside of any lambda. */
export function openFrame(parameters: SqlParameters): Frame {
  return { parameters, bound: new Set(), plain: new Set() };
}

/** One step of the lookup of an unscoped attribute. */
interface Layer extends TypedLayer {
  readonly parts: readonly Part[];
}

const ID_COLUMN: Readonly<Record<ContentTable, string>> = {
  resources: "resource_id",
  scopes: "scope_id",
};

/** Names inside lambdas -> the subcolumns that they stand for. */
export const MANY_COLUMNS: Readonly<Record<Many, Readonly<Record<string, string>>>> = {
  event: {
    event_name: "events.name",
    event_time: "events.time",
    event_attributes: "events.attributes",
  },
  link: {
    link_trace: "links.trace_id",
    link_span: "links.span_id",
    link_attributes: "links.attributes",
  },
};

export class FieldPlaces {
  readonly #tenant: string;
  readonly #knowledge: FieldKnowledge;

  constructor(tenant: string, knowledge: FieldKnowledge) {
    this.#tenant = tenant;
    this.#knowledge = knowledge;
  }

  /** Places of one value: that of the first event or link where it speaks of many. */
  parts(reference: FieldReference, frame: Frame): readonly Part[] {
    if (reference.kind === "intrinsic") return this.#intrinsicParts(reference, frame);
    switch (reference.scope) {
      case "span":
        return this.spanParts(reference, frame);
      case "resource":
        return this.resourceParts(reference, frame);
      case "event":
      case "link":
        return this.manyParts(reference, reference.scope, frame);
      case "instrumentation":
        return this.#contentParts("scopes", reference, frame);
      case "any":
        return this.#layered(reference, frame);
    }
  }

  /** SQL of the value as the pair (type, text), see field-typed.ts. */
  typed(reference: FieldReference, frame: Frame): string {
    if (reference.kind === "intrinsic") return typedOf(this.parts(reference, frame));
    if (reference.scope === "any") {
      const layers = this.#layers(reference, frame).filter(({ has }) => has !== FALSE);
      if (layers.length > 1) return typedOfLayers(layers);
    }
    const table = tableOf(reference);
    const pair = table === undefined ? undefined : this.#contentPair(table, reference, frame);
    if (pair === undefined) return typedOf(this.parts(reference, frame));
    return `tuple(if(${pair[0]} = '', 'nil', ${pair[0]}), ${pair[1]})`;
  }

  /** UInt8: whether there is a value. */
  has(reference: FieldReference, frame: Frame): string {
    if (reference.kind === "intrinsic") return presentIn(this.parts(reference, frame));
    switch (reference.scope) {
      case "event":
      case "link": {
        if (!this.mayHave(reference.scope, reference)) return FALSE;
        const text = manyText(reference.scope, reference.name, frame);
        return hasInJson(text, reference.name, frame.parameters);
      }
      case "resource":
        if (isService(reference)) return TRUE;
        return this.#contentHas("resources", reference, frame);
      case "instrumentation":
        return this.#contentHas("scopes", reference, frame);
      case "span":
        return presentIn(this.spanParts(reference, frame));
      case "any":
        return anyOf(
          SCOPES.map((scope) =>
            this.mayHave(scope, reference) ? this.has({ ...reference, scope }, frame) : FALSE,
          ),
        );
    }
  }

  spanParts({ name }: Attribute, { parameters }: Frame): readonly Part[] {
    return attributeParts(spanPlaces(name, this.#knowledge.places(name)), parameters.text(name));
  }

  /** The service's name has a column of its own, which knows one for every span. */
  resourceParts(reference: Attribute, frame: Frame): readonly Part[] {
    if (isService(reference)) return [{ type: "string", value: "service", present: TRUE }];
    return this.#contentParts("resources", reference, frame);
  }

  manyParts(reference: Attribute, many: Many, frame: Frame): readonly Part[] {
    if (!this.mayHave(many, reference)) return [];
    const { name } = reference;
    return jsonParts(manyText(many, name, frame), name, frame.parameters);
  }

  /** UInt8: whether the span's resource or scope is among those for which a condition holds. */
  content(condition: ContentCondition, { parameters }: Frame): string {
    const column = ID_COLUMN[condition.table];
    const ids = this.#knowledge.ids(condition);
    if (ids !== undefined)
      return ids.length === 0 ? FALSE : `${column} IN ${parameters.uint64s(ids)}`;
    return `${column} IN (SELECT id FROM ${condition.table} WHERE tenant = ${parameters.text(this.#tenant)} AND ${condition.build(parameters)})`;
  }

  /** The scopes that an unscoped attribute is looked up in, first to last. */
  scopesOf(reference: Attribute): readonly Exclude<Attribute["scope"], "any">[] {
    return SCOPES.filter((scope) => this.mayHave(scope, reference));
  }

  /** Whether a value of the attribute may lie in a scope. */
  mayHave(scope: Exclude<Attribute["scope"], "any">, { name }: Attribute): boolean {
    if (scope !== "event" && scope !== "link") return true;
    return this.#knowledge.places(name)?.has(scope) ?? true;
  }

  /** Places of an attribute in a row of a content table. */
  contentParts(table: ContentTable, name: string, parameters: SqlParameters): readonly Part[] {
    const maps = this.#knowledge.contentMaps(table, name);
    const places = maps === undefined ? mapPlaces : { promoted: undefined, maps };
    return attributeParts(places, parameters.text(name));
  }

  /** Whether no row of a content table has the attribute. */
  isNoContent(table: ContentTable, name: string): boolean {
    return this.#knowledge.contentMaps(table, name)?.size === 0;
  }

  #contentHas(table: ContentTable, { name }: Attribute, frame: Frame): string {
    if (this.isNoContent(table, name)) return FALSE;
    const build = (parameters: SqlParameters): string =>
      presentIn(this.contentParts(table, name, parameters));
    return this.content({ table, key: JSON.stringify(["has", name]), build }, frame);
  }

  #contentParts(table: ContentTable, reference: Attribute, frame: Frame): readonly Part[] {
    const pair = this.#contentPair(table, reference, frame);
    return pair === undefined ? [] : partsOfPair(...pair);
  }

  /** Type and text of the attribute of a span's resource or scope; undefined where none has it. */
  #contentPair(table: ContentTable, reference: Attribute, frame: Frame): Pair | undefined {
    if (this.#contentHas(table, reference, frame) === FALSE) return undefined;
    const parts = this.contentParts(table, reference.name, frame.parameters);
    return this.#lookup(table, typedOf(parts), presentIn(parts), frame);
  }

  /** The values of all rows of a content table, looked up by id: one small query whose answer is a constant. */
  #lookup(table: ContentTable, typed: string, condition: string, { parameters }: Frame): Pair {
    const rows = `(SELECT (groupArray(id), groupArray(t.1), groupArray(t.2)) FROM
      (SELECT id, any(${typed}) AS t FROM ${table} WHERE tenant = ${parameters.text(this.#tenant)} AND ${condition} GROUP BY id))`;
    const column = ID_COLUMN[table];
    return [
      `transform(${column}, ${rows}.1, ${rows}.2, '')`,
      `transform(${column}, ${rows}.1, ${rows}.3, '')`,
    ];
  }

  #layered(reference: Attribute, frame: Frame): readonly Part[] {
    const parts: Part[] = [];
    const above: string[] = [];
    for (const layer of this.#layers(reference, frame)) {
      for (const { type, value, present } of layer.parts)
        parts.push({ type, value, present: allOf([...above, present]) });
      above.push(not(layer.has));
      if (layer.has === TRUE) break;
    }
    return parts;
  }

  #layers(reference: Attribute, frame: Frame): readonly Layer[] {
    return this.scopesOf(reference).map((scope) => {
      const scoped = { ...reference, scope };
      const has = this.has(scoped, openFrame(frame.parameters));
      const table = tableOf(scoped);
      const content = table === undefined ? undefined : this.#contentPair(table, scoped, frame);
      if (content !== undefined) return { has, parts: partsOfPair(...content), pair: content };
      const isLeftOut = manyOf(scoped) !== undefined && frame.plain.has(reference.name);
      const parts = isLeftOut ? [] : this.parts(scoped, frame);
      return { has, parts, pair: choicesOf(parts) };
    });
  }

  #intrinsicParts({ name }: Intrinsic, frame: Frame): readonly Part[] {
    switch (name) {
      case "span:duration":
        return [{ type: "duration", value: "duration", present: TRUE }];
      case "span:name":
        return [{ type: "string", value: "name", present: TRUE }];
      case "span:kind":
        return [{ type: "kind", value: "kind", present: TRUE }];
      case "span:status":
        return [{ type: "status", value: "status", present: TRUE }];
      case "span:statusMessage":
        return [{ type: "string", value: "status_message", present: TRUE }];
      case "span:id":
        return [idPart("span_id", 8, TRUE)];
      case "span:parentID":
        return [idPart("parent_span_id", 8, "parent_span_id != toFixedString('', 8)")];
      case "trace:id":
        return [idPart("trace_id", 16, TRUE)];
      case "instrumentation:name":
      case "instrumentation:version": {
        const column = name === "instrumentation:name" ? "name" : "version";
        return partsOfPair(
          ...this.#lookup("scopes", `('string', toString(${column}))`, TRUE, frame),
        );
      }
      default:
        return manyIntrinsic(name, frame);
    }
  }
}

const SCOPES = ["span", "resource", "event", "link", "instrumentation"] as const;

export function presentIn(parts: readonly Part[]): string {
  return anyOf(parts.map(({ present }) => present));
}

/** The content table that holds the attribute's values, if one does. */
function tableOf(reference: Attribute): ContentTable | undefined {
  if (reference.scope === "instrumentation") return "scopes";
  return reference.scope === "resource" && !isService(reference) ? "resources" : undefined;
}

function idPart(column: string, bytes: 8 | 16, present: string): Part {
  return { type: "string", value: `lower(hex(${column}))`, present, id: { column, bytes } };
}

/** The attributes of the bound event or link, else of the first one that has this one. */
function manyText(many: Many, key: string, { parameters, bound }: Frame): string {
  if (bound.has(many)) return `${many}_attributes`;
  return `arrayFirst(j -> ${hasInJson("j", key, parameters)}, ${many}s.attributes)`;
}

function manyIntrinsic(name: Intrinsic["name"], { bound }: Frame): readonly Part[] {
  const many: Many = name.startsWith("event:") ? "event" : "link";
  const isBound = bound.has(many);
  const present = isBound ? TRUE : `notEmpty(${many}s)`;
  const field = (bare: string): string => {
    return isBound ? bare : `${MANY_COLUMNS[many][bare]}[1]`;
  };
  switch (name) {
    case "event:name":
      return [{ type: "string", value: field("event_name"), present }];
    case "event:timeSinceStart": {
      const time = `toUnixTimestamp64Nano(${field("event_time")})`;
      return [{ type: "duration", value: `(${time} - toUnixTimestamp64Nano(start))`, present }];
    }
    case "link:traceID":
      return [idPart(field("link_trace"), 16, present)];
    case "link:spanID":
      return [idPart(field("link_span"), 8, present)];
    default:
      throw new Error(`${name} is not of one span`);
  }
}
