/** Requests to a server on this machine: what is sent, and what becomes of each kind of answer. */

import * as assert from "uvu/assert";
import { KronError } from "../../src/core/errors.ts";
import { detailsBytesMax } from "../../src/core/logged-error.ts";
import { checkPayload } from "../../src/core/payload.ts";
import type { AttemptOrder } from "../../src/ports.ts";
import { HttpRunner } from "../../src/runners/http.ts";
import { suite } from "../support/suite.ts";
import { type TestServer, testServer } from "./http-server.ts";
import { failureOf, orderOf, resultOf, start } from "./target-rig.ts";

const test = suite("runners/http");
const variables: Record<string, string> = {};
const runner = new HttpRunner({ environment: () => variables });
let server: TestServer;
let other: TestServer;

test.before(async () => {
  server = await testServer();
  other = await testServer();
});

test.after(async () => {
  await runner.close();
  await server.close();
  await other.close();
});

const reference = (name: string) => `\${env:${name}}`;

/** Makes a request to a path of the server, or to a whole address. */
async function ask(path: string, more: object = {}, order: Partial<AttemptOrder> = {}) {
  return await begin(path, more, order).end;
}

function begin(path: string, more: object = {}, order: Partial<AttemptOrder> = {}) {
  const url = path.startsWith("/") ? server.url + path : path;
  return start(runner, orderOf({ http: { url, ...more } }, order));
}

function last(of = server) {
  const arrived = of.arrived.at(-1);
  if (arrived === undefined) throw new Error("Nothing arrived");
  return arrived;
}

test("a GET names its run, and its answer is the result", async () => {
  server.on("/plain", (_request, response) => {
    response
      .writeHead(200, { "content-type": "text/plain", "set-cookie": "secret=1", "x-request-id": "r1" })
      .end("hällo");
  });
  const end = await ask("/plain?q=1", {}, { timerId: "täglich 5%", attempt: 2, payload: { ignored: true } });
  const result = resultOf(end);
  const { date, ...headers } = result.headers as Record<string, string>;
  assert.type(date, "string");
  assert.equal(
    { ...result, headers },
    {
      status: 200,
      headers: { "content-type": "text/plain", "x-request-id": "r1" },
      body: "hällo",
    },
  );
  const { method, url, headers: sent, body } = last();
  assert.equal([method, url, body], ["GET", "/plain?q=1", ""]);
  assert.is(sent["x-kron-timer"], "t%C3%A4glich%205%25");
  assert.is(sent["x-kron-run"], "run_1");
  assert.is(sent["x-kron-attempt"], "2");
  assert.is(sent["idempotency-key"], "t:2026-03-29T01:00:00.000Z");
  assert.is(sent["content-length"], undefined);
});

test("a POST sends the payload as JSON, or what the target says", async () => {
  await ask("/post", { method: "POST" }, { payload: { a: 1n } });
  assert.is(last().body, '{"a":"1"}');
  assert.is(last().headers["content-type"], "application/json");
  assert.is(last().headers["content-length"], "9");
  await ask("/post", { body: "täxt" }, { payload: { a: 1 } });
  assert.equal([last().method, Buffer.from(last().body, "latin1").toString()], ["POST", "täxt"]);
  assert.is(last().headers["content-type"], "text/plain; charset=utf-8");
  await ask(
    "/post",
    { method: "PUT", headers: { "Content-Type": "application/x-own" } },
    { payload: Buffer.from([1, 2]) },
  );
  assert.equal([last().method, last().body], ["PUT", "\u0001\u0002"]);
  assert.is(last().headers["content-type"], "application/x-own");
  await ask("/post", { method: "DELETE" });
  assert.equal([last().method, last().body], ["DELETE", ""]);
});

test("headers may refer to variables of the runtime, which have to be set", async () => {
  variables.API_TOKEN = "s3cret";
  const headers = { authorization: `Bearer ${reference("API_TOKEN")}`, "idempotency-key": "own" };
  resultOf(await ask("/auth", { headers }));
  assert.is(last().headers.authorization, "Bearer s3cret");
  assert.is(last().headers["idempotency-key"], "own");
  const before = server.arrived.length;
  const { code, message } = failureOf(await ask("/auth", { headers: { "x-key": reference("NOT_THERE") } }));
  assert.is(code, "KRON_OPTION_INVALID");
  assert.match(message, /NOT_THERE/);
  assert.is(server.arrived.length, before);
});

test("a variable that no header can hold fails without being shown", async () => {
  variables.BROKEN = "s3cret\nx-injected: 1";
  const { code, message } = failureOf(await ask("/auth", { headers: { "x-key": reference("BROKEN") } }));
  assert.is(code, "KRON_HTTP_FAILED");
  assert.match(message, /ERR_INVALID_CHAR/);
  assert.not.match(message, /s3cret/);
});

