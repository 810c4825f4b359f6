/** What a supervisor tells systemd, and what its app cannot. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { scratchDirectory } from "../bin/command-line.ts";
import { NotifyReceiver, whyNoReceiver } from "../runtime/notify-receiver.ts";
import { suite } from "../support/suite.ts";
import { endSupervised, Supervised } from "./supervised.ts";

const test = suite("supervise/notify", 60_000);
const why = whyNoReceiver();

const tells = "systemd is told when the app is ready, reloads and stops, and the app cannot speak for the service";
if (why !== undefined) test.skip(tells, why);
else {
  test(tells, async () => {
    const folder = scratchDirectory();
    const address = join(folder, "notify");
    const receiver = await NotifyReceiver.listen(address);
    const environment = { NOTIFY_SOCKET: address, WATCHDOG_USEC: "200000" };
    const supervised = Supervised.start("plain", [], { folder, environment });
    await receiver.got(/^READY=1\|STATUS=Supervising .*app\.js$/);
    await receiver.got(/^WATCHDOG=1$/);
    await supervised.line(/is ready/);
    assert.not.match(readFileSync(`/proc/${supervised.appPid}/environ`, "latin1"), /NOTIFY_SOCKET|WATCHDOG_USEC/);
    receiver.messages.length = 0;
    supervised.signal("SIGHUP");
    await receiver.got(/^RELOADING=1\|MONOTONIC_USEC=\d+$/);
    await receiver.got(/^READY=1/);
    supervised.signal("SIGTERM");
    await receiver.got(/^STOPPING=1/);
    assert.is((await supervised.exited).code, 0);
    await receiver.close();
  });
}

test.after(endSupervised);
test.run();
