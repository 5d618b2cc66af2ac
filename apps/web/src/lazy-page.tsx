// Pages as chunks of their own. Not React.lazy: once its fallback is on screen, React holds the page
// back for 300 ms to spare the eye a flicker, and a trace should be on screen by then.

import { type ComponentType, type ReactElement, useEffect, useState } from "react";
import { Loading } from "./ui/states.tsx";

/** A component that loads its page when it is first shown. A chunk that fails to load fails the page. */
export function lazyPage<P extends object>(
  load: () => Promise<{ default: ComponentType<P> }>,
): ComponentType<P> {
  let Page: ComponentType<P> | undefined;
  return function LazyPage(props: P): ReactElement {
    const [failure, setFailure] = useState<{ error: unknown }>();
    const [, setReady] = useState(Page !== undefined);
    useEffect(() => {
      if (Page !== undefined) return;
      load().then(
        (module) => {
          Page = module.default;
          setReady(true);
        },
        (error: unknown) => setFailure({ error }),
      );
    }, []);
    if (failure !== undefined) throw failure.error;
    return Page === undefined ? <Loading lines={10} /> : <Page {...props} />;
  };
}
