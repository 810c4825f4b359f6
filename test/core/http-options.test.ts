import * as assert from "uvu/assert";
import { isKronError } from "../../src/core/errors.ts";
import { readHttp } from "../../src/core/http-options.ts";
import { decodeTarget, encodeTarget } from "../../src/core/target.ts";
import { suite } from "../support/suite.ts";

const test = suite("http-options");

function refuses(value: unknown, option: string, message: RegExp): void {
  assert.throws(
    () => readHttp(value),
    (error: unknown) =>
      isKronError(error, "KRON_OPTION_INVALID") && error.details?.option === option && message.test(error.message),
    `${option} ${String(message)}`,
  );
}

const url = "https://example.com/";
const get = { kind: "http", method: "GET", headers: [], body: undefined, success: [[200, 299]] };

test("a text is the URL of a GET, and a body makes a POST", () => {
  assert.equal(readHttp(` ${url} `), { ...get, url });
  assert.equal(readHttp({ url }), { ...get, url });
  assert.is(readHttp({ url, body: null }).method, "POST");
  assert.is(readHttp({ url, body: "", method: "DELETE" }).method, "DELETE");
  assert.is(readHttp({ url, method: "HEAD" }).method, "HEAD");
});

test("url: what every client reads alike", () => {
  for (const good of [
    "http://a",
    "HTTPS://EXAMPLE.com",
    "http://localhost:8080",
    "http://a:",
    "http://a:65535/x@y?z=a@b#c",
    "http://127.0.0.1/",
    "http://[::1]:80/ü?x=%20",
    "http://bücher.example/",
  ])
    assert.is(readHttp(good).url, good);
  for (const bad of ["", 5, null, undefined, {}]) refuses({ url: bad }, "http.url", /to be a text/);
  for (const bad of [
    "example.com",
    "ftp://a",
    "http:/a",
    "//a",
    "file:///a",
    "http://a b",
    "http://a\tb",
    "http://a\\b",
  ])
    refuses({ url: bad }, "http.url", /begin with http:\/\/ or https:\/\/ and to have no blanks/);
  refuses({ url: "http://a/\ud800" }, "http.url", /begin with/);
  refuses({ url: `http://a/${"x".repeat(4_096)}` }, "http.url", /at most 4096 characters/);
  for (const bad of [
    "http://",
    "http:///x",
    "http://:80",
    "http://a:b",
    "http://a:65536",
    "http://a:123456",
    "http://[::1",
  ])
    refuses({ url: bad }, "http.url", /to name a host/);
});

test("url: user name and password are refused, and not repeated", () => {
  for (const bad of ["http://user:hunter2@a/", "https://hunter2@a", "http://@a", "http://hunter2:@a:80?x"]) {
    refuses({ url: bad }, "http.url", /without user name and password/);
    assert.throws(
      () => readHttp(bad),
      (error: Error) => !error.message.includes("hunter2"),
    );
  }
});

test("method: one that has a body where there is one", () => {
  for (const method of ["GET", "HEAD"]) refuses({ url, method, body: {} }, "http.body", /got it with (GET|HEAD)/);
  for (const method of ["get", "TRACE", "CONNECT", "", null, 5])
    refuses({ url, method }, "http.method", /one of "GET"/);
});

test("headers: lower case, in the order given, each once", () => {
  const { headers } = readHttp({ url, headers: { "X-B": "1", "x-a": " \tü", Authorization: "" } });
  assert.equal(headers, [
    ["x-b", "1"],
    ["x-a", " \tü"],
    ["authorization", ""],
  ]);
  refuses({ url, headers: { "X-A": "1", "x-a": "2" } }, "http.headers", /each header once, got x-a twice/);
  refuses({ url, headers: [["a", "b"]] }, "http.headers", /a plain object, got an array/);
  refuses({ url, headers: new Headers() }, "http.headers", /a plain object, got a Headers/);
  for (const name of ["", "a b", "a:", "ü", "a\n", "x".repeat(201)])
    refuses({ url, headers: { [name]: "x" } }, "http.headers", /names of headers in http\.headers, got/);
  refuses({ url, headers: JSON.parse('{"__proto__": "x"}') }, "http.headers", /names of headers/);
  for (const name of ["Content-Length", "transfer-encoding", "Connection"])
    refuses({ url, headers: { [name]: "x" } }, "http.headers", /follows from the request/);
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`x-${n}`, ""]));
  refuses({ url, headers: many }, "http.headers", /at most 100 members of http\.headers, got 101/);
});

