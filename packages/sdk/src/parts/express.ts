// Part: routes and errors of Express 4 and 5, and of the package `router`. Both keep their handlers in layers; what
// pattern a layer was made for is remembered when it is made, since not all versions keep it.

import { type OpenHandler, openHandler, wantsHandlerSpans } from "../instrument/handler-span.ts";
import type { Instrumentation, ModulePatch, Tracing } from "../instrument/instrumentation.ts";
import { noteError, noteRoute, openServerSpan, quietly } from "../instrument/server-request.ts";
import { type Method, wrapMethod } from "../messaging/patching.ts";

const MOUNT = Symbol("clew.express.mount");

interface Layer {
  readonly route?: unknown;
  readonly name?: string;
  /** Of handlers within a route. */
  readonly method?: string;
}
interface Response {
  once(event: "close", listener: () => void): unknown;
  off(event: "close", listener: () => void): unknown;
}
interface Request {
  /** The pattern under which the router is mounted that the request has come to. */
  [MOUNT]?: string | undefined;
}
type Next = (error?: unknown) => void;
type Handle = (this: Layer, request: Request, response: Response, next: Next) => unknown;
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

const PASSING: ReadonlySet<string> = new Set(["router", "mounted_app", "query", "expressInit"]);

/** Begins the span of the layer's handler, when it has one that is not a router. */
function openLayer(tracing: Tracing, layer: Layer, response: Response): OpenHandler | undefined {
  const { name = "", method, route } = layer;
  if (route !== undefined || PASSING.has(name)) return undefined;
  const open = openHandler(tracing, method === undefined ? "middleware" : "handler", name);
  response.once("close", open.end);
  return open;
}

function wrapHandle(tracing: Tracing, handle: Handle): Handle {
  const openWanted = wantsHandlerSpans();
  return function handleRequest(this: Layer, request, response, next) {
    if (openServerSpan(request) === undefined) return handle.call(this, request, response, next);
    const mount = request[MOUNT];
    quietly(() => enter(this, request, mount ?? ""));
    const open = openWanted ? openLayer(tracing, this, response) : undefined;
    const leave: Next = (...error) => {
      if (this.route === undefined) request[MOUNT] = mount;
      if (error[0] !== "route" && error[0] !== "router")
        quietly(() => noteError(request, error[0]));
      if (open === undefined) {
        next(...error);
        return;
      }
      response.off("close", open.end);
      open.end();
      open.without(() => next(...error));
    };
    if (open === undefined) return handle.call(this, request, response, leave);
    return open.within(() => handle.call(this, request, response, leave));
  };
}

function wrapHandleError(handle: HandleError): HandleError {
  return function handleError(this: Layer, error, request, ...rest) {
    quietly(() => noteError(request, error));
    return handle.call(this, error, request, ...rest);
  };
}

/** The class, whose objects are remembered with the pattern they were made for. */
function patchLayer(exports: unknown, _loaded: unknown, tracing: Tracing): LayerClass {
  const { prototype } = exports as LayerClass;
  for (const name of ["handleRequest", "handle_request"]) {
    wrapMethod(prototype, name, (handle) => wrapHandle(tracing, handle) as Method);
  }
  for (const name of ["handleError", "handle_error"]) {
    wrapMethod(prototype, name, (handle) => wrapHandleError(handle) as Method);
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
    { module: "express", versions: ">=4.8.0 <5", file: "lib/router/layer", patch },
    { module: "router", versions: ">=2.0.0 <3", file: "lib/layer", patch },
  ],
};
