/** The plain-file store does what every store does, on a real and on a simulated disk. */

import { suite } from "../support/suite.ts";
import { fileRig, simRig } from "./rigs.ts";
import { testStoreContract } from "./store-contract.ts";

const test = suite("file store");
testStoreContract(test, fileRig);
test.run();

const simulated = suite("file store on a simulated disk");
testStoreContract(simulated, simRig);
simulated.run();