test("headers: a value that does not fit a line is refused, and not repeated", () => {
  for (const value of ["hunter2\r\nx: y", "hunter2\0", "hunter2 €", `hunter2${"x".repeat(4_096)}`]) {
    refuses(
      { url, headers: { a: value } },
      "http.headers.a",
      /a text on one line of at most 4096 characters of Latin-1/,
    );
    assert.throws(
      () => readHttp({ url, headers: { a: value } }),
      (error: Error) => !error.message.includes("hunter2"),
    );
  }
  refuses({ url, headers: { a: 5 } }, "http.headers.a", /a text, got 5/);
  refuses({ url, headers: { a: undefined } }, "http.headers.a", /a text, got undefined/);
});

test("body: plain data that JSON carries, as a copy", () => {
  const body = { a: [1, "x", null, true, { b: -0 }], z: 1.5 };
  const target = readHttp({ url, body });
  body.a.push(5);
  assert.equal(target.body, { a: [1, "x", null, true, { b: 0 }], z: 1.5 });
  assert.equal(decodeTarget(encodeTarget(target), true), target);
  assert.is(readHttp({ url, body: "text" }).body, "text");
  const tricky = Object.assign([1, 2], { toJSON: () => "other" });
  assert.equal(readHttp({ url, body: { tricky } }).body, { tricky: [1, 2] });
});

test("body: anything else is refused with the path to it", () => {
  for (const [body, message] of [
    [new Date(0), /http\.body to be plain data, got a Date/],
    [{ a: undefined }, /http\.body\.a to be plain data, got undefined/],
    [{ a: () => 1 }, /http\.body\.a to be plain data, got a function/],
    [Number.NaN, /http\.body to be a finite number/],
    [{ a: ["\ud800"] }, /http\.body\.a\[0\] to be well-formed Unicode/],
    [JSON.parse('{"__proto__": 1}'), /to have another name/],
    [5n, /"http\.body" to be JSON data, got a bigint/],
    [{ a: [1, 5n] }, /"http\.body\.a\[1\]" to be JSON data, got a bigint/],
    [{ a: { b: new Uint8Array(2) } }, /"http\.body\.a\.b" to be JSON data, got a Uint8Array/],
    [Buffer.from("x"), /"http\.body" to be JSON data, got a Buffer/],
    ["x".repeat(256 * 1024), /at most 262144 bytes/],
  ] as const) {
    assert.throws(
      () => readHttp({ url, body }),
      (error: unknown) => isKronError(error, "KRON_PAYLOAD_INVALID") && message.test(error.message),
      String(message),
    );
  }
  let reads = 0;
  const shifty = {
    get a(): unknown {
      reads += 1;
      return reads === 1 ? 1 : () => 1;
    },
  };
  assert.throws(
    () => readHttp({ url, body: shifty }),
    (error: unknown) => isKronError(error, "KRON_PAYLOAD_INVALID"),
  );
});

test("success: codes, families and ranges", () => {
  for (const [success, ranges] of [
    [204, [[204, 204]]],
    ["200", [[200, 200]]],
    ["2xx", [[200, 299]]],
    ["5xx", [[500, 599]]],
    ["200-204", [[200, 204]]],
    [
      [200, "3xx", "404-410"],
      [
        [200, 200],
        [300, 399],
        [404, 410],
      ],
    ],
  ] as const)
    assert.equal(readHttp({ url, success }).success, ranges);
  const bad = [99, 600, 200.5, "", "20", "2x", "6xx", "0xx", "200-", "-200", "204-200", "200-600", "200,204", " 200"];
  for (const success of [...bad, null, {}, true, 5n, [[200]], [200, undefined], new Array(1), Symbol("s")])
    refuses({ url, success }, "http.success", /to be codes such as 200, "2xx" or "200-204", got/);
  refuses({ url, success: [] }, "http.success", /1 to 100 codes in http\.success, got 0/);
  refuses({ url, success: new Array(101).fill(200) }, "http.success", /got 101/);
});

test("anything else is no request", () => {
  for (const value of [null, 5, [], new URL(url)]) refuses(value, "http", /Expected http to be a plain object/);
  refuses({ url, methd: "GET" }, "http.methd", /an option of http, got "http\.methd"/);
  refuses(JSON.parse(`{"url": "${url}", "__proto__": {}}`), "http.__proto__", /an option of http/);
});

test.run();
