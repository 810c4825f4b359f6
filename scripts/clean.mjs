// A stale file in dist/ could pass for one that the sources still hold, so every build starts from nothing.
import { rmSync } from "node:fs";

rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
