// Build of the UI: one small entry, routes and workers as lazy chunks, hashed names, no inline script.

import react from "@vitejs/plugin-react";
import { defineConfig, type UserConfig } from "vite";

const config: UserConfig = defineConfig({
  plugins: [react()],
  build: { target: "es2023", sourcemap: false, chunkSizeWarningLimit: 400, assetsInlineLimit: 0 },
  worker: { format: "es" },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": process.env["CLEW_API"] ?? "http://127.0.0.1:4319" },
  },
});

export default config;
