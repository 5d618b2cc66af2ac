// Version of this package, as spans and the resource say it.

export const SDK_VERSION = "0.1.0";
