// A modal dialog on the browser's own <dialog>, and a popover that closes on Escape and outside clicks.

import { type ReactElement, type ReactNode, useEffect, useId, useRef } from "react";
import { IconButton } from "./controls.tsx";
import { cx } from "./cx.ts";
import styles from "./overlay.module.css";

export function Dialog({
  title,
  onClose,
  className,
  children,
}: {
  title: string;
  onClose: () => void;
  className?: string | undefined;
  children: ReactNode;
}): ReactElement {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={cx(styles.dialog, className)}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className={styles.head}>
        <h2 id={titleId}>{title}</h2>
        <IconButton icon="close" label="Close" onClick={onClose} />
      </div>
      <div className={styles.body}>{children}</div>
    </dialog>
  );
}

/** Children of `panel` float under `trigger` while `open`. */
export function Popover({
  open,
  onClose,
  trigger,
  label,
  align = "right",
  children,
}: {
  open: boolean;
  onClose: () => void;
  trigger: ReactNode;
  label: string;
  /** Which edge of the trigger it keeps. */
  align?: "left" | "right";
  children: ReactNode;
}): ReactElement {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent): void => {
      if (!ref.current?.contains(event.target as Node)) onClose();
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      onClose();
      ref.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", escape, true);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", escape, true);
    };
  }, [open, onClose]);
  return (
    <div ref={ref} className={styles.anchor}>
      {trigger}
      {open && (
        <div
          className={cx(styles.popover, align === "left" && styles.left)}
          role="dialog"
          aria-label={label}
        >
          {children}
        </div>
      )}
    </div>
  );
}
