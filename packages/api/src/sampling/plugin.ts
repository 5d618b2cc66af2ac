// Jaeger's remote sampling on Clew's own port, at the path where its collectors have it: `GET /api/sampling?service=`.

import type { FastifyInstance } from "fastify";
import { tenantOf } from "../http/tenant.ts";
import type { Sampling } from "./sampling.ts";

export interface SamplingApiOptions {
  readonly sampling: Sampling;
  readonly tenantHeader?: string;
}

/** Fastify plugin: `/api/sampling`. */
export async function samplingApi(
  server: FastifyInstance,
  { sampling, tenantHeader }: SamplingApiOptions,
): Promise<void> {
  server.get("/api/sampling", async (request, reply) => {
    const { service } = request.query as { readonly service?: string | readonly string[] };
    if (typeof service !== "string") {
      void reply.code(400).type("text/plain; charset=utf-8");
      return "'service' parameter must be provided once\n";
    }
    const { json } = sampling.answer(tenantOf(request.headers, tenantHeader), service);
    void reply.type("application/json");
    return Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  });
}
