// Installs the packages of package-lock.json where that is needed, and does nothing else.

import { ensureInstalled } from "./workspace.mjs";

ensureInstalled();
