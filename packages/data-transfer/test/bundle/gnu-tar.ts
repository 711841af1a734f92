import { spawn } from "node:child_process";
import { once } from "node:events";

/** What GNU tar makes of a tar: whether it is content, and what it says. */
export async function gnuExtract(bytes: Uint8Array, into: string): Promise<{ content: boolean; says: string }> {
  const options = ["--extract", "--no-same-owner", "--no-same-permissions", "--directory", into];
  return await gnuTar(options, bytes);
}

/** Makes a tar of a directory's entries, without a leading `./`, in one of GNU tar's formats. */
export async function gnuCreate(directory: string, format: "ustar" | "pax" | "gnu", names: string[]): Promise<Buffer> {
  const options = ["--create", `--format=${format}`, "--sort=name", "--owner=0", "--group=0", "--mtime=@0"];
  const child = spawn("tar", [...options, "--directory", directory, "--", ...names], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`tar ended with ${code}`);
  return Buffer.concat(chunks);
}

async function gnuTar(options: string[], input: Uint8Array): Promise<{ content: boolean; says: string }> {
  const child = spawn("tar", options, {
    stdio: ["pipe", "ignore", "pipe"],
    env: { ...process.env, LC_ALL: "C.UTF-8" },
  });
  let says = "";
  child.stderr.on("data", (text: Buffer) => {
    says += text;
  });
  // It may end before it has read everything.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { content: code === 0, says };
}
