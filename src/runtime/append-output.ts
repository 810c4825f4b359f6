/** Appends the output of a run to its file, at once, up to the size it may have. */

import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { OutputFile } from "../ports.ts";
import type { RunOutput } from "../runners/thread-output.ts";

const cutNote = "\n[kron: output beyond this was dropped]\n";

/** Opens the file of a run; makes it and its folder when they are not there. Throws what the file system throws. */
export function appendOutput({ path, bytesMax }: OutputFile): RunOutput {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = openSync(path, "a", 0o600);
  let left = bytesMax - fstatSync(file).size;
  let isClosed = false;
  return {
    write(bytes) {
      if (left <= 0) return;
      writeAll(file, bytes.subarray(0, left));
      if (bytes.length >= left) writeAll(file, Buffer.from(cutNote));
      left -= bytes.length;
    },
    close() {
      if (!isClosed) closeSync(file);
      isClosed = true;
    },
  };
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
