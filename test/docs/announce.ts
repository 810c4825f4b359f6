/** Preloaded into an application of a page, so that it says when its runtime has started. */

import { Kron } from "../../src/index.ts";

const { start } = Kron.prototype;
Kron.prototype.start = async function (this: Kron, ...rest): Promise<void> {
  await start.call(this, ...rest);
  process.stderr.write("The runtime is ready\n");
};
