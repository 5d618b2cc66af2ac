// Keys and values with what one does with them: copy, and search all traces for the same value.

import { oneLine } from "@clew/base";
import type { AttributeScope } from "@clew/model";
import { type ReactElement, type ReactNode, useState } from "react";
import {
  attributeText,
  filterQueryText,
  type LiteralType,
  literalText,
} from "../../query/filter-text.ts";
import { Link } from "../../router/link.tsx";
import { printRoute } from "../../router/routes.ts";
import type { AttributeText } from "../../trace/read-attributes.ts";
import { CopyButton } from "../../ui/controls.tsx";
import { Icon } from "../../ui/icon.tsx";
import styles from "./span-drawer.module.css";

// A value longer than this is folded: stack traces and payloads would bury the rest.
const foldLength = 1200;

export interface AttributeListProps {
  readonly title: string;
  readonly attributes: readonly AttributeText[];
  /** Where a search looks for a value; none gives no search. */
  readonly scope?: Exclude<AttributeScope, "any">;
  /** Where on the time axis to look for other spans, as in an address. */
  readonly around?: { readonly from: string; readonly to: string };
  readonly filter?: string;
  /** How many the sender or a limit dropped. */
  readonly dropped?: number;
}

export function AttributeList({
  title,
  attributes,
  scope,
  around,
  filter = "",
  dropped = 0,
}: AttributeListProps): ReactElement | undefined {
  const wanted = filter.trim().toLowerCase();
  const shown = attributes.filter(
    ({ key, value }) =>
      wanted === "" || key.toLowerCase().includes(wanted) || value.toLowerCase().includes(wanted),
  );
  if (shown.length === 0 && dropped === 0) return undefined;
  return (
    <section className={styles.section}>
      {title !== "" && <h3>{title}</h3>}
      <dl>
        {shown.map((attribute, i) => (
          <Pair key={`${i} ${attribute.key}`} attribute={attribute} scope={scope} around={around} />
        ))}
      </dl>
      {dropped > 0 && (
        <p className={styles.empty}>{dropped} more were dropped before they were sent.</p>
      )}
    </section>
  );
}

/** The key with places to break at its dots and underscores, so that words stay whole. */
function breakable(key: string): ReactNode {
  const parts = key.split(/(?<=[._/])/, 40);
  const rest = key.slice(parts.join("").length);
  return [...parts, rest].map((part, i) => (
    <span key={`${i}${part}`}>
      {part}
      <wbr />
    </span>
  ));
}

function Pair({
  attribute: { key, value, type },
  scope,
  around,
}: {
  attribute: AttributeText;
  scope: AttributeListProps["scope"];
  around: AttributeListProps["around"];
}): ReactElement {
  const [open, setOpen] = useState(false);
  const long = value.length > foldLength;
  const searchable =
    scope !== undefined &&
    ["string", "int", "double", "bool"].includes(type) &&
    value.length <= 1000;
  return (
    <div className={styles.pair}>
      <dt>
        <bdi>{breakable(key)}</bdi>
      </dt>
      <dd>
        <bdi>{long && !open ? `${value.slice(0, foldLength)}…` : value}</bdi>
        {long && (
          <button type="button" className={styles.more} onClick={() => setOpen(!open)}>
            {open ? "Show less" : `Show all ${value.length.toLocaleString("en-US")} characters`}
          </button>
        )}
      </dd>
      <div className={styles.actions}>
        {searchable && (
          <>
            <QueryLink
              scope={scope}
              around={around}
              attribute={{ key, value, type }}
              operator="="
            />
            <QueryLink
              scope={scope}
              around={around}
              attribute={{ key, value, type }}
              operator="!="
            />
          </>
        )}
        {searchable && (
          <Link
            to={printRoute("search", undefined, {
              ...around,
              attr: [{ scope, key, operator: "=", value }],
            })}
            title="Search traces with this value"
            aria-label={`Search traces where ${key} has this value`}
          >
            <Icon name="search" size={14} />
          </Link>
        )}
        <CopyButton text={value} label="Copy the value" />
      </div>
    </div>
  );
}

const literalTypes: Readonly<Record<string, LiteralType>> = {
  string: "string",
  int: "int",
  double: "float",
  bool: "bool",
};

/** Leads to the spans with this value on the query page, or to those with another. */
function QueryLink({
  scope,
  around,
  attribute: { key, value, type },
  operator,
}: {
  scope: NonNullable<AttributeListProps["scope"]>;
  around: AttributeListProps["around"];
  attribute: AttributeText;
  operator: "=" | "!=";
}): ReactElement | undefined {
  if (type === "double" && !Number.isFinite(Number(value))) return undefined;
  const literal = literalText({ type: literalTypes[type] ?? "string", text: value });
  const label = `Query spans where ${oneLine(key, 120)} ${operator === "=" ? "has" : "is there without"} this value`;
  return (
    <Link
      to={printRoute("query", undefined, {
        ...around,
        q: filterQueryText([`${attributeText(scope, key)} ${operator} ${literal}`]),
      })}
      title={label}
      aria-label={label}
    >
      <Icon name={operator === "=" ? "filter" : "filterOut"} size={14} />
    </Link>
  );
}
