import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { HttpConnection, parseResponse } from "./http-connection.ts";
import { retryAfterMs } from "./http-lane.ts";

function parse(text: string, ended = false): { status: number; body: string } | undefined {
  const response = parseResponse(Buffer.from(text, "latin1"), ended);
  return (
    response && { status: response.status, body: Buffer.from(response.body).toString("latin1") }
  );
}

describe("parseResponse", () => {
  it("waits for a complete answer, byte by byte", () => {
    const whole = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    for (let end = 0; end < whole.length; end++) expect(parse(whole.slice(0, end))).toBeUndefined();
    expect(parse(whole)).toEqual({ status: 200, body: "abc" });
  });

  it("joins chunks and waits for the last one", () => {
    const whole =
      "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=1\r\ncde\r\n0\r\n\r\n";
    for (let end = 0; end < whole.length - 2; end++)
      expect(parse(whole.slice(0, end))).toBeUndefined();
    expect(parse(whole)).toEqual({ status: 503, body: "abcde" });
  });

  it("takes a body without length up to the end of the connection and skips 100 Continue", () => {
    const whole = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nabc";
    expect(parse(whole)).toBeUndefined();
    expect(parse(whole, true)).toEqual({ status: 200, body: "abc" });
    expect(parse("HTTP/1.1 204 None\r\n\r\n")).toEqual({ status: 204, body: "" });
  });

  it("refuses what is not HTTP", () => {
    expect(() => parse("SSH-2.0-x\r\n\r\n")).toThrow("not an HTTP/1.1 answer");
  });
});

describe("HttpConnection", () => {
  it("gives a silent server up after the timeout and connects anew for the next request", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.on("error", () => undefined);
      if (connections > 1)
        socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const connection = new HttpConnection(url, 50);
    const head = "POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\n";
    await expect(connection.request(head, new Uint8Array(1))).rejects.toThrow(
      "no answer in 0.05 s",
    );
    expect((await connection.request(head, new Uint8Array(1))).status).toBe(200);
    connection.close();
    server.close();
  });
});

describe("retryAfterMs", () => {
  it("reads seconds and dates", () => {
    expect(retryAfterMs("2", 0)).toBe(2000);
    expect(retryAfterMs("Thu, 01 Jan 1970 00:00:07 GMT", 5000)).toBe(2000);
    expect(retryAfterMs("soon", 0)).toBeUndefined();
    expect(retryAfterMs(undefined, 0)).toBeUndefined();
  });
});
