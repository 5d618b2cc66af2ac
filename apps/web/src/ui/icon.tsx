// The icons of the UI: 16-pixel line drawings, inline so that they take the colour of the text.

import type { ReactElement } from "react";
import { type IconName, iconPaths } from "./icon-paths.ts";

export type { IconName };

/** An icon. Decorative unless `label` gives it a name for assistive technology. */
export function Icon({
  name,
  size = 16,
  label,
}: {
  name: IconName;
  size?: number;
  label?: string;
}): ReactElement {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      style={{ flex: "none" }}
      {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    >
      <path d={iconPaths[name]} />
    </svg>
  );
}

/** The ball of thread that gave Clew its name. */
export function Logo({ size = 22 }: { size?: number }): ReactElement {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      strokeLinecap="round"
      aria-hidden
    >
      <circle cx="14.5" cy="14.5" r="11" fill="var(--accent)" />
      <g stroke="var(--surface)" strokeWidth="1.9">
        <path d="M4.8 11.5c5.7.5 12.2 3.5 15.2 12.3" />
        <path d="M8.3 6.3c6.7 1.7 12.7 6.2 15.7 13.7" />
        <path d="M14.5 3.8c4.5 1.7 8.5 5.2 10.7 10.2" />
      </g>
      <path d="M17 25.2c4 1.6 7.5 2.6 13 1.3" stroke="var(--thread)" strokeWidth="2.6" />
    </svg>
  );
}
