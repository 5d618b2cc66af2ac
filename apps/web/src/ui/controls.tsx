// Small controls: buttons, inputs, key caps, service chips, copy.

import { oneLine } from "@clew/base";
import {
  type ButtonHTMLAttributes,
  type InputHTMLAttributes,
  type ReactElement,
  type ReactNode,
  type Ref,
  useEffect,
  useState,
} from "react";
import { seriesVar } from "../theme/theme.ts";
import styles from "./controls.module.css";
import { cx } from "./cx.ts";
import { Icon, type IconName } from "./icon.tsx";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: "normal" | "primary" | "quiet";
  readonly on?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = "normal", on, className, ...rest }: ButtonProps): ReactElement {
  const looks = { normal: undefined, primary: styles.primary, quiet: styles.quiet };
  return (
    <button
      type="button"
      className={cx(styles.button, looks[look], on && styles.on, className)}
      {...rest}
    />
  );
}

/** A button that shows only an icon; `label` is its name and its tooltip. */
export function IconButton({
  icon,
  label,
  size,
  ...rest
}: ButtonProps & { icon: IconName; label: string; size?: number }): ReactElement {
  return (
    <Button
      look="quiet"
      title={label}
      aria-label={label}
      {...rest}
      className={cx(styles.square, rest.className)}
    >
      <Icon name={icon} {...(size === undefined ? {} : { size })} />
    </Button>
  );
}

export function Input({
  className,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }): ReactElement {
  return (
    <input
      autoComplete="off"
      spellCheck={false}
      {...rest}
      className={cx(styles.input, className)}
    />
  );
}

export function Keys({ keys }: { keys: readonly string[] }): ReactElement {
  return (
    <span>
      {keys.map((key, i) => (
        <span key={key}>
          {i > 0 && " "}
          <kbd className={styles.kbd}>{key}</kbd>
        </span>
      ))}
    </span>
  );
}

/** A service's name with its colour, where it has one in this context. */
export function ServiceChip({
  name,
  colour,
  title,
}: {
  name: string;
  colour?: number;
  title?: string;
}): ReactElement {
  return (
    <span className={styles.chip} title={title ?? oneLine(name, 500)}>
      {colour !== undefined && (
        <i className={styles.dot} style={{ background: seriesVar(colour) }} />
      )}
      <bdi className={styles.chipText}>{oneLine(name, 120)}</bdi>
    </span>
  );
}

/** Puts a text on the clipboard; false where the browser does not allow it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A button that copies `text` and says so for a moment. */
export function CopyButton({
  text,
  label = "Copy",
  children,
}: {
  text: string;
  label?: string;
  children?: ReactNode;
}): ReactElement {
  const [state, setState] = useState<"idle" | "done" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), 1400);
    return () => clearTimeout(timer);
  }, [state]);
  const said = { idle: label, done: "Copied", failed: "The browser does not allow copying" }[state];
  const icon: IconName = { idle: "copy", done: "check", failed: "warning" }[state] as IconName;
  return (
    <Button
      look="quiet"
      className={children === undefined ? styles.square : undefined}
      title={said}
      aria-label={children === undefined ? said : undefined}
      onClick={() => void copyText(text).then((done) => setState(done ? "done" : "failed"))}
    >
      <Icon name={icon} size={14} />
      {children !== undefined && (state === "idle" ? children : said)}
    </Button>
  );
}
