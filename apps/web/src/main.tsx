// Starts the UI in #root.

import { ClewError } from "@clew/base";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import "./locale-guard.ts";
import "./theme/base.css";
import "./theme/tokens.css";

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // Only failures that time may heal are worth asking again.
      retry: (count, error) => {
        const { code } = ClewError.from(error);
        return count < 2 && (code === "unavailable" || code === "overloaded");
      },
    },
  },
});

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
