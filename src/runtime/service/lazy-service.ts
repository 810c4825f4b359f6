/** The methods of the service before they are needed: their code is loaded with the first request for one. */

import type { IpcMethod } from "../../ipc/methods.ts";
import type { ServedRuntime } from "./served-runtime.ts";

type Methods = ReadonlyMap<string, IpcMethod>;
type MethodOf<Kind extends IpcMethod["kind"]> = Extract<IpcMethod, { kind: Kind }>;

/** Every method there is; service.ts makes them. */
export const methodKinds = {
  ...{ "runtime.status": "unary", "runtime.shutdown": "unary", "log.compact": "unary", events: "stream" },
  ...{ "timer.schedule": "unary", "timer.get": "unary", "timer.next": "unary", "timer.pause": "unary" },
  ...{ "timer.resume": "unary", "timer.cancel": "unary", "timer.trigger": "unary" },
  ...{ "timer.list": "stream", "timer.history": "stream", "timer.window": "unary", "timer.strips": "unary" },
  ...{ "timer.timeline": "unary", stats: "stream" },
  ...{ "run.list": "stream", "run.cancel": "unary", "run.retry": "unary", "run.wait": "unary" },
  ...{ "run.log": "stream" },
} as const satisfies Readonly<Record<string, "unary" | "stream">>;

/** The methods of `runtime` by name; others may be added to the map. */
export function lazyService(runtime: ServedRuntime): Map<string, IpcMethod> {
  let methods: Methods | undefined;
  const load = async (): Promise<Methods> => {
    const { serviceMethods } = await import("./service.ts");
    methods ??= serviceMethods(runtime);
    return methods;
  };
  return new Map(
    Object.entries(methodKinds).map(([name, kind]) => {
      const find = <Kind extends IpcMethod["kind"]>(all: Methods) => all.get(name) as MethodOf<Kind>;
      const method: IpcMethod =
        kind === "unary"
          ? {
              kind,
              call: (params, call) =>
                methods === undefined
                  ? load().then((all) => find<"unary">(all).call(params, call))
                  : find<"unary">(methods).call(params, call),
            }
          : {
              kind,
              open: (params, stream) =>
                methods === undefined
                  ? load().then((all) => find<"stream">(all).open(params, stream))
                  : find<"stream">(methods).open(params, stream),
            };
      return [name, method];
    }),
  );
}
