/** The methods for attached applications before there is one: their code is loaded with the first that attaches. */

import { KronError } from "../core/errors.ts";
import type { IpcMethod } from "../ipc/methods.ts";
import type { Logger } from "../ports.ts";
import type { Attaching, ServedRuntime } from "./service/served-runtime.ts";

type LinkMethod = Extract<IpcMethod, { kind: "link" }>;
type UnaryMethod = Extract<IpcMethod, { kind: "unary" }>;

const unaryNames = ["app.schedule", "app.register", "app.ready", "app.drain"] as const;

/** The methods by name; none where nobody may attach. */
export function lazyApps(runtime: ServedRuntime, logger: Logger): [name: string, method: IpcMethod][] {
  const { attaching } = runtime;
  if (attaching === undefined) return [];
  let methods: ReadonlyMap<string, IpcMethod> | undefined;
  const attach: LinkMethod = {
    kind: "link",
    async open(params, link, peer) {
      methods ??= await load(runtime, attaching, logger, () => methods);
      return (methods.get("app.attach") as LinkMethod).open(params, link, peer);
    },
  };
  const unary = (name: string): UnaryMethod => ({
    kind: "unary",
    call(params, call) {
      if (methods !== undefined) return (methods.get(name) as UnaryMethod).call(params, call);
      throw new KronError("KRON_IPC_PROTOCOL", "Expected app.attach before any other request about callbacks");
    },
  });
  return [["app.attach", attach], ...unaryNames.map((name): [string, IpcMethod] => [name, unary(name)])];
}

/** Two may attach while the code is loaded; `loaded` gives what the first of them has made. */
async function load(
  { engine, commands, realClock }: ServedRuntime,
  attaching: Attaching,
  logger: Logger,
  loaded: () => ReadonlyMap<string, IpcMethod> | undefined,
): Promise<ReadonlyMap<string, IpcMethod>> {
  const { AppService } = await import("./app-service.ts");
  const before = loaded();
  if (before !== undefined) return before;
  const apps = new AppService({ ...attaching, engine, commands, clock: realClock, logger });
  attaching.begin(apps);
  return new Map(apps.methods());
}
