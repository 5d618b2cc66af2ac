// What a service says about itself: service, process, host, container and Kubernetes, as far as it can be
// known without asking anybody over the network.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { arch, hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Attributes } from "@opentelemetry/api";
import type { Settings } from "../config/settings.ts";
import { SDK_VERSION } from "../version.ts";

const instanceId = randomUUID();

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

interface PackageJson {
  readonly name?: unknown;
  readonly version?: unknown;
}

function parsePackage(text: string): PackageJson | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** The package.json next to the program, or the nearest above it that has a name. */
function programPackage(): PackageJson | undefined {
  let folder = process.argv[1] === undefined ? process.cwd() : dirname(process.argv[1]);
  for (;;) {
    const text = read(join(folder, "package.json"));
    const found = text === "" ? undefined : parsePackage(text);
    if (typeof found?.name === "string") return found;
    const above = dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
}

function serviceAttributes(settings: Settings): Attributes {
  const found =
    settings.service === undefined || settings.resource["service.version"] === undefined
      ? programPackage()
      : undefined;
  const named = typeof found?.name === "string" ? found.name : undefined;
  const fallback = `unknown_service:${basename(process.argv0, ".exe")}`;
  const attributes: Attributes = {
    "service.name": settings.service ?? named ?? fallback,
    "service.instance.id": instanceId,
  };
  // The version belongs to the name: a service named otherwise may share the package with others.
  if (typeof found?.version === "string") attributes["service.version"] = found.version;
  return attributes;
}

function processAttributes(): Attributes {
  return {
    "process.pid": process.pid,
    "process.executable.name": basename(process.execPath),
    "process.runtime.name": "nodejs",
    "process.runtime.version": process.versions.node,
    "host.name": hostname(),
    "host.arch": arch() === "x64" ? "amd64" : arch(),
    "os.type": process.platform === "win32" ? "windows" : process.platform,
  };
}

/** The container's id from cgroup (v1) or mountinfo (v2); 64 hex digits. */
export function containerId(cgroup: string, mountinfo: string): string | undefined {
  const inGroup = /[/:-]([0-9a-f]{64})(?:\.scope)?$/m.exec(cgroup)?.[1];
  return (
    inGroup ??
    /\/(?:containers|overlay-containers|sandboxes)\/([0-9a-f]{64})\//.exec(mountinfo)?.[1]
  );
}

function containerAttributes(): Attributes {
  if (process.platform !== "linux") return {};
  const id = containerId(read("/proc/self/cgroup"), read("/proc/self/mountinfo"));
  return id === undefined ? {} : { "container.id": id };
}

function kubernetesAttributes(env: NodeJS.ProcessEnv): Attributes {
  if (env["KUBERNETES_SERVICE_HOST"] === undefined) return {};
  const namespace = read("/var/run/secrets/kubernetes.io/serviceaccount/namespace").trim();
  return {
    "k8s.namespace.name":
      env["POD_NAMESPACE"] ?? env["K8S_NAMESPACE_NAME"] ?? (namespace || undefined),
    "k8s.pod.name": env["POD_NAME"] ?? env["K8S_POD_NAME"] ?? env["HOSTNAME"],
    "k8s.pod.uid": env["POD_UID"] ?? env["K8S_POD_UID"],
    "k8s.node.name": env["NODE_NAME"] ?? env["K8S_NODE_NAME"],
    "k8s.container.name": env["CONTAINER_NAME"] ?? env["K8S_CONTAINER_NAME"],
  };
}

/** All attributes of the resource; what the user says wins over what is found. */
export function detectResource(settings: Settings): Attributes {
  const detected = settings.detectResource
    ? { ...processAttributes(), ...containerAttributes(), ...kubernetesAttributes(process.env) }
    : {};
  return {
    ...serviceAttributes(settings),
    "telemetry.sdk.name": "clew",
    "telemetry.sdk.language": "nodejs",
    "telemetry.sdk.version": SDK_VERSION,
    ...detected,
    ...settings.resource,
    ...(settings.service === undefined ? {} : { "service.name": settings.service }),
  };
}
