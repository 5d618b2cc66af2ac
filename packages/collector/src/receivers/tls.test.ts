// TLS and mutual TLS of both receivers, with certificates made for the run by the openssl command.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { send } from "./http-client.ts";
import { InMemorySink } from "./in-memory-sink.ts";
import { type Receivers, startReceivers } from "./receivers.ts";

const TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
}

let folder = tmpdir();
function hasOpenssl(): boolean {
  try {
    openssl("version");
    return true;
  } catch {
    return false;
  }
}

const pem = (name: string): string => readFileSync(path.join(folder, name), "utf8");

function makeCertificate(name: string): void {
  openssl(
    "req",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
    "-subj",
    `/CN=${name}`,
  );
  const signed = [
    "-CA",
    "ca.crt",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    "san",
  ];
  openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.crt`, ...signed);
}

const clientPair = (): { cert: string; key: string } => ({
  cert: pem("client.crt"),
  key: pem("client.key"),
});

function post(receivers: Receivers, tls: object): Promise<{ status: number }> {
  const headers = { "content-type": "application/x-protobuf" };
  return send(receivers.httpPort as number, "/v1/traces", {
    headers,
    body: "http",
    tls: { ca: pem("ca.crt"), ...tls },
  });
}

function call(receivers: Receivers, pair?: { cert: string; key: string }): Promise<string> {
  const key = pair === undefined ? null : Buffer.from(pair.key);
  const cert = pair === undefined ? null : Buffer.from(pair.cert);
  const creds = credentials.createSsl(Buffer.from(pem("ca.crt")), key, cert);
  const client = new Client(`127.0.0.1:${receivers.grpcPort}`, creds);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      TRACES,
      asIs,
      asIs,
      Buffer.from("grpc"),
      (error: ServiceError | null) => {
        client.close();
        resolve(error === null ? "OK" : "refused");
      },
    );
  });
}

const asIs = (bytes: Buffer): Buffer => bytes;

// Skipped where there is no openssl command: node cannot make certificates.
describe.skipIf(!hasOpenssl())("TLS", () => {
  let running: Receivers | undefined;
  let sink = new InMemorySink();

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "clew-tls-"));
    writeFileSync(path.join(folder, "san"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
    openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "ca.key",
      "-out",
      "ca.crt",
      "-days",
      "2",
      "-subj",
      "/CN=test authority",
    );
    for (const name of ["server", "client"]) makeCertificate(name);
  }, 30_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(() => running?.stop(0));

  async function start(mutual: boolean): Promise<Receivers> {
    sink = new InMemorySink();
    const tls = {
      cert: pem("server.crt"),
      key: pem("server.key"),
      ...(mutual ? { clientCa: pem("ca.crt") } : {}),
    };
    running = await startReceivers({ host: "127.0.0.1", httpPort: -1, grpcPort: -1, tls }, sink);
    return running;
  }

  test("senders that trust the authority get through on both receivers", async () => {
    const receivers = await start(false);
    expect((await post(receivers, {})).status).toBe(200);
    expect(await call(receivers)).toBe("OK");
    expect(sink.texts).toEqual(["http", "grpc"]);
  });

  test("with a client authority, only senders with its certificate get through", async () => {
    const receivers = await start(true);
    await expect(post(receivers, {})).rejects.toThrow();
    expect(await call(receivers)).toBe("refused");
    expect(sink.texts).toEqual([]);
    expect((await post(receivers, clientPair())).status).toBe(200);
    expect(await call(receivers, clientPair())).toBe("OK");
    expect(sink.texts).toEqual(["http", "grpc"]);
  });

  test("a sender that speaks plain text is cut off, and the next one served", async () => {
    const receivers = await start(false);
    await expect(send(receivers.httpPort as number, "/v1/traces", { body: "x" })).rejects.toThrow();
    await expect(send(receivers.grpcPort as number, "/v1/traces", { body: "x" })).rejects.toThrow();
    expect((await post(receivers, {})).status).toBe(200);
    expect(await call(receivers)).toBe("OK");
  });

  test("a certificate that is none is a configuration error on either receiver", async () => {
    const tls = { cert: "not a certificate", key: pem("server.key") };
    for (const ports of [{ httpPort: -1 }, { grpcPort: -1 }]) {
      const started = startReceivers({ host: "127.0.0.1", ...ports, tls }, new InMemorySink());
      await expect(started).rejects.toMatchObject({
        code: "bad_config",
        hint: expect.stringContaining("certificate"),
      });
    }
  });
});
