// The smallest HTTP service, measured from outside: answers, and says on request how much CPU it has used.
// Plain CommonJS, because that is what all tracers can patch; run by whatever Node is measured.

const http = require("node:http");

const server = http.createServer((request, response) => {
  request.resume();
  response.end("ok");
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("message", (message) => {
  if (message === "cpu") {
    const { user, system } = process.cpuUsage();
    process.send({ cpuMicros: user + system, rss: process.memoryUsage.rss() });
  } else if (message === "stop") process.exit(0);
});
