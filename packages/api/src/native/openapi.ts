// The OpenAPI 3.1 document of the native API, made from the route table and its zod schemas.
// https://spec.openapis.org/oas/v3.1.1

import { z } from "zod";
import { httpStatus } from "../http/errors.ts";
import { clewTenantHeader, defaultTenant } from "../http/tenant.ts";
import { errorAnswer } from "./answers.ts";
import type { Answer, Route } from "./route.ts";

/** Where the routes live. */
export const nativePrefix = "/api/v1";

type Json = Record<string, unknown>;

function schemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

function parameter(name: string, place: "path" | "query", schema: z.ZodType): Json {
  const { description, ...rest } = schemaOf(schema, "input");
  const required = place === "path" || !schema.safeParse(undefined).success;
  return {
    name,
    in: place,
    required,
    ...(description === undefined ? {} : { description }),
    schema: rest,
  };
}

function content(answer: Answer): Json {
  const entries = Object.entries(answer.content).map(([type, schema]) => {
    return [type, schema === undefined ? {} : { schema: schemaOf(schema, "output") }];
  });
  return { description: answer.description, content: Object.fromEntries(entries) };
}

function responses(route: Route): Json {
  const all: Json = {};
  for (const code of route.errors) {
    all[httpStatus(code)] = { $ref: `#/components/responses/${code}` };
  }
  for (const [status, answer] of Object.entries(route.answers)) all[status] = content(answer);
  return all;
}

function operation(route: Route): Json {
  const inPath = Object.entries(route.parameters.shape).map(([name, schema]) =>
    parameter(name, "path", schema as z.ZodType),
  );
  const inQuery = Object.entries(route.query.shape).map(([name, schema]) =>
    parameter(name, "query", schema as z.ZodType),
  );
  return {
    operationId: route.operationId,
    summary: route.summary,
    parameters: [...inPath, ...inQuery, { $ref: "#/components/parameters/tenant" }],
    ...(route.body === undefined ? {} : { requestBody: requestBody(route.body) }),
    responses: responses(route),
  };
}

function requestBody(schema: z.ZodType): Json {
  return { required: true, content: { "application/json": { schema: schemaOf(schema, "input") } } };
}

function errorResponses(routes: readonly Route[]): Json {
  const codes = new Set(routes.flatMap((route) => route.errors));
  const schema = { $ref: "#/components/schemas/Error" };
  return Object.fromEntries(
    [...codes].map((code) => [
      code,
      { description: `Error code ${code}.`, content: { "application/json": { schema } } },
    ]),
  );
}

/** The document for `routes`; `version` is Clew's. */
export function openApiDocument(routes: readonly Route[], version: string): Json {
  const paths = Map.groupBy(
    routes,
    (route) => nativePrefix + route.path.replaceAll(/:(\w+)/g, "{$1}"),
  );
  const operations = [...paths].map(([path, entries]) => {
    const methods = entries.map((route) => [
      (route.method ?? "GET").toLowerCase(),
      operation(route),
    ]);
    return [path, Object.fromEntries(methods)];
  });
  return {
    openapi: "3.1.0",
    info: {
      title: "Clew native API",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "Reads traces, metrics made from them, and their logs, and sets rates of sampling. Absolute times are decimal strings of " +
        "nanoseconds since 1970, durations are numbers of nanoseconds. Every error is " +
        '`{"error":{"code","message","hint"?}}`.',
    },
    paths: Object.fromEntries(operations),
    components: {
      schemas: { Error: schemaOf(errorAnswer, "output") },
      responses: errorResponses(routes),
      parameters: {
        tenant: {
          name: clewTenantHeader,
          in: "header",
          required: false,
          description: "Whose data is asked for.",
          schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,64}$", default: defaultTenant },
        },
      },
    },
  };
}
