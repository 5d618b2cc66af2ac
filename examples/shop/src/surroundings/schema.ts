// The shop's tables and its invented books. Money is in cents.

/** Creates and fills the tables of an empty database. */
export const SCHEMA: string = `
CREATE TABLE authors (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE books (
  isbn text PRIMARY KEY, title text NOT NULL, author_id int NOT NULL REFERENCES authors,
  shelf text NOT NULL, price_cents int NOT NULL);
CREATE INDEX books_by_shelf ON books (shelf);
CREATE TABLE stock (isbn text PRIMARY KEY REFERENCES books, available int NOT NULL);
CREATE TABLE reservations (order_id text, isbn text, quantity int, PRIMARY KEY (order_id, isbn));
CREATE TABLE orders (
  id text PRIMARY KEY, customer text NOT NULL, total_cents int NOT NULL, state text NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE order_lines (
  order_id text REFERENCES orders, isbn text, quantity int, PRIMARY KEY (order_id, isbn));
CREATE TABLE shipments (
  order_id text PRIMARY KEY REFERENCES orders, carrier text NOT NULL, label text NOT NULL);
CREATE TABLE work (
  id bigserial PRIMARY KEY, queue text NOT NULL, payload jsonb NOT NULL, headers jsonb NOT NULL);
CREATE TABLE invoices (order_id text PRIMARY KEY REFERENCES orders, total_cents int NOT NULL);
INSERT INTO authors VALUES
  (1, 'Odile Marsh'), (2, 'Tam Ferrow'), (3, 'Iseult Quill'), (4, 'Bram Ostler');
INSERT INTO books VALUES
  ('lf-1001', 'Lamps for Deep Water', 1, 'sea', 1890),
  ('lf-1002', 'A Field Guide to Patient Fish', 1, 'sea', 2450),
  ('lf-1003', 'The Tide Clerk', 2, 'sea', 1290),
  ('lf-1004', 'Salt, Rope, Thread', 3, 'sea', 1650),
  ('lf-2001', 'The Cartographer Sleeps Late', 2, 'journeys', 1490),
  ('lf-2002', 'Nine Bridges to Elsewhere', 3, 'journeys', 1750),
  ('lf-2003', 'Night Train, Third Carriage', 4, 'journeys', 1190),
  ('lf-2004', 'Maps Drawn from Memory', 4, 'journeys', 2990),
  ('lf-3001', 'Soup for a Long Winter', 1, 'kitchen', 2190),
  ('lf-3002', 'The Quiet Baker', 2, 'kitchen', 1990),
  ('lf-3003', 'Forty Ways with Barley', 4, 'kitchen', 1590),
  ('lf-4001', 'Clockwork for the Curious', 3, 'workshop', 3290),
  ('lf-4002', 'How Ladders Think', 4, 'workshop', 1390),
  ('lf-4003', 'Small Engines, Kindly Explained', 2, 'workshop', 2690);
INSERT INTO stock SELECT isbn, 60 FROM books;
`;

/** The shelves that the books stand on. */
export const SHELVES: readonly [string, ...string[]] = ["sea", "journeys", "kitchen", "workshop"];

/** The books that shoppers ask for; the same as in the table. */
export const ISBNS: readonly [string, ...string[]] = [
  "lf-1001",
  "lf-1002",
  "lf-1003",
  "lf-1004",
  "lf-2001",
  "lf-2002",
  "lf-2003",
  "lf-2004",
  "lf-3001",
  "lf-3002",
  "lf-3003",
  "lf-4001",
  "lf-4002",
  "lf-4003",
];
