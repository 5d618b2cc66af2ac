import { openChdbEngine } from "../engines/chdb.ts";
import { describeStore } from "./describe-store.ts";
import { openTestStore } from "./open-test-store.ts";

describeStore("chDB", () => openTestStore((path) => openChdbEngine({ path })));