test("another status is a failure, with the beginning of the body, and without what a query may hide", async () => {
  server.on("/broken", (_request, response) => {
    response.writeHead(503, { "retry-after": "30" }).end("x".repeat(10_000));
  });
  const { code, message, details } = failureOf(await ask("/broken?token=1"));
  assert.is(code, "KRON_HTTP_FAILED");
  assert.is(message, `Expected status 200-299 from GET ${server.url}/broken, got 503`);
  assert.is(details.status, 503);
  assert.is(details.body, "x".repeat(1_536));
  assert.is(details.isBodyCut, true);
  assert.is(details.retryAfter, "30");
  assert.ok(checkPayload(details, "details", detailsBytesMax) > 0);
});

test("a timer says which status is a success", async () => {
  server.on("/gone", (_request, response) => response.writeHead(404).end());
  assert.is(resultOf(await ask("/gone", { success: [200, "404-410"] })).status, 404);
  assert.match(failureOf(await ask("/gone", { success: [200, "2xx"] })).message, /Expected status 200, 200-299 from/);
  server.on("/moved", (_request, response) => response.writeHead(302, { location: "/plain?secret#x" }).end());
  const moved = resultOf(await ask("/moved", { success: "3xx" }));
  assert.is(moved.status, 302);
  assert.is((moved.headers as Record<string, string>).location, "/plain");
});

test("JSON is read as such, and as text when it is none, or none that history can hold", async () => {
  const bodies: readonly (readonly [string, unknown])[] = [
    ['{"a":[1,2.5,null]}', { a: [1, 2.5, null] }],
    ['{"a":', '{"a":'],
    ['{"__proto__":1}', '{"__proto__":1}'],
    [`${"[".repeat(40)}${"]".repeat(40)}`, `${"[".repeat(40)}${"]".repeat(40)}`],
    ["", undefined],
  ];
  for (const [text, expected] of bodies) {
    server.on("/json", (_request, response) => {
      response.writeHead(200, { "content-type": "application/problem+json; charset=utf-8" }).end(text);
    });
    assert.equal(resultOf(await ask("/json")).body, expected);
  }
});

test("of a large body as much is kept as history holds, cut between letters", async () => {
  for (const text of [
    "x".repeat(60_000),
    "ä".repeat(30_000),
    `${"x".repeat(14 * 1024 - 1)}ää`,
    "\u00ff".repeat(20_000),
  ]) {
    for (const encoding of ["utf8", "latin1"] as const) {
      server.on("/large", (_request, response) => {
        response
          .writeHead(200, { location: `/${"l".repeat(500)}`, etag: "e".repeat(500) })
          .end(Buffer.from(text, encoding));
      });
      const result = resultOf(await ask("/large"));
      assert.is(result.isBodyCut, true);
      assert.ok(String(result.body).length > 4_000);
      assert.ok(checkPayload(result, "result", 16 * 1024) > 0);
    }
  }
  server.on("/large-json", (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify("x".repeat(20_000)));
  });
  assert.type(resultOf(await ask("/large-json")).body, "string");
});

test("a body without end is not read to its end, and its connection is closed", async () => {
  const closed = new Promise<void>((resolve) => {
    server.on("/endless", (request, response) => {
      request.socket.once("close", () => resolve());
      const more = (): void => {
        while (response.write("x".repeat(1_024)));
        response.once("drain", more);
      };
      more();
    });
  });
  const result = resultOf(await ask("/endless"));
  assert.is(result.isBodyCut, true);
  await closed;
});

test("redirects are followed as fetch does", async () => {
  const cases: readonly (readonly [number, string, string, string])[] = [
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [307, "POST", "POST", "data"],
    [308, "PUT", "PUT", "data"],
    [302, "PUT", "PUT", "data"],
    [303, "HEAD", "HEAD", ""],
  ];
  for (const [status, method, nextMethod, nextBody] of cases) {
    server.on("/from", (_request, response) => response.writeHead(status, { location: "to?x" }).end("ignored"));
    const more = method === "HEAD" ? { method } : { method, body: "data" };
    assert.is(resultOf(await ask("/from", more)).status, 200);
    assert.equal([last().method, last().url, last().body], [nextMethod, "/to?x", nextBody], `${status} ${method}`);
    assert.is(last().headers["content-type"], nextBody === "" ? undefined : "text/plain; charset=utf-8");
  }
});

test("another origin gets no credentials: neither the usual ones nor what came from a variable", async () => {
  variables.API_TOKEN = "s3cret";
  const headers = {
    authorization: "Basic eA==",
    cookie: "a=b",
    "x-api-key": reference("API_TOKEN"),
    "x-plain": "1",
    host: "h",
  };
  server.on("/away", (_request, response) => response.writeHead(307, { location: `${other.url}/there` }).end());
  resultOf(await ask("/away", { headers }));
  assert.is(last().headers["x-api-key"], "s3cret");
  const away = last(other).headers;
  assert.equal([away.authorization, away.cookie, away["x-api-key"]], [undefined, undefined, undefined]);
  assert.is(away["x-plain"], "1");
  assert.is(away.host, other.url.slice("http://".length));
  server.on("/within", (_request, response) => response.writeHead(307, { location: "/there" }).end());
  resultOf(await ask("/within", { headers }));
  assert.is(last().headers["x-api-key"], "s3cret");
});

