// Which page stands at which address. Pages are chunks of their own, loaded when first opened.

import { Component, type ReactElement, type ReactNode } from "react";
import { lazyPage } from "./lazy-page.tsx";
import { ServicesPage } from "./pages/services/services-page.tsx";
import { Link } from "./router/link.tsx";
import { useRoute } from "./router/location.ts";
import styles from "./shell/shell.module.css";
import { Shell } from "./shell/shell.tsx";
import { EmptyState, ErrorState } from "./ui/states.tsx";

const ServicePage = lazyPage(() => import("./pages/service/service-page.tsx"));
const SearchPage = lazyPage(() => import("./pages/search/search-page.tsx"));
const TracePage = lazyPage(() => import("./pages/trace/trace-page.tsx"));
const QueryPage = lazyPage(() => import("./pages/query/query-page.tsx"));
const HealthPage = lazyPage(() => import("./pages/health/health-page.tsx"));
const MapPage = lazyPage(() => import("./pages/map/map-page.tsx"));

export function App(): ReactElement {
  const route = useRoute();
  return (
    <Shell>
      <PageBoundary key={route.name}>
        <Page />
      </PageBoundary>
    </Shell>
  );
}

function Page(): ReactElement {
  const route = useRoute();
  switch (route.name) {
    case "services":
      return <ServicesPage params={route.params} />;
    case "service":
      return <ServicePage key={route.argument} service={route.argument} params={route.params} />;
    case "search":
      return <SearchPage params={route.params} />;
    case "trace":
      return <TracePage key={route.argument} traceId={route.argument} params={route.params} />;
    case "query":
      return <QueryPage params={route.params} />;
    case "health":
      return <HealthPage />;
    case "map":
      return <MapPage params={route.params} />;
    case "unknown":
      return <NotFoundPage />;
  }
}

function NotFoundPage(): ReactElement {
  return (
    <div className={styles.missing}>
      <EmptyState
        title="There is no page at this address"
        actions={<Link to="/">Go to services</Link>}
      >
        The link may be cut short, or a trace id in it is not 32 hex digits.
      </EmptyState>
    </div>
  );
}

/** Keeps a page that fails from taking the frame with it. */
class PageBoundary extends Component<{ children: ReactNode }, { error: unknown; failed: boolean }> {
  override state: { error: unknown; failed: boolean } = { error: undefined, failed: false };

  static getDerivedStateFromError(error: unknown): { error: unknown; failed: boolean } {
    return { error, failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <ErrorState
        error={this.state.error}
        onRetry={() => this.setState({ error: undefined, failed: false })}
      />
    );
  }
}
