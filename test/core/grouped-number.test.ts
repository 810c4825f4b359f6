import * as assert from "uvu/assert";
import { groupedNumber } from "../../src/core/grouped-number.ts";
import { suite } from "../support/suite.ts";

const test = suite("core/grouped-number");

test("groupedNumber() sets a comma before every three digits, and none in front", () => {
  const shown = [0, 7, 999, 1_000, 12_345, 999_999, 1_000_000, -1_000].map(groupedNumber);
  assert.equal(shown, ["0", "7", "999", "1,000", "12,345", "999,999", "1,000,000", "-1,000"]);
});

test.run();
