// Build of the UI: one small entry, routes and workers as lazy chunks, hashed names, no inline script.

import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, type UserConfig } from "vite";

const firstLoadLimitKiB = 170;

/** Prints what the first page loads, compressed, and fails the build when it is over the limit. */
function firstLoadBudget(): Plugin {
  return {
    name: "clew:first-load-budget",
    apply: "build",
    generateBundle(_, bundle) {
      const entry = Object.values(bundle).find((file) => file.type === "chunk" && file.isEntry);
      const files = new Set<string>();
      const visit = (name: string): void => {
        const file = bundle[name];
        if (file?.type !== "chunk" || files.has(name)) return;
        files.add(name);
        for (const css of file.viteMetadata?.importedCss ?? []) files.add(css);
        for (const imported of file.imports) visit(imported);
      };
      if (entry !== undefined) visit(entry.fileName);
      let bytes = 0;
      for (const name of files) {
        const file = bundle[name];
        if (file !== undefined)
          bytes += gzipSync(file.type === "chunk" ? file.code : file.source).length;
      }
      const size = bytes / 1024;
      this.info(
        `first load ${size.toFixed(1)} KiB gzip in ${files.size} files (limit ${firstLoadLimitKiB})`,
      );
      if (size > firstLoadLimitKiB) this.error(`the first load is over ${firstLoadLimitKiB} KiB`);
    },
  };
}

const config: UserConfig = defineConfig({
  plugins: [react(), firstLoadBudget()],
  build: { target: "es2023", sourcemap: false, chunkSizeWarningLimit: 400, assetsInlineLimit: 0 },
  worker: { format: "es" },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": process.env["CLEW_API"] ?? "http://127.0.0.1:4319" },
  },
});

export default config;