test("redirects in a circle, or to nowhere, fail", async () => {
  server.on("/circle", (_request, response) => response.writeHead(302, { location: "/circle" }).end());
  const before = server.arrived.length;
  assert.match(failureOf(await ask("/circle")).message, /status 302 and more than 5 redirects/);
  assert.is(server.arrived.length - before, 6);
  for (const location of ["ftp://host/", "http://", "javascript:alert(1)"]) {
    server.on("/nowhere", (_request, response) => response.writeHead(302, { location }).end());
    assert.match(failureOf(await ask("/nowhere")).message, /no address that can be asked/);
  }
});

test("connections are used again", async () => {
  const before = server.connections;
  for (let count = 0; count < 3; count += 1) await ask("/plain");
  assert.ok(server.connections - before <= 1);
});

test("a kept connection that the server closes at the wrong moment is no failure of what can be repeated", async () => {
  resultOf(await ask("/plain"));
  let count = 0;
  server.on("/stale", (request, response) => {
    count += 1;
    if (count === 1) request.socket.resetAndDestroy();
    else response.end("second");
  });
  assert.is(resultOf(await ask("/stale")).body, "second");
  resultOf(await ask("/plain"));
  count = 0;
  assert.is(failureOf(await ask("/stale", { method: "POST" })).details.cause, "ECONNRESET");
});

test("a failure of the network is named", async () => {
  const gone = await testServer();
  await gone.close();
  const refused = failureOf(await ask(`${gone.url}/x`));
  assert.is(refused.code, "KRON_HTTP_FAILED");
  assert.is(refused.message, `Expected an answer to GET ${gone.url}/x, got ECONNREFUSED`);
  assert.is(refused.details.cause, "ECONNREFUSED");
  assert.match(refused.hint, /host and port/);
  assert.is(failureOf(await ask(server.url.replace("http:", "https:"))).details.cause, "EPROTO");
  assert.match(failureOf(await ask("http://[1]")).message, /host or port cannot be read/);
});

test("an answer that is cut off or is none fails", async () => {
  server.on("/cut", (_request, response) => {
    response.writeHead(200, { "content-length": "100" }).write("half");
    response.socket?.destroy();
  });
  assert.is(failureOf(await ask("/cut")).details.cause, "ECONNRESET");
  server.on("/noise", (request) => request.socket.end("this is no HTTP\r\n\r\n"));
  assert.match(String(failureOf(await ask("/noise")).details.cause), /^HPE_/);
  server.on("/headers", (_request, response) => response.writeHead(200, { "x-large": "x".repeat(20_000) }).end());
  assert.is(failureOf(await ask("/headers")).details.cause, "HPE_HEADER_OVERFLOW");
});

test("abort() ends a request that waits for headers or for its body, and closes its connection", async () => {
  const reason = new KronError("KRON_RUN_TIMEOUT", "Took too long");
  server.on("/silent", () => undefined);
  server.on("/slow-body", (_request, response) => {
    response.writeHead(200).write("a");
  });
  for (const path of ["/silent", "/slow-body"]) {
    const arrived = server.next(path);
    const { handle, end } = begin(path);
    await arrived;
    handle.abort(reason);
    handle.terminate?.();
    assert.is(failureOf(await end).code, "KRON_RUN_TIMEOUT");
  }
});

test("terminate() and close() end requests too", async () => {
  server.on("/silent", () => undefined);
  const arrived = server.next("/silent");
  const { handle, end } = begin("/silent");
  await arrived;
  handle.terminate?.();
  assert.is(failureOf(await end).code, "KRON_STOPPED");
  const another = new HttpRunner({ environment: () => ({}) });
  const second = server.next("/silent");
  const waiting = start(another, orderOf({ http: `${server.url}/silent` }));
  await second;
  await another.close();
  assert.is(failureOf(await waiting.end).code, "KRON_STOPPED");
});

test("a server that says nothing for too long is given up, whatever the timer says", async () => {
  const impatient = new HttpRunner({ environment: () => ({}), idleMs: 50 });
  server.on("/silent", () => undefined);
  server.on("/slow-body", (_request, response) => {
    response.writeHead(200).write("a");
  });
  for (const path of ["/silent", "/slow-body"]) {
    const { details } = failureOf(await start(impatient, orderOf({ http: server.url + path })).end);
    assert.is(details.cause, "ETIMEDOUT", path);
  }
  await impatient.close();
});

test.run();
