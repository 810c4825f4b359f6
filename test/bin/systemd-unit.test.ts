/** Values of units, read back by a model of systemd's own reading: extract-word.c, unit-printf.c, exec-util. */

import fc from "fast-check";
import * as assert from "uvu/assert";
import { execWord, listedPath, plainPath, systemdUnit, type UnitOptions } from "../../bin/systemd-unit.ts";
import { suite } from "../support/suite.ts";

const test = suite("systemd unit");

/** Words as `extract_first_word` finds them; with `isC` escapes of C are undone, else a backslash is taken off. */
function words(text: string, isC: boolean): string[] {
  const found: string[] = [];
  let at = 0;
  while (at < text.length) {
    while (/\s/.test(text[at] ?? "")) at += 1;
    if (at >= text.length) break;
    let word = "";
    let quote = "";
    for (; at < text.length; at++) {
      const letter = text[at] ?? "";
      if (letter === "\\") {
        const hex = isC ? /^x([0-9a-f]{2})/.exec(text.slice(at + 1)) : null;
        if (hex !== null) {
          word += String.fromCharCode(Number.parseInt(hex[1] ?? "", 16));
          at += 3;
        } else {
          at += 1;
          assert.ok(!isC || /[\\"]/.test(text[at] ?? ""), `an escape that systemd does not know in ${text}`);
          word += text[at] ?? "";
        }
      } else if (quote !== "" ? letter === quote : letter === '"' || letter === "'") quote = quote === "" ? letter : "";
      else if (quote === "" && /\s/.test(letter)) break;
      else word += letter;
    }
    assert.is(quote, "", "an open quote");
    found.push(word);
  }
  return found;
}

/** Specifiers put in: a doubled percent sign is one, and nothing else may be there. */
function printed(text: string): string {
  assert.not.match(text.replaceAll("%%", ""), /%/, "a specifier");
  return text.replaceAll("%%", "%");
}

/** Variables put in, as in the arguments of a program. */
function expanded(text: string): string {
  assert.not.match(text.replaceAll("$$", ""), /\$/, "a variable");
  return text.replaceAll("$$", "$");
}

const text = fc.string({ maxLength: 30, unit: fc.constantFrom(..."ab/ .%$\"\\'\t\n;#-é".split("")) });

test("words of a command come back as they were", () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), text, (args, any) => {
      const program = any.replace(/[\p{Cc}"'\\]/gu, "_");
      const line = [execWord(`/${program}`, true), ...args.map((word) => execWord(word, false))].join(" ");
      assert.not.match(line, /[\n\r]/, "one line");
      assert.not.match(line, /\\$/, "the next line is not joined to it");
      const [first = "", ...rest] = words(line, true).map(printed);
      assert.is(first, `/${program}`);
      assert.equal(rest.map(expanded), args);
    }),
    { numRuns: 3_000 },
  );
});

test("a program that systemd would refuse is refused before", () => {
  for (const letter of ['"', "'", "\\", "\n"]) {
    assert.throws(() => execWord(`/a${letter}b`, true), /Expected a program without quotes/);
  }
});

test("lists of paths and working directories come back, or are refused", () => {
  const isRefused = (path: string, write: (path: string) => string): boolean => {
    try {
      write(path);
      return false;
    } catch (error) {
      assert.match(String(error), /Expected (a path|a working directory) without/);
      return true;
    }
  };
  fc.assert(
    fc.property(
      fc.array(
        text.map((path) => `/${path}`),
        { maxLength: 4 },
      ),
      (paths) => {
        for (const path of paths) assert.is(isRefused(path, listedPath), /\p{Cc}/u.test(path));
        const writable = paths.filter((path) => !/\p{Cc}/u.test(path));
        assert.equal(words(writable.map(listedPath).join(" "), false).map(printed), writable);
        for (const path of paths) {
          const refused = isRefused(path, plainPath);
          assert.is(refused, /\p{Cc}|[\\\s]$/u.test(path));
          if (!refused) assert.is(printed(plainPath(path)).trim(), path);
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

const options: UnitOptions = {
  ...{ name: "kron", isUser: false, command: ["/usr/bin/node", "/opt/kron.js", "runtime", "start"] },
  ...{ workingDirectory: "/srv", dataDir: undefined, runAs: undefined, drainMs: 30_000, killPath: "/bin/kill" },
};

test("a service of the system has a watchdog, a state directory, limits for a stop, and hardening", () => {
  const unit = systemdUnit({ ...options, runAs: "jobs", drainMs: 90_500 });
  for (const line of [
    ...["Type=notify", "NotifyAccess=main", "WatchdogSec=30s", "User=jobs", "StateDirectory=kron", "KillMode=mixed"],
    ...["ExecStart=/usr/bin/node /opt/kron.js runtime start --data-dir /var/lib/kron", "WorkingDirectory=/srv"],
    ...["TimeoutStopSec=111s", "Restart=on-failure", "RestartPreventExitStatus=2 6", "NoNewPrivileges=yes"],
    ...["ProtectSystem=strict", "PrivateTmp=yes", "After=network-online.target time-sync.target"],
    ...["WantedBy=multi-user.target", "ExecReload=/bin/kill -HUP $MAINPID"],
  ])
    assert.ok(unit.split("\n").includes(line), `${line} in ${unit}`);
});

test("a data directory of one's own may be written, and one of the user's services needs no sandbox", () => {
  const own = systemdUnit({ ...options, dataDir: "/srv/my data" });
  assert.match(own, /--data-dir "\/srv\/my data"\n/);
  assert.match(own, /^ReadWritePaths="\/srv\/my data"$/m);
  assert.not.match(own, /StateDirectory/);
  const user = systemdUnit({ ...options, isUser: true });
  assert.match(user, /--data-dir %S\/kron$/m);
  assert.match(user, /^WantedBy=default\.target$/m);
  assert.not.match(user, /ProtectSystem|time-sync|User=/);
});

test.run();
