// The processes of the shop, and the order in which they leave.

/** One process; the lower its `leaves`, the earlier it is stopped. */
export interface Part {
  name: string;
  file: URL;
  leaves: 0 | 1 | 2;
  /** The version of a service, which sends traces; the surroundings have none. */
  version?: string;
  /** Settings of this service's tracer beside those that all have. */
  env?: Readonly<Record<string, string>>;
}

const service = (name: string, version: string, env: Part["env"] = {}): Part => ({
  name,
  file: new URL(`./services/${name}.ts`, import.meta.url),
  leaves: 1,
  version,
  env,
});

const surrounding = (name: string, leaves: 0 | 2): Part => ({
  name,
  file: new URL(`./surroundings/${name}.ts`, import.meta.url),
  leaves,
});

/** Looking into an empty queue is not worth a trace; what is found there belongs to the order's. */
const NO_POLLS = { CLEW_SDK_SAMPLING_RULES: '[{"name":"look for work","share":0}]' };

/** Every process but the shoppers, who come when the shop is open. */
export const SHOP: readonly Part[] = [
  surrounding("database", 2),
  surrounding("broker", 2),
  surrounding("card-network", 2),
  service("storefront", "7.11.0"),
  service("catalog", "3.2.0"),
  service("cart", "1.7.1"),
  service("checkout", "4.1.0"),
  service("payment", "5.0.2"),
  service("inventory", "2.4.3"),
  service("recommendations", "0.9.4"),
  service("shipping", "1.3.0"),
  service("mailer", "2.0.5"),
  service("invoicing", "1.0.2", NO_POLLS),
];

/** The shoppers. */
export const TRAFFIC: Part = surrounding("traffic", 0);
