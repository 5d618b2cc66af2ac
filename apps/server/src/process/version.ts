// Clew's version, from the package it runs in.

import packageJson from "../../package.json" with { type: "json" };

/** Version of this server, such as "0.1.0". */
export const version: string = packageJson.version;
