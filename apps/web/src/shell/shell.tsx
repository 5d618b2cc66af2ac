// The frame around every page: wordmark, navigation, trace id box, time range, refresh, theme, keys.

import { type FormEvent, type ReactElement, type ReactNode, useState } from "react";
import { globalBindings } from "../keyboard/bindings.ts";
import { useKeys } from "../keyboard/use-keys.ts";
import { Link } from "../router/link.tsx";
import { navigate, useRoute } from "../router/location.ts";
import { useAutoRefresh, useRangeParams } from "../router/range-clock.ts";
import { printRoute, type RouteName } from "../router/routes.ts";
import { chooseTheme, type ThemeChoice, themeChoice, useThemeVersion } from "../theme/theme.ts";
import { IconButton, Input } from "../ui/controls.tsx";
import { type IconName, Logo } from "../ui/icon.tsx";
import { KeyHelp } from "./key-help.tsx";
import styles from "./shell.module.css";
import { RefreshControl, TimeRangePicker } from "./time-range-picker.tsx";

const entries: readonly {
  readonly name: "services" | "search" | "query" | "map" | "health";
  readonly label: string;
  readonly covers: readonly RouteName[];
}[] = [
  { name: "services", label: "Services", covers: ["services", "service"] },
  { name: "search", label: "Search", covers: ["search", "trace"] },
  { name: "query", label: "Query", covers: ["query"] },
  { name: "map", label: "Map", covers: ["map"] },
  { name: "health", label: "Health", covers: ["health"] },
];

export function Shell({ children }: { children: ReactNode }): ReactElement {
  const route = useRoute();
  const range = useRangeParams();
  const [help, setHelp] = useState(false);
  useAutoRefresh();
  useKeys(globalBindings, {
    help: () => setHelp((open) => !open),
    goServices: () => navigate(printRoute("services", undefined, range)),
    goSearch: () => navigate(printRoute("search", undefined, range)),
    goQuery: () => navigate(printRoute("query", undefined, range)),
    goHealth: () => navigate(printRoute("health", undefined, range)),
    goMap: () => navigate(printRoute("map", undefined, range)),
  });
  const ranged = route.name !== "trace" && route.name !== "unknown";
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to content
      </a>
      <header className={styles.bar}>
        <Link to={printRoute("services", undefined, range)} className={styles.logo}>
          <Logo /> Clew
        </Link>
        <nav className={styles.nav} aria-label="Pages">
          {entries.map(({ name, label, covers }) => (
            <Link
              key={name}
              to={printRoute(name, undefined, range)}
              aria-current={
                route.name !== "unknown" && covers.includes(route.name) ? "page" : undefined
              }
            >
              {label}
            </Link>
          ))}
        </nav>
        <span className={styles.space} />
        <TraceIdBox />
        {ranged && (
          <>
            <TimeRangePicker />
            <RefreshControl />
          </>
        )}
        <ThemeButton />
        <IconButton icon="help" label="Keyboard and mouse (?)" onClick={() => setHelp(true)} />
      </header>
      <main id="main" className={styles.main} tabIndex={-1}>
        {children}
      </main>
      {help && <KeyHelp onClose={() => setHelp(false)} />}
    </div>
  );
}

/** Opens a trace by its id, pasted with or without dashes. */
function TraceIdBox(): ReactElement {
  const [text, setText] = useState("");
  const [bad, setBad] = useState(false);
  const open = (event: FormEvent): void => {
    event.preventDefault();
    const id = text.trim().replaceAll("-", "").toLowerCase();
    // Some senders drop the leading zeros of a 64-bit id.
    const valid = /^[0-9a-f]{1,32}$/.test(id) && !/^0*$/.test(id);
    setBad(!valid);
    if (!valid) return;
    navigate(printRoute("trace", id.padStart(32, "0")));
    setText("");
  };
  return (
    <form onSubmit={open} role="search">
      <Input
        className={styles.jump}
        placeholder="Open trace by id"
        aria-label="Open trace by id"
        aria-invalid={bad}
        title={bad ? "A trace id is up to 32 hex digits" : undefined}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setBad(false);
        }}
      />
    </form>
  );
}

const nextTheme: Readonly<
  Record<ThemeChoice, { icon: IconName; label: string; next: ThemeChoice }>
> = {
  system: { icon: "screen", label: "Theme: as the system", next: "light" },
  light: { icon: "sun", label: "Theme: light", next: "dark" },
  dark: { icon: "moon", label: "Theme: dark", next: "system" },
};

function ThemeButton(): ReactElement {
  useThemeVersion();
  const { icon, label, next } = nextTheme[themeChoice()];
  return (
    <IconButton
      icon={icon}
      label={`${label} (click for ${next})`}
      onClick={() => chooseTheme(next)}
    />
  );
}
