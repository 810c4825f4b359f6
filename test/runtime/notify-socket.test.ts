/** The real calls, against a receiver that is no part of Kron. */

import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openNotifySocket, socketName } from "../../src/runtime/notify-socket.ts";
import { suite } from "../support/suite.ts";
import { NotifyReceiver, whyNoReceiver } from "./notify-receiver.ts";

const test = suite("notify socket");
const obstacle = whyNoReceiver();

if (obstacle !== undefined) test.skip("messages arrive at a path and at an abstract name", obstacle);
else {
  test("messages arrive at a path and at an abstract name, whole and in order", async () => {
    const directory = mkdtempSync(join(tmpdir(), "kron-notify-"));
    try {
      for (const address of [join(directory, "søcket"), `@kron-test-${process.pid}`]) {
        const receiver = await NotifyReceiver.listen(address);
        const socket = openNotifySocket(address);
        assert.is(socket.send("READY=1\nSTATUS=ünïcode"), 0);
        assert.is(socket.send(`STATUS=${"x".repeat(4_000)}`), 0);
        assert.is(socket.send("STOPPING=1"), 0);
        await receiver.got(/^STOPPING=1$/);
        assert.equal(receiver.messages, ["READY=1|STATUS=ünïcode", `STATUS=${"x".repeat(4_000)}`, "STOPPING=1"]);
        await receiver.close();
        assert.is(socket.send("x"), constants.errno.ECONNREFUSED, "nobody listens any more");
        socket.close();
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
}

if (process.platform !== "linux") test.skip("names that are none are refused", "sockets of systemd are on Linux only");
else {
  test("names that are none are refused", () => {
    for (const address of ["", "relative", "vsock:2:1234", `/${"x".repeat(200)}`]) {
      assert.throws(() => socketName(address), /Expected NOTIFY_SOCKET to be a socket/, address);
    }
    assert.is(socketName("/a").length, 2 + 3);
    assert.equal([...socketName("@a")].slice(2), [0, 97]);
    assert.is(socketName(`/${"x".repeat(106)}`).length, 110);
  });

  test("a socket where nobody listens gives the reason", () => {
    const socket = openNotifySocket("/nowhere/at/all");
    assert.is(socket.send("x"), constants.errno.ENOENT);
    socket.close();
  });
}

test.run();
