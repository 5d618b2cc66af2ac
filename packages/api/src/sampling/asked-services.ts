// Which services' tracers ask for rates, and when each last did: a bounded memory, the longest silent forgotten first.

const mostServices = 20_000;
const longestName = 1024;

/** Services that have asked, by tenant. */
export class AskedServices {
  readonly #tenants = new Map<string, Map<string, number>>();
  #size = 0;

  /** Notes that a tracer of `service` asks now, in milliseconds since 1970. */
  note(tenant: string, service: string, nowMs: number): void {
    if (service === "" || service.length > longestName) return;
    let services = this.#tenants.get(tenant);
    if (services === undefined) {
      services = new Map();
      this.#tenants.set(tenant, services);
    }
    if (services.delete(service)) this.#size--;
    else if (this.#size >= mostServices) this.#forgetOldest();
    services.set(service, nowMs);
    this.#size++;
  }

  lastMs(tenant: string, service: string): number | undefined {
    return this.#tenants.get(tenant)?.get(service);
  }

  tenants(): string[] {
    return [...this.#tenants.keys()];
  }

  /** Services that have asked at or after `sinceMs`. */
  since(tenant: string, sinceMs: number): string[] {
    const services = this.#tenants.get(tenant) ?? new Map<string, number>();
    return [...services].filter(([, lastMs]) => lastMs >= sinceMs).map(([service]) => service);
  }

  #forgetOldest(): void {
    let oldest: { tenant: string; service: string; lastMs: number } | undefined;
    // Each map is in the order of asking: its first entry is its oldest.
    for (const [tenant, services] of this.#tenants) {
      const [first] = services;
      if (first === undefined) this.#tenants.delete(tenant);
      else if (oldest === undefined || first[1] < oldest.lastMs)
        oldest = { tenant, service: first[0], lastMs: first[1] };
    }
    if (oldest === undefined) return;
    this.#tenants.get(oldest.tenant)?.delete(oldest.service);
    this.#size--;
  }
}
