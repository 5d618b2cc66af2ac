// `node --import @clew/sdk/register app.js`, or `--require` for CommonJS: starts the tracer before the program.

import { start } from "./sdk.ts";

start();
