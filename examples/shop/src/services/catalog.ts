// The catalog: books from PostgreSQL. Its search asks for every author one by one, which is
// the classic N+1 query pattern: easy to miss in code, plain to see in a trace. Sorting by
// popularity is broken: that column was never added, and the database says so in its span.
import { span } from "@clew/sdk";
import { chance, work } from "../parts/chance.ts";
import { Database } from "../parts/database.ts";
import { HttpProblem } from "../parts/http-server.ts";
import { portOf } from "../parts/lifecycle.ts";
import { runService } from "../parts/service.ts";

interface Book {
  isbn: string;
  title: string;
  author_id: number;
  price_cents: number;
}

const SORT_COLUMNS: Readonly<Record<string, string>> = {
  title: "title",
  price: "price_cents",
  popularity: "popularity",
};
const COLUMNS = "isbn, title, author_id, price_cents";

await runService(async (ports) => {
  const database = new Database(portOf(ports, "database"));
  const shelf = (name: string): Promise<Book[]> =>
    database.query<Book>({
      text: `SELECT ${COLUMNS} FROM books WHERE shelf = $1 ORDER BY title`,
      values: [name],
    });
  return {
    close: () => database.close(),
    routes: {
      "GET /books": async ({ query, note }) => {
        const name = query.get("shelf") ?? "sea";
        note({ "app.shelf": name });
        return { body: { books: await shelf(name) } };
      },
      "GET /books/:isbn": async ({ params, note }) => {
        const isbn = params["isbn"] ?? "";
        note({ "app.book.isbn": isbn });
        const [book] = await database.query<Book>({
          text: `SELECT ${COLUMNS} FROM books WHERE isbn = $1`,
          values: [isbn],
        });
        if (book === undefined) throw new HttpProblem(404, `no book ${isbn}`);
        if (chance(0.04)) {
          // The cover is not in the cache: it is drawn while the shopper waits.
          const attributes = { "app.cover.cached": false };
          await span("render cover", attributes, () => work(250, 800));
        }
        return { body: book };
      },
      "GET /search": async ({ query, note }) => {
        const words = query.get("q") ?? "";
        const order = SORT_COLUMNS[query.get("sort") ?? "title"] ?? "title";
        const books = await database.query<Book>({
          text: `SELECT ${COLUMNS} FROM books
            WHERE title ILIKE '%' || $1 || '%' ORDER BY ${order}`,
          values: [words],
        });
        note({ "app.search.hits": books.length });
        const found: unknown[] = [];
        for (const book of books) {
          const [author] = await database.query<{ name: string }>({
            text: "SELECT name FROM authors WHERE id = $1",
            values: [book.author_id],
          });
          found.push({ ...book, author: author?.name });
        }
        return { body: { books: found } };
      },
    },
  };
});
