/** The LMDB store does what every store does, and what is its own. */

import { suite } from "../support/suite.ts";
import { lmdbRig } from "./rigs.ts";
import { testStoreContract } from "./store-contract.ts";

const test = suite("lmdb store");

testStoreContract(test, lmdbRig);

test.run();
