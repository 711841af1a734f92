import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";

const program = `
  import { connect, createServer } from "node:net";
  import { resetSocket } from ${JSON.stringify(new URL("../reset-socket.ts", import.meta.url).href)};
  const [when] = process.argv.slice(1);
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}));
  server.listen(0, "127.0.0.1", () => {
    const client = connect({ port: server.address().port, host: "127.0.0.1", allowHalfOpen: true });
    client.on("error", (error) => console.log(error.message));
    client.on("close", () => server.close());
    client.on("connect", () => {
      if (when === "ending") client.end();
      resetSocket(client);
    });
  });
`;

for (const when of ["open", "ending"]) {
  test(`a process ends that has reset a connection which was ${when}`, async () => {
    const ended = await new Promise<{ error: Error | null; said: string }>((resolve) => {
      const options = { timeout: 30_000, killSignal: "SIGKILL" } as const;
      const flags = ["--input-type=module", "--eval", program, when];
      execFile(process.execPath, flags, options, (error, stdout) => resolve({ error, said: stdout }));
    });
    assert.deepEqual(ended, { error: null, said: "" });
  });
}
