// The time range of the page: presets, or two instants typed as local time. Lives in the address.

import { type ReactElement, useCallback, useState } from "react";
import { currentRoute, navigate } from "../router/location.ts";
import {
  refreshChoices,
  refreshNow,
  setRefreshSeconds,
  useNowMs,
  useRange,
  useRangeParams,
  useRefreshSeconds,
} from "../router/range-clock.ts";
import { printRoute } from "../router/routes.ts";
import { defaultFrom, describeRange, isLive, timeRangePresets } from "../router/time-range.ts";
import { Button, Input } from "../ui/controls.tsx";
import { cx } from "../ui/cx.ts";
import { Icon } from "../ui/icon.tsx";
import { Popover } from "../ui/overlay.tsx";
import styles from "./shell.module.css";

/** Puts a range into the address of the current page. */
export function setRange(from: string | undefined, to: string | undefined): void {
  const route = currentRoute();
  if (route.name === "unknown") return;
  const { name, argument, params } = route;
  navigate(printRoute(name, argument as never, { ...params, from, to }));
}

export function TimeRangePicker(): ReactElement {
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  const { from, to } = useRangeParams();
  const nowMs = useNowMs();
  const current = from ?? defaultFrom;
  const choose = (nextFrom: string, nextTo?: string): void => {
    refreshNow();
    setRange(nextFrom, nextTo);
    close();
  };
  return (
    <Popover
      open={open}
      onClose={close}
      label="Time range"
      trigger={
        <Button aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name="clock" size={14} />
          {describeRange(from, to, nowMs)}
          <Icon name="chevronDown" size={12} />
        </Button>
      }
    >
      <div className={styles.panel}>
        <div className={styles.presets}>
          {timeRangePresets.map((preset) => {
            const on = isLive(to) && preset.from === current;
            return (
              <Button
                key={preset.from}
                look="quiet"
                on={on}
                className={styles.preset}
                onClick={() => choose(preset.from)}
              >
                {preset.label}
                {on && <Icon name="check" size={14} label="chosen" />}
              </Button>
            );
          })}
        </div>
        <AbsoluteRange onApply={choose} />
      </div>
    </Popover>
  );
}

/** Local time as `<input type="datetime-local">` wants it. */
function localInput(nano: bigint): string {
  const ms = Number(nano / 1_000_000n);
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function AbsoluteRange({ onApply }: { onApply: (from: string, to: string) => void }): ReactElement {
  const range = useRange();
  const [from, setFrom] = useState(() => localInput(range.startNano));
  const [to, setTo] = useState(() => localInput(range.endNano));
  const valid = Date.parse(from) < Date.parse(to);
  const iso = (local: string): string => new Date(local).toISOString().replace(".000Z", "Z");
  return (
    <form
      className={styles.absolute}
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) onApply(iso(from), iso(to));
      }}
    >
      <label>
        From
        <Input
          type="datetime-local"
          step={1}
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
      </label>
      <label>
        To
        <Input
          type="datetime-local"
          step={1}
          value={to}
          onChange={(event) => setTo(event.target.value)}
          aria-invalid={!valid}
        />
      </label>
      <Button type="submit" look="primary" disabled={!valid}>
        Apply
      </Button>
      {!valid && <span className={styles.note}>The range must end after it starts.</span>}
    </form>
  );
}

/** Refresh now, and how often to refresh by itself. */
export function RefreshControl(): ReactElement {
  const [open, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  const seconds = useRefreshSeconds();
  const { to } = useRangeParams();
  const live = isLive(to);
  return (
    <Popover
      open={open}
      onClose={close}
      label="Automatic refresh"
      trigger={
        <div className={styles.group}>
          <Button
            onClick={refreshNow}
            disabled={!live}
            title={live ? "Refresh" : "The range has a fixed end"}
            aria-label="Refresh"
          >
            <Icon name="refresh" size={14} />
          </Button>
          <Button
            on={seconds > 0 && live}
            aria-haspopup="dialog"
            aria-expanded={open}
            aria-label="Automatic refresh"
            onClick={() => setOpen(!open)}
          >
            {seconds > 0 ? `${seconds} s` : "Off"}
            <Icon name="chevronDown" size={12} />
          </Button>
        </div>
      }
    >
      <div className={cx(styles.presets, styles.panel)} style={{ width: 160 }}>
        {refreshChoices.map((choice) => (
          <Button
            key={choice}
            look="quiet"
            on={choice === seconds}
            className={styles.preset}
            onClick={() => {
              setRefreshSeconds(choice);
              close();
            }}
          >
            {choice === 0 ? "Off" : `Every ${choice} s`}
            {choice === seconds && <Icon name="check" size={14} label="chosen" />}
          </Button>
        ))}
      </div>
    </Popover>
  );
}
