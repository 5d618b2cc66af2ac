import { openChdbEngine } from "../engines/chdb.ts";
import { describePlans } from "./describe-plans.ts";
import { openTestStore } from "./open-test-store.ts";

describePlans("chDB", () => openTestStore((path) => openChdbEngine({ path })));
