// The processes of the shop, and the order in which they leave.

/** One process; the lower its `leaves`, the earlier it is stopped. */
export interface Part {
  name: string;
  file: URL;
  leaves: 0 | 1 | 2;
  /** True for the services that send traces. */
  traced: boolean;
}

const service = (name: string): Part => ({
  name,
  file: new URL(`./services/${name}.ts`, import.meta.url),
  leaves: 1,
  traced: true,
});

const surrounding = (name: string, leaves: 0 | 2): Part => ({
  name,
  file: new URL(`./surroundings/${name}.ts`, import.meta.url),
  leaves,
  traced: false,
});

/** Every process but the shoppers, who come when the shop is open. */
export const SHOP: readonly Part[] = [
  surrounding("database", 2),
  surrounding("broker", 2),
  surrounding("card-network", 2),
  service("storefront"),
  service("catalog"),
  service("cart"),
  service("checkout"),
  service("payment"),
  service("inventory"),
  service("recommendations"),
  service("shipping"),
  service("mailer"),
];

/** The shoppers. */
export const TRAFFIC: Part = surrounding("traffic", 0);
