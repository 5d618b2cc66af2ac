// Tenants of the contract suite that are special to the store under test.

/** Kept for three days; all others for ten years. */
export const SHORT_LIVED = "short-lived";
