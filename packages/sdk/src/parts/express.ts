// Part: routes and errors of Express 4 and 5, and of the package `router`. Both keep their handlers in layers; what
// pattern a layer was made for is remembered when it is made, since not all versions keep it.

import type { Instrumentation, ModulePatch } from "../instrument/instrumentation.ts";
import { noteError, noteRoute, openServerSpan, quietly } from "../instrument/server-request.ts";

const MOUNT = Symbol("clew.express.mount");

interface Layer {
  readonly route?: unknown;
}
interface Request {
  /** The pattern under which the router is mounted that the request has come to. */
  [MOUNT]?: string | undefined;
}
type Next = (error?: unknown) => void;
type Handle = (this: Layer, request: Request, response: unknown, next: Next) => unknown;
type HandleError = (this: Layer, error: unknown, request: Request, ...rest: unknown[]) => unknown;
type LayerClass = (new (...args: unknown[]) => Layer) & { prototype: Record<string, unknown> };

const patterns = new WeakMap<Layer, string>();

function joined(mount: string, pattern: string): string {
  if (pattern === "/" && mount !== "") return mount;
  return pattern.startsWith("/") || mount === "" ? mount + pattern : `${mount}/${pattern}`;
}

function enter(layer: Layer, request: Request, mount: string): void {
  const pattern = patterns.get(layer);
  if (pattern === undefined) return;
  if (layer.route !== undefined) noteRoute(request, joined(mount, pattern));
  else if (pattern !== "/") request[MOUNT] = joined(mount, pattern);
}

function wrapHandle(handle: Handle): Handle {
  return function handleRequest(this: Layer, request, response, next) {
    if (openServerSpan(request) === undefined) return handle.call(this, request, response, next);
    const mount = request[MOUNT];
    quietly(() => enter(this, request, mount ?? ""));
    const leave: Next = (...error) => {
      if (this.route === undefined) request[MOUNT] = mount;
      if (error[0] !== "route" && error[0] !== "router")
        quietly(() => noteError(request, error[0]));
      next(...error);
    };
    return handle.call(this, request, response, leave);
  };
}

function wrapHandleError(handle: HandleError): HandleError {
  return function handleError(this: Layer, error, request, ...rest) {
    quietly(() => noteError(request, error));
    return handle.call(this, error, request, ...rest);
  };
}

/** The class, whose objects are remembered with the pattern they were made for. */
function patchLayer(exports: unknown): LayerClass {
  const { prototype } = exports as LayerClass;
  for (const name of ["handleRequest", "handle_request"]) {
    if (name in prototype) prototype[name] = wrapHandle(prototype[name] as Handle);
  }
  for (const name of ["handleError", "handle_error"]) {
    if (name in prototype) prototype[name] = wrapHandleError(prototype[name] as HandleError);
  }
  const remember = (layer: Layer, args: readonly unknown[]): Layer => {
    quietly(() => patterns.set(layer, String(args[0])));
    return layer;
  };
  return new Proxy(exports as LayerClass, {
    construct: (target, args, newTarget) =>
      remember(Reflect.construct(target, args, newTarget) as Layer, args),
    apply: (target, self, args) =>
      remember(Reflect.apply<unknown, unknown[], Layer>(target as never, self, args), args),
  });
}

const patch: ModulePatch["patch"] = patchLayer;

/** Instrumentation of Express. */
export const instrumentation: Instrumentation = {
  name: "express",
  modules: [
    { module: "express", versions: ">=4.0.0 <5", file: "lib/router/layer", patch },
    { module: "router", versions: ">=2.0.0 <3", file: "lib/layer", patch },
  ],
};
